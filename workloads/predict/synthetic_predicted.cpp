// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/synthetic_predicted.h"

#include <utility>

#include "hw/isa/generated_values.h"
#include "workloads/predict/annotate.h"
#include "workloads/predict/untrained_predictors.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/synthetic.h"

namespace fusesim::predict {

SyntheticPredicted synthetic_predicted(graph::Graph graph, const SyntheticOptions& options) {
  const std::vector<transform::BottleneckNodes> blocks = choose_blocks(graph, options.blocks);
  const quantize::FloatNetwork network =
      prune(quantize::synthetic_network(std::move(graph), options.seed, options.samples, options.quantize.checkpoint),
            blocks, options.shares);
  const graph::Shape shape = network.graph.node(quantize::input_of(network.graph)).shape;
  std::vector<quantize::Map> images;
  for (std::uint32_t i = 0; i < options.samples; ++i) {
    images.push_back(quantize::synthetic_image(shape, isa::mix64(isa::mix64(options.seed) + i)));
  }
  const auto predictors =
      untrained_predictors(network, blocks, options.survival, images, options.seed, options.quantize.checkpoint);
  quantize::FloatNetwork real = quantize::fold_batch_norm(annotate(network, blocks, predictors));
  reference::QuantizedGraph quantized = quantize::quantize(real, images, options.quantize);
  return {std::move(real), std::move(quantized), std::move(images)};
}

}  // namespace fusesim::predict
