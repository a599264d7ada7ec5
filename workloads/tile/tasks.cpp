// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "workloads/reference/operators.h"

namespace fusesim::tile {
namespace {

using graph::Node;
using graph::NodeId;
using isa::machine::Vector;
using isa::machine::VectorKind;
using reference::Limits;
using reference::TensorFormat;

/// Leaves a value unchanged.
constexpr reference::Multiplier unity{std::int32_t{1} << 30, 30};

template <typename Op>
bool is(const Node& node) {
  return std::holds_alternative<Op>(node.op);
}

/// Whether the node's result is a piece of its input's memory.
bool is_view(const Node& node) {
  return is<graph::Split>(node) || is<graph::Flatten>(node);
}

isa::ConvGeometry geometry_of(const graph::Conv& conv, graph::Shape in, graph::Shape out) {
  return {.in_channels = in.channels,
          .in_height = in.height,
          .in_width = in.width,
          .out_channels = out.channels,
          .out_height = out.height,
          .out_width = out.width,
          .kernel_height = conv.kernel_height,
          .kernel_width = conv.kernel_width,
          .stride_height = conv.stride_height,
          .stride_width = conv.stride_width,
          .dilation_height = conv.dilation_height,
          .dilation_width = conv.dilation_width,
          .pad_top = conv.padding.top,
          .pad_left = conv.padding.left,
          .pad_bottom = conv.padding.bottom,
          .pad_right = conv.padding.right,
          .groups = conv.groups};
}

/// `channels` columns of `length` elements that are all treated alike.
isa::ConvGeometry columns(std::uint32_t channels, std::uint64_t length) {
  isa::ConvGeometry g;
  g.in_channels = g.out_channels = g.groups = channels;
  g.in_height = g.out_height = static_cast<std::uint32_t>(length);
  return g;
}

class Tasks {
 public:
  Tasks(const reference::QuantizedGraph& network, const Options& options)
      : network_(network), options_(options), nodes_(network.graph().nodes()), output_(network.graph().output()) {}

  TaskList run() {
    count_readers();
    find_folds();
    place_tensors();
    for (NodeId id = 0; id < nodes_.size(); ++id) add_tasks(id);
    return std::move(list_);
  }

 private:
  template <typename C>
  const C& constants(NodeId id) const {
    return std::get<C>(network_.constants(id));
  }
  std::int32_t zero(NodeId id) const { return network_.format(id).zero_point; }
  const Node& input(const Node& node, std::size_t i = 0) const { return nodes_[node.inputs[i]]; }

  // Readers.

  void count_readers() {
    readers_.resize(nodes_.size());
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      for (const NodeId producer : nodes_[id].inputs) readers_[producer].push_back(id);
    }
  }

  /// The node that alone reads this one, once.
  std::optional<NodeId> only_reader(NodeId id) const {
    if (id == output_ || readers_[id].size() != 1) return std::nullopt;
    return readers_[id][0];
  }

  /// Whether a task computes the node, so that what follows can be part of the same pass.
  bool computed(NodeId id) const {
    const Node& node = nodes_[id];
    return !is<graph::Input>(node) && !is_view(node) && !is<graph::Concat>(node);
  }

  // Folding. An activation that alone reads a result becomes part of the pass that makes it: as bounds or as a table.
  // When it reads a concat that only joins, it becomes part of all the passes that make the joined maps.

  bool folds_through(NodeId concat) const {
    if (!is<graph::Concat>(nodes_[concat])) return false;
    const auto reader = only_reader(concat);
    if (!reader || !is<graph::Activation>(nodes_[*reader])) return false;
    return std::all_of(nodes_[concat].inputs.begin(), nodes_[concat].inputs.end(), [&](NodeId id) {
      return computed(id) && only_reader(id) == concat && network_.format(id) == network_.format(concat);
    });
  }

  void find_folds() {
    list_.nodes.resize(nodes_.size());
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const auto reader = only_reader(id);
      if (!reader) continue;
      const bool into_activation = is<graph::Activation>(nodes_[*reader]) && (computed(id) || folds_through(id));
      if (into_activation || (computed(id) && folds_through(*reader))) list_.nodes[id].folded_into = reader;
    }
  }

  bool absorbed(NodeId id) const {
    return is<graph::Activation>(nodes_[id]) && list_.nodes[nodes_[id].inputs[0]].folded_into == id;
  }

  // Places in DRAM.

  /// Elements before those of input `i` in a concat.
  std::uint64_t concat_offset(const Node& concat, std::size_t i) const {
    std::uint64_t offset = 0;
    for (std::size_t k = 0; k < i; ++k) offset += input(concat, k).shape.elements();
    return offset;
  }

  /// From the last node to the first, so that a concat has its place before the maps it joins are given theirs in it.
  void place_tensors() {
    std::vector<bool> placed(nodes_.size(), false);
    std::vector<std::pair<NodeId, std::uint64_t>> own;  // Node whose section it is in, and offset.
    own.resize(nodes_.size());
    for (NodeId id = static_cast<NodeId>(nodes_.size()); id-- > 0;) {
      const Node& node = nodes_[id];
      if (is_view(node) || list_.nodes[id].folded_into) continue;
      if (!placed[id]) own[id] = {id, 0};
      placed[id] = true;
      if (!is<graph::Concat>(node)) continue;
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        NodeId source = node.inputs[i];
        if (network_.format(source) != network_.format(id)) continue;
        while (is<graph::Flatten>(nodes_[source])) source = nodes_[source].inputs[0];
        if (placed[source] || is_view(nodes_[source]) || is<graph::Input>(nodes_[source])) continue;
        placed[source] = true;
        own[source] = {own[id].first, own[id].second + concat_offset(node, i)};
      }
    }
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const Node& node = nodes_[id];
      if (is_view(node) || list_.nodes[id].folded_into || own[id].first != id) continue;
      list_.nodes[id].section = static_cast<std::uint32_t>(list_.sections.size());
      list_.sections.push_back(
          {.name = node.name,
           .role = is<graph::Input>(node) ? isa::machine::Role::input : isa::machine::Role::intermediate,
           .bytes = node.shape.elements()});
    }
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      NodePlace& place = list_.nodes[id];
      if (place.folded_into || place.section) continue;
      const Node& node = nodes_[id];
      if (is_view(node)) {
        place = list_.nodes[node.inputs[0]];
        if (const auto* split = std::get_if<graph::Split>(&node.op)) {
          place.offset += std::uint64_t{split->begin} * node.shape.height * node.shape.width;
        }
      } else {
        place.section = list_.nodes[own[id].first].section;
        place.offset = own[id].second;
      }
    }
    isa::machine::Role& role = list_.sections[*list_.nodes[output_].section].role;
    if (role == isa::machine::Role::intermediate) role = isa::machine::Role::output;
  }

  TensorPlace place(NodeId id) const { return {*list_.nodes[id].section, list_.nodes[id].offset}; }

  // Tasks.

  void add_tasks(NodeId id) {
    const Node& node = nodes_[id];
    if (is<graph::Input>(node) || is_view(node) || absorbed(id)) return;
    if (is<graph::Concat>(node)) {
      if (!list_.nodes[id].folded_into) add_copies(id);
      return;
    }
    LayerTask task;
    task.name = node.name;
    for (const NodeId producer : node.inputs) task.inputs.push_back(place(producer));
    task.vector.zero_a = zero(node.inputs[0]);
    task.vector.zero_out = zero(id);
    set_bounds(task, reference::limits(network_.format(id).type));
    std::visit([&](const auto& op) { describe(task, id, op); }, node.op);
    finish(task, id);
  }

  static void set_bounds(LayerTask& task, Limits bounds) {
    task.vector.lowest = static_cast<std::int8_t>(bounds.lowest);
    task.vector.highest = static_cast<std::int8_t>(bounds.highest);
  }

  static void set_multiplier(LayerTask& task, reference::Multiplier by) {
    task.vector.multiplier_a = by.value;
    task.vector.shift = by.shift;
  }

  void describe(LayerTask& task, NodeId id, const graph::Conv& conv) const { describe_layer(task, id, conv); }
  void describe(LayerTask& task, NodeId id, const graph::Linear& linear) const {
    describe_layer(task, id, *reference::as_convolution(linear));
  }

  void describe_layer(LayerTask& task, NodeId id, const graph::Conv& conv) const {
    task.on_array = true;
    task.geometry = geometry_of(conv, input(nodes_[id]).shape, nodes_[id].shape);
    task.dataflow = dataflow_of(task.geometry, conv);
    task.constants = &network_.convolution(id);
    task.vector.kind = VectorKind::requantize;
    task.vector.zero_a = 0;  // Part of the bias.
  }

  /// As lower::lower_layers() maps layers.
  isa::Dataflow dataflow_of(const isa::ConvGeometry& g, const graph::Conv& conv) const {
    if (!conv.depthwise() || g.out_channels != g.in_channels) return isa::Dataflow::gemm;
    if (g.kernel_height == 1 && g.kernel_width > 1 && options_.core.array.fuse_links) return isa::Dataflow::fuse_row;
    if (g.kernel_height > 1 && g.kernel_width == 1 && options_.core.array.fuse_links) return isa::Dataflow::fuse_column;
    return options_.depthwise;
  }

  void describe(LayerTask& task, NodeId id, const graph::Pool& pool) const {
    const Node& node = nodes_[id];
    const graph::Shape in = input(node).shape;
    const bool global = pool.kind == graph::PoolKind::global_average;
    graph::Conv window{.in_channels = in.channels, .out_channels = in.channels, .groups = in.channels};
    window.kernel_height = global ? in.height : pool.kernel_height;
    window.kernel_width = global ? in.width : pool.kernel_width;
    if (!global) {
      window.stride_height = pool.stride_height;
      window.stride_width = pool.stride_width;
      window.padding = pool.padding;
    }
    task.geometry = geometry_of(window, in, node.shape);
    task.vector.kind = pool.kind == graph::PoolKind::max ? VectorKind::max_pool : VectorKind::average_pool;
    if (pool.kind != graph::PoolKind::max) {
      set_multiplier(task, constants<reference::RescaleConstants>(id).multipliers[0]);
    }
  }

  void describe(LayerTask& task, NodeId id, const graph::Add&) const {
    const Node& node = nodes_[id];
    if (node.inputs.size() != 2) {
      throw CompileError(
          fmt::format("layer '{}' adds {} maps, but the vector unit adds two with one rounding; add them "
                      "in steps of two",
                      node.name, node.inputs.size()));
    }
    const reference::SharedMultiplier& by = constants<reference::AddConstants>(id).multiplier;
    task.geometry = columns(1, node.shape.elements());
    task.vector.kind = VectorKind::add;
    task.vector.zero_b = zero(node.inputs[1]);
    task.vector.multiplier_a = by.values[0];
    task.vector.multiplier_b = by.values[1];
    task.vector.shift = by.shift;
  }

  void describe(LayerTask& task, NodeId id, const graph::Scale&) const {
    const Node& node = nodes_[id];
    task.geometry = columns(node.shape.channels, std::uint64_t{node.shape.height} * node.shape.width);
    task.vector.kind = VectorKind::scale;
    task.vector.zero_b = zero(node.inputs[1]);
    task.gate = task.inputs[1];
    task.inputs.pop_back();
    set_multiplier(task, constants<reference::RescaleConstants>(id).multipliers[0]);
  }

  /// One that is not part of the pass before it: it starts from its input as it is.
  void describe(LayerTask& task, NodeId id, const graph::Activation&) const {
    const Node& node = nodes_[id];
    task.geometry = columns(1, node.shape.elements());
    task.vector.kind = VectorKind::rescale;
    task.vector.zero_out = task.vector.zero_a;
    set_multiplier(task, unity);
    set_bounds(task, reference::limits(network_.format(node.inputs[0]).type));
    apply_activation(task, id);
  }

  template <typename Op>
  void describe(LayerTask& task, NodeId, const Op& op) const {
    throw CompileError(fmt::format("layer '{}' is a {}, which no unit of the machine runs", task.name,
                                   graph::name(graph::Operator(op))));
  }

  /// Follows a value with one more activation: bounds narrow, and what follows a table changes its entries.
  void apply_activation(LayerTask& task, NodeId id) const {
    if (const auto* clamp = std::get_if<reference::ClampConstants>(&network_.constants(id))) {
      if (task.table) {
        for (std::int8_t& entry : *task.table) entry = reference::saturate(entry, clamp->bounds);
      } else {
        const Limits to = clamp->bounds;
        set_bounds(task, {std::clamp<std::int32_t>(task.vector.lowest, to.lowest, to.highest),
                          std::clamp<std::int32_t>(task.vector.highest, to.lowest, to.highest)});
      }
      return;
    }
    const reference::Table& table = constants<reference::TableConstants>(id).table;
    if (task.table) {
      for (std::int8_t& entry : *task.table) entry = reference::look_up(table, entry);
    } else {
      task.table = table;
    }
  }

  /// Follows the chain of nodes that are part of the same pass to the one whose tensor exists.
  void finish(LayerTask& task, NodeId id) {
    std::uint64_t offset = 0;
    while (const auto next = list_.nodes[id].folded_into) {
      const Node& node = nodes_[*next];
      if (is<graph::Concat>(node)) {
        const auto at = std::find(node.inputs.begin(), node.inputs.end(), id);
        offset += concat_offset(node, static_cast<std::size_t>(at - node.inputs.begin()));
      } else {
        apply_activation(task, *next);
      }
      id = *next;
    }
    task.output = place(id);
    task.output.offset += offset;
    task.vector.has_table = task.table.has_value();
    list_.tasks.push_back(std::move(task));
  }

  /// The maps that do not lie in the concat's memory from the start.
  void add_copies(NodeId id) {
    const Node& node = nodes_[id];
    const auto& by = constants<reference::RescaleConstants>(id).multipliers;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      TensorPlace slice = place(id);
      slice.offset += concat_offset(node, i);
      const TensorPlace source = place(node.inputs[i]);
      if (source.section == slice.section && source.offset == slice.offset) continue;
      LayerTask task;
      task.name = fmt::format("{}[{}]", node.name, i);
      task.geometry = columns(1, input(node, i).shape.elements());
      task.vector.kind = VectorKind::rescale;
      task.vector.zero_a = zero(node.inputs[i]);
      task.vector.zero_out = zero(id);
      set_bounds(task, reference::limits(network_.format(id).type));
      set_multiplier(task, by[i]);
      task.inputs = {source};
      task.output = slice;
      list_.tasks.push_back(std::move(task));
    }
  }

  const reference::QuantizedGraph& network_;
  const Options& options_;
  const std::vector<Node>& nodes_;
  NodeId output_;
  std::vector<std::vector<NodeId>> readers_;  ///< With repetitions.
  TaskList list_;
};

}  // namespace

TaskList make_tasks(const reference::QuantizedGraph& network, const Options& options) {
  return Tasks(network, options).run();
}

}  // namespace fusesim::tile
