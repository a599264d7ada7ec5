// SPDX-License-Identifier: Apache-2.0
#include "workloads/transform/fuse.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace fusesim::transform {
namespace {

using graph::Activation;
using graph::BatchNorm;
using graph::Conv;
using graph::Graph;
using graph::GraphError;
using graph::Linear;
using graph::Node;
using graph::NodeId;
using graph::Split;

/// Copies a graph node by node; ids of the original map to those of the copy.
class Fuser {
 public:
  Fuser(const Graph& source, const FuseOptions& options)
      : source_(source),
        options_(options),
        consumers_(source.consumers()),
        gate_(graph::squeeze_excite_nodes(source)),
        to_(source.nodes().size()) {}

  Graph run() {
    for (NodeId id = 0; id < to_.size(); ++id) {
      if (to_[id]) continue;  // Moved into the branches of an earlier layer.
      const bool selected =
          fusible(source_, id) && (options_.select ? options_.select(source_, id) : depthwise_square(source_, id));
      selected ? replace(id) : copy(id);
    }
    return std::move(out_);
  }

 private:
  std::vector<NodeId> inputs(NodeId id) const {
    std::vector<NodeId> mapped;
    for (const NodeId input : source_.nodes()[id].inputs) mapped.push_back(*to_[input]);
    return mapped;
  }

  std::uint32_t channels(NodeId out_id) const { return out_.node(out_id).shape.channels; }

  /// `size` in proportion to the change of channels from `before` to `after`, where it has to come out even.
  static std::uint32_t scaled(const Node& node, const char* what, std::uint32_t size, std::uint32_t before,
                              std::uint32_t after) {
    const std::uint64_t product = std::uint64_t{size} * after;
    if (product % before != 0) {
      throw GraphError(fmt::format("node '{}': {} {} cannot follow its input from {} to {} channels", node.name, what,
                                   size, before, after));
    }
    return static_cast<std::uint32_t>(product / before);
  }

  void copy(NodeId id) {
    const Node& node = source_.nodes()[id];
    const std::vector<NodeId> mapped = inputs(id);
    graph::Operator op = node.op;
    if (!mapped.empty()) {
      const std::uint32_t before = source_.node(node.inputs[0]).shape.channels;
      const std::uint32_t after = channels(mapped[0]);
      if (before != after) op = widened(node, id, before, after);
    }
    to_[id] = node.executed ? out_.add(node.name, op, mapped) : out_.add_unused(node.name, op, mapped);
  }

  graph::Operator widened(const Node& node, NodeId id, std::uint32_t before, std::uint32_t after) const {
    graph::Operator op = node.op;
    if (auto* conv = std::get_if<Conv>(&op)) {
      if (conv->depthwise()) {
        conv->out_channels = scaled(node, "output channels", conv->out_channels, before, after);
        conv->groups = after;
      } else if (gate_[id]) {
        conv->out_channels = scaled(node, "output channels", conv->out_channels, before, after);
      }
      conv->in_channels = after;
    } else if (auto* linear = std::get_if<Linear>(&op)) {
      if (gate_[id]) linear->out_features = scaled(node, "output features", linear->out_features, before, after);
      linear->in_features = after;
    } else if (auto* norm = std::get_if<BatchNorm>(&op)) {
      norm->channels = after;
    } else if (auto* slice = std::get_if<Split>(&op)) {
      slice->begin = scaled(node, "the slice's first channel", slice->begin, before, after);
      slice->end = scaled(node, "the slice's last channel", slice->end, before, after);
    }
    return op;
  }

  /// The only reader of `id`, when there is just one and it runs `Op`.
  template <typename Op>
  std::optional<NodeId> only_reader(NodeId id) const {
    if (consumers_[id].size() != 1) return std::nullopt;
    const NodeId reader = consumers_[id][0];
    const Node& node = source_.nodes()[reader];
    if (!node.executed || !std::holds_alternative<Op>(node.op)) return std::nullopt;
    return reader;
  }

  /// Adds one branch: convolution, and batch norm and activation where they move into it.
  NodeId branch(const std::string& suffix, const Conv& conv, NodeId from, const Node& original,
                std::optional<NodeId> norm, std::optional<NodeId> activation) {
    NodeId at = out_.add(original.name + suffix, conv, {from});
    if (norm) at = out_.add(source_.node(*norm).name + suffix, BatchNorm{conv.out_channels}, {at});
    if (activation && options_.activation == BranchActivation::per_branch) {
      const Node& node = source_.node(*activation);
      at = out_.add(node.name + suffix, node.op, {at});
    }
    return at;
  }

  void replace(NodeId id) {
    const Node& node = source_.nodes()[id];
    const auto& conv = std::get<Conv>(node.op);
    const NodeId from = inputs(id)[0];
    const std::uint32_t total = channels(from);
    const std::optional<NodeId> norm = only_reader<BatchNorm>(id);
    const std::optional<NodeId> activation = only_reader<Activation>(norm.value_or(id));

    NodeId from_h = from, from_v = from;
    std::uint32_t channels_h = total, channels_v = total;
    if (options_.kind == FuseKind::half) {
      channels_h = total / 2;
      channels_v = total - channels_h;
      if (channels_h == 0) throw GraphError(fmt::format("node '{}': a single channel cannot be halved", node.name));
      from_h = out_.add(node.name + "_slice_h", Split{0, channels_h}, {from});
    }

    Conv h = conv;
    h.kernel_height = 1;
    h.in_channels = h.out_channels = h.groups = channels_h;
    h.dilation_height = 1;
    h.padding.top = h.padding.bottom = 0;
    Conv v = conv;
    v.kernel_width = 1;
    v.in_channels = v.out_channels = v.groups = channels_v;
    v.dilation_width = 1;
    v.padding.left = v.padding.right = 0;

    const NodeId end_h = branch("_h", h, from_h, node, norm, activation);
    if (options_.kind == FuseKind::half) {
      from_v = out_.add(node.name + "_slice_v", Split{channels_h, total}, {from});
    }
    const NodeId end_v = branch("_v", v, from_v, node, norm, activation);
    const graph::Shape& shape_h = out_.node(end_h).shape;
    const graph::Shape& shape_v = out_.node(end_v).shape;
    if (shape_h.height != shape_v.height || shape_h.width != shape_v.width) {
      throw GraphError(fmt::format(
          "node '{}': FuSe needs a {}x{} kernel padded to keep the size of its map, but the 1x{} branch gives {}x{} "
          "and the {}x1 branch {}x{}",
          node.name, conv.kernel_height, conv.kernel_width, conv.kernel_width, shape_h.height, shape_h.width,
          conv.kernel_height, shape_v.height, shape_v.width));
    }
    NodeId end = out_.add(node.name + "_cat", graph::Concat{}, {end_h, end_v});
    to_[id] = end;
    if (norm) to_[*norm] = end;
    if (activation) {
      if (options_.activation == BranchActivation::after_concat) {
        const Node& act = source_.node(*activation);
        end = out_.add(act.name, act.op, {end});
      }
      to_[*activation] = end;
    }
  }

  const Graph& source_;
  const FuseOptions& options_;
  const std::vector<std::vector<NodeId>> consumers_;
  const std::vector<bool> gate_;
  std::vector<std::optional<NodeId>> to_;
  Graph out_;
};

}  // namespace

bool fusible(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const auto* conv = std::get_if<Conv>(&node.op);
  return conv != nullptr && node.executed && conv->kernel_height == conv->kernel_width && conv->kernel_height > 1 &&
         conv->in_channels == conv->out_channels && (conv->groups == 1 || conv->depthwise());
}

bool depthwise_square(const Graph& graph, NodeId id) {
  return fusible(graph, id) && std::get<Conv>(graph.node(id).op).depthwise();
}

Graph fuse(const Graph& graph, const FuseOptions& options) {
  graph.validate();
  Graph result = Fuser(graph, options).run();
  result.validate();
  return result;
}

}  // namespace fusesim::transform
