// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace fusesim::predict {
namespace {

using graph::NodeId;

/// Each group's kernel is a tensor of its own, but a depthwise layer is one.
void prune_layer(quantize::FloatNetwork& network, NodeId id, double share) {
  const auto& conv = std::get<graph::Conv>(network.graph.node(id).op);
  std::vector<double>& weights = network.parameters[id].weights;
  const std::size_t tensors = conv.depthwise() ? 1 : conv.groups, each = weights.size() / tensors;
  for (std::size_t tensor = 0; tensor < tensors; ++tensor) {
    prune(std::span(weights).subspan(tensor * each, each), share);
  }
}

std::optional<NodeId> last_pointwise(const graph::Graph& graph, std::span<const transform::BottleneckNodes> blocks) {
  for (auto id = static_cast<NodeId>(graph.nodes().size()); id-- > 0;) {
    const auto* conv = std::get_if<graph::Conv>(&graph.node(id).op);
    if (!conv || !graph.node(id).executed || conv->kernel_height != 1 || conv->kernel_width != 1) continue;
    const bool in_block = std::ranges::any_of(
        blocks, [&](const transform::BottleneckNodes& block) { return block.expand == id || block.project == id; });
    return in_block ? std::nullopt : std::optional(id);
  }
  return std::nullopt;
}

}  // namespace

void prune(std::span<double> weights, double share) {
  if (!(share >= 0 && share <= 1)) throw PredictError(fmt::format("a pruned share of {} is outside 0 .. 1", share));
  const auto count = static_cast<std::ptrdiff_t>(std::floor(share * static_cast<double>(weights.size()) + 0.5));
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto less = [&](std::size_t a, std::size_t b) {
    const double magnitude_a = std::abs(weights[a]), magnitude_b = std::abs(weights[b]);
    return magnitude_a != magnitude_b ? magnitude_a < magnitude_b : a < b;
  };
  std::nth_element(order.begin(), order.begin() + count, order.end(), less);
  for (std::ptrdiff_t i = 0; i < count; ++i) weights[order[static_cast<std::size_t>(i)]] = 0;
}

quantize::FloatNetwork prune(quantize::FloatNetwork network, std::span<const transform::BottleneckNodes> blocks,
                             const PruneShares& shares) {
  quantize::check(network);
  for (const transform::BottleneckNodes& block : blocks) {
    prune_layer(network, block.expand, shares.pointwise);
    prune_layer(network, block.depthwise, shares.depthwise);
    prune_layer(network, block.project, shares.pointwise);
  }
  if (shares.last_pointwise) {
    if (const auto last = last_pointwise(network.graph, blocks)) prune_layer(network, *last, shares.pointwise);
  }
  return network;
}

}  // namespace fusesim::predict
