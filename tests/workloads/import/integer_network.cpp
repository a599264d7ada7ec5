// SPDX-License-Identifier: Apache-2.0
#include "integer_network.h"

#include <algorithm>
#include <utility>

#include "workloads/quantize/quantize.h"

namespace fusesim::trained {
namespace {

reference::QuantizedGraph quantised(const TrainedNetwork& trained, const std::string& calibration) {
  std::vector<quantize::Map> samples;
  for (const Picture& picture : read_cifar10(calibration)) {
    samples.push_back(normalise(picture, trained.mean, trained.deviation));
  }
  return quantize::quantize(trained.blocks.empty() ? trained.network : predicted(trained), samples);
}

}  // namespace

IntegerNetwork::IntegerNetwork(const std::string& manifest, const std::string& flavour, const std::string& calibration)
    : trained(load(manifest, flavour)), graph(quantised(trained, calibration)) {}

std::vector<std::int8_t> IntegerNetwork::input(const Picture& picture) const {
  return quantize::quantize_map(normalise(picture, trained.mean, trained.deviation), graph.format(graph.input()));
}

Answer answer(const IntegerNetwork& network, const Picture& picture) {
  const graph::Graph& graph = network.graph.graph();
  Answer result;
  for (graph::NodeId id = 0; id < graph.nodes().size(); ++id) {
    const graph::Node& node = graph.node(id);
    std::vector<const reference::Tensor*> inputs;
    for (const graph::NodeId producer : node.inputs) inputs.push_back(&result.tensors[producer]);
    if (id == network.graph.input()) {
      result.tensors.push_back({node.shape, network.input(picture), {}});
    } else if (const auto* block = std::get_if<graph::PredictedBlock>(&node.op)) {
      const reference::Tensor& in = *inputs[0];
      reference::BlockTrace trace =
          reference::execute_block(*block, network.graph.block(id), in.shape, network.graph.format(node.inputs[0]),
                                   network.graph.format(id), in.values);
      result.survival.push_back(predict::survival(*block, trace, in.shape, node.shape));
      result.tensors.push_back({node.shape, std::move(trace.result), {}});
    } else {
      result.tensors.push_back(reference::execute_node(network.graph, id, inputs));
    }
  }
  result.label = greatest(result.tensors[graph.output()].values);
  return result;
}

std::uint32_t greatest(std::span<const std::int8_t> values) {
  return static_cast<std::uint32_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace fusesim::trained
