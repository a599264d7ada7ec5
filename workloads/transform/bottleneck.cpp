// SPDX-License-Identifier: Apache-2.0
#include "workloads/transform/bottleneck.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace fusesim::transform {
namespace {

using graph::Activation;
using graph::ActivationKind;
using graph::BatchNorm;
using graph::Conv;
using graph::Graph;
using graph::Node;
using graph::NodeId;

/// A block as far as it could be followed, and why no further.
struct Candidate {
  NodeId expand = 0, depthwise = 0, project = 0;
  BottleneckNodes nodes;  ///< Complete when there is no reason.
  std::string reason;
};

class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph), nodes_(graph.nodes()), readers_(graph.consumers()) {
    graph_.validate();
  }

  /// Every depthwise layer between two pointwise ones.
  std::vector<Candidate> candidates() const {
    std::vector<Candidate> found;
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const Conv* conv = convolution(id);
      if (!conv || pointwise(*conv) || conv->groups != conv->in_channels || conv->groups == 1) continue;
      const auto expand = pointwise_before(id), project = pointwise_after(id);
      if (!expand || !project) continue;
      Candidate candidate{*expand, id, *project, {}, {}};
      follow(candidate);
      found.push_back(std::move(candidate));
    }
    return found;
  }

 private:
  template <typename Op>
  bool is(NodeId id) const {
    return std::holds_alternative<Op>(nodes_[id].op);
  }
  const Conv* convolution(NodeId id) const { return nodes_[id].executed ? std::get_if<Conv>(&nodes_[id].op) : nullptr; }
  static bool pointwise(const Conv& conv) { return conv.kernel_height == 1 && conv.kernel_width == 1; }

  /// What may lie between the layers of something that looks like a block.
  bool passes_through(NodeId id) const {
    return is<BatchNorm>(id) || is<Activation>(id) || is<graph::Shuffle>(id) || is<graph::Scale>(id);
  }

  std::optional<NodeId> pointwise_before(NodeId id) const {
    do {
      id = nodes_[id].inputs[0];
    } while (passes_through(id));
    const Conv* conv = convolution(id);
    return conv && pointwise(*conv) ? std::optional(id) : std::nullopt;
  }

  /// The first pointwise layer on any way on.
  std::optional<NodeId> pointwise_after(NodeId id) const {
    std::optional<NodeId> first;
    for (const NodeId reader : readers_[id]) {
      if (!nodes_[reader].executed || nodes_[reader].inputs[0] != id) continue;
      const Conv* conv = convolution(reader);
      const auto found = conv && pointwise(*conv) ? std::optional(reader)
                         : passes_through(reader) ? pointwise_after(reader)
                                                  : std::nullopt;
      if (found && (!first || *found < *first)) first = found;
    }
    return first;
  }

  /// The node that alone reads `id`.
  std::optional<NodeId> only_reader(NodeId id) const {
    if (id == graph_.output() || readers_[id].size() != 1) return std::nullopt;
    const NodeId reader = readers_[id][0];
    // One reader may still read twice.
    const auto& inputs = nodes_[reader].inputs;
    if (!nodes_[reader].executed || std::count(inputs.begin(), inputs.end(), id) != 1) return std::nullopt;
    return reader;
  }
  template <typename Op>
  std::optional<NodeId> only_reader_that_is(NodeId id) const {
    const auto reader = only_reader(id);
    return reader && is<Op>(*reader) ? reader : std::nullopt;
  }

  const std::string& name(NodeId id) const { return nodes_[id].name; }

  // Each of these returns a reason, or an empty string.

  std::string check_pointwise(NodeId id) const {
    const Conv& conv = *convolution(id);
    if (conv.stride_height != 1 || conv.stride_width != 1) return fmt::format("'{}' has a stride", name(id));
    if (conv.padding != graph::Padding{}) return fmt::format("'{}' pads its map", name(id));
    return {};
  }

  std::string check_depthwise(NodeId id) const {
    const Conv& conv = *convolution(id);
    if (conv.out_channels != conv.in_channels) {
      return fmt::format("'{}' has {} filters a channel, not one", name(id), conv.out_channels / conv.in_channels);
    }
    if (conv.kernel_height != conv.kernel_width) {
      return fmt::format("'{}' has a {}x{} kernel, not a square one", name(id), conv.kernel_height, conv.kernel_width);
    }
    if (conv.stride_height != conv.stride_width) {
      return fmt::format("'{}' has strides of {} and {}, not equal ones", name(id), conv.stride_height,
                         conv.stride_width);
    }
    if (conv.dilation_height != 1 || conv.dilation_width != 1) return fmt::format("'{}' is dilated", name(id));
    return {};
  }

  std::string read_elsewhere(NodeId id) const {
    for (const NodeId reader : readers_[id]) {
      if (is<graph::Scale>(reader)) return fmt::format("'{}' scales '{}' by a gate", name(reader), name(id));
    }
    return fmt::format("'{}' is read by more than one node", name(id));
  }

  /// From a layer over its batch norm and its ReLU to `next`, which reads it.
  std::string follow_relu(NodeId layer, NodeId next, std::optional<NodeId>& norm, NodeId& relu) const {
    const auto step = [&](NodeId from, std::string& reason) -> NodeId {
      const auto reader = only_reader(from);
      if (!reader) reason = read_elsewhere(from);
      return reader.value_or(from);
    };
    std::string reason;
    NodeId at = step(layer, reason);
    if (reason.empty() && is<BatchNorm>(at)) {
      norm = at;
      at = step(at, reason);
    }
    if (!reason.empty()) return reason;
    const auto* activation = std::get_if<Activation>(&nodes_[at].op);
    if (!activation) {
      return fmt::format("no relu follows '{}', but {} '{}'", name(norm.value_or(layer)), graph::name(nodes_[at].op),
                         name(at));
    }
    if (activation->kind != ActivationKind::relu) {
      return fmt::format("'{}' is {}, not relu", name(at), graph::name(activation->kind));
    }
    relu = at;
    const NodeId end = step(at, reason);
    if (!reason.empty()) return reason;
    if (end == next) return {};
    return fmt::format("{} '{}' lies between '{}' and '{}'", graph::name(nodes_[end].op), name(end), name(at),
                       name(next));
  }

  std::string follow_inside(const Candidate& c, BottleneckNodes& block) const {
    const Conv &expand = *convolution(c.expand), &project = *convolution(c.project);
    for (const NodeId id : {c.expand, c.project}) {
      if (std::string reason = check_pointwise(id); !reason.empty()) return reason;
    }
    if (std::string reason = check_depthwise(c.depthwise); !reason.empty()) return reason;
    if (expand.groups != project.groups) {
      return fmt::format("'{}' has {} groups and '{}' {}", name(c.expand), expand.groups, name(c.project),
                         project.groups);
    }
    std::string reason = follow_relu(c.expand, c.depthwise, block.expand_norm, block.expand_relu);
    if (!reason.empty()) return reason;
    return follow_relu(c.depthwise, c.project, block.depthwise_norm, block.depthwise_relu);
  }

  void follow(Candidate& c) const {
    BottleneckNodes& block = c.nodes;
    c.reason = follow_inside(c, block);
    if (!c.reason.empty()) return;
    const Conv& depthwise = *convolution(c.depthwise);
    block.input = nodes_[c.expand].inputs[0];
    block.expand = c.expand;
    block.depthwise = c.depthwise;
    block.project = c.project;
    block.groups = convolution(c.expand)->groups;
    block.kernel = depthwise.kernel_height;
    block.stride = depthwise.stride_height;
    block.project_norm = only_reader_that_is<BatchNorm>(block.output());
    block.shuffle = only_reader_that_is<graph::Shuffle>(block.output());
    const auto add = only_reader_that_is<graph::Add>(block.output());
    if (!add) return;
    const auto& inputs = nodes_[*add].inputs;
    const bool skips = std::find(inputs.begin(), inputs.end(), block.input) != inputs.end();
    if (inputs.size() == 2 && skips) block.residual = add;
  }

  const Graph& graph_;
  const std::vector<Node>& nodes_;
  const std::vector<std::vector<NodeId>> readers_;
};

struct Sorted {
  std::vector<BottleneckNodes> blocks;
  std::vector<UnsuitableBottleneck> unsuitable;
};

Sorted sorted_candidates(const Graph& graph) {
  Sorted result;
  const std::vector<Candidate> all = Finder(graph).candidates();
  std::vector<bool> taken(graph.nodes().size(), false);  // Layers of blocks.
  const auto is_free = [&](const Candidate& c) { return !taken[c.expand] && !taken[c.project]; };
  for (const Candidate& candidate : all) {
    if (!candidate.reason.empty() || !is_free(candidate)) continue;
    taken[candidate.expand] = taken[candidate.project] = true;
    result.blocks.push_back(candidate.nodes);
  }
  for (const Candidate& candidate : all) {
    if (candidate.reason.empty() || !is_free(candidate)) continue;
    result.unsuitable.push_back({candidate.expand, candidate.depthwise, candidate.project, candidate.reason});
  }
  return result;
}

}  // namespace

std::vector<BottleneckNodes> find_bottlenecks(const Graph& graph) {
  return sorted_candidates(graph).blocks;
}

std::vector<UnsuitableBottleneck> unsuitable_bottlenecks(const Graph& graph) {
  return sorted_candidates(graph).unsuitable;
}

}  // namespace fusesim::transform
