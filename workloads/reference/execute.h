// SPDX-License-Identifier: Apache-2.0
// Runs a network in integers and keeps every tensor: what every machine's run is compared with.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "workloads/reference/quantized_graph.h"

namespace fusesim::reference {

/// The result of a node.
struct Tensor {
  graph::Shape shape;
  std::vector<std::int8_t> values;  ///< C,H,W.
  /// Of a convolution or linear layer, if asked for: the sums as they leave the array, without bias, zero point
  /// correction or requantisation. Of a predicted block: BlockTrace::sums. C,H,W.
  std::vector<std::int32_t> sums;
};

struct ExecuteOptions {
  bool keep_sums = false;  ///< Fill Tensor::sums.
};

/// One tensor a node, indexed by NodeId. `input` is C,H,W of the network's input. Throws std::invalid_argument when it
/// is of the wrong size or holds values outside its type.
[[nodiscard]] std::vector<Tensor> execute(const QuantizedGraph& network, std::span<const std::int8_t> input,
                                          const ExecuteOptions& options = {});

/// Runs one node on given inputs, in the order of the node's; for tests of single operators and machines that fall out
/// of step. Throws std::invalid_argument when an input is of the wrong size, or the node is the network's input.
[[nodiscard]] Tensor execute_node(const QuantizedGraph& network, graph::NodeId id,
                                  std::span<const Tensor* const> inputs, const ExecuteOptions& options = {});

/// Nothing when equal; otherwise the first place and how many differ: "features.1.conv: channel 3, row 2, column 1 is
/// 5, not 7; 12 of 4000 elements differ". For values and sums alike.
[[nodiscard]] std::optional<std::string> difference(const graph::Node& node, std::span<const std::int8_t> expected,
                                                    std::span<const std::int8_t> actual);
[[nodiscard]] std::optional<std::string> difference(const graph::Node& node, std::span<const std::int32_t> expected,
                                                    std::span<const std::int32_t> actual);

}  // namespace fusesim::reference
