// SPDX-License-Identifier: Apache-2.0
// Compares what a run of a compiled network left in DRAM with the integer reference.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/reference/execute.h"
#include "workloads/tile/compile.h"

namespace fusesim::test {

/// What the reference makes of the input that the program holds. One tensor a node.
inline std::vector<reference::Tensor> expected_tensors(const tile::Compiled& compiled,
                                                       const reference::QuantizedGraph& network) {
  const tile::NodePlace& input = compiled.nodes[network.input()];
  return reference::execute(network, tile::gather(input, network.graph().node(network.input()).shape,
                                                  compiled.program.sections[*input.section].values));
}

/// Every tensor that exists, up to the first that differs. `bytes_of` gives the bytes of a section after the run.
/// Returns how many were compared.
template <typename BytesOf>
std::size_t expect_tensors(const tile::Compiled& compiled, const reference::QuantizedGraph& network,
                           const std::vector<reference::Tensor>& expected, BytesOf bytes_of) {
  std::size_t compared = 0;
  for (graph::NodeId id = 0; id < expected.size(); ++id) {
    const tile::NodePlace& place = compiled.nodes[id];
    const graph::Node& node = network.graph().node(id);
    EXPECT_NE(place.section.has_value(), place.folded_into.has_value()) << node.name;
    if (!place.section) continue;
    const std::span<const std::int8_t> bytes = bytes_of(*place.section);
    const auto difference = reference::difference(node, expected[id].values, tile::gather(place, node.shape, bytes));
    EXPECT_FALSE(difference) << *difference;
    ++compared;
    if (difference) break;
  }
  return compared;
}

}  // namespace fusesim::test
