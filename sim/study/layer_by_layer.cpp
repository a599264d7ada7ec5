// SPDX-License-Identifier: Apache-2.0
#include "sim/study/layer_by_layer.h"

#include <algorithm>
#include <vector>

#include "sim/analytic/sparse_machine.h"

namespace fusesim::study {

LayerByLayer layer_by_layer_cycles(const quantize::FloatNetwork& network, std::uint32_t pes) {
  LayerByLayer sum;
  for (const graph::Layer& layer : graph::array_layers(network.graph)) {
    const std::vector<double>& weights = network.parameters[*network.graph.find(layer.name)].weights;
    const std::size_t filter = weights.size() / layer.out_channels;
    std::vector<std::uint32_t> nonzeros;
    for (auto begin = weights.begin(); begin != weights.end(); begin += static_cast<std::ptrdiff_t>(filter)) {
      const auto zeros = std::count(begin, begin + static_cast<std::ptrdiff_t>(filter), 0.0);
      nonzeros.push_back(static_cast<std::uint32_t>(filter - static_cast<std::size_t>(zeros)));
    }
    const std::uint64_t pixels = std::uint64_t{layer.out_height} * layer.out_width;
    sum.macs_over_pes += (layer.macs() + pes - 1) / pes;
    sum.sparse += analytic::sparse_layer_cycles(nonzeros, pixels, pes);
    std::fill(nonzeros.begin(), nonzeros.end(), static_cast<std::uint32_t>(filter));
    sum.dense += analytic::sparse_layer_cycles(nonzeros, pixels, pes);
  }
  return sum;
}

}  // namespace fusesim::study
