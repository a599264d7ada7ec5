// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "hw/isa/limits.h"
#include "hw/isa/rules.h"
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

/// A map whose elements are treated one by one.
isa::ConvGeometry pointwise(graph::Shape shape) {
  isa::ConvGeometry g;
  g.in_channels = g.out_channels = g.groups = shape.channels;
  g.in_height = g.out_height = shape.height;
  g.in_width = g.out_width = shape.width;
  return g;
}

/// Whether a map is one run of bytes, with rows outside.
bool dense_rows(const TensorPlace& place, const isa::ConvGeometry& g) {
  return (g.in_channels == 1 || place.channel_stride == g.in_width) &&
         (g.in_height == 1 || place.row_stride == std::uint64_t{g.in_channels} * g.in_width);
}
/// Whether a map is one run of bytes, with channels outside.
bool dense_channels(const TensorPlace& place, const isa::ConvGeometry& g) {
  return (g.in_height == 1 || place.row_stride == g.in_width) &&
         (g.in_channels == 1 || place.channel_stride == std::uint64_t{g.in_height} * g.in_width);
}

/// Whether a kernel is too wide for the FuSe wires.
bool exceeds_wires(isa::Dataflow dataflow, const isa::ConvGeometry& g, const isa::ArrayConfig& array) {
  return dataflow >= isa::Dataflow::depthwise_broadcast &&
         (std::uint64_t{g.kernel_height} * g.kernel_width > isa::max_wire_taps ||
          isa::fold_feed(dataflow, g, array) > isa::max_fold_feed);
}

class Tasks {
 public:
  Tasks(const reference::QuantizedGraph& network, const Options& options)
      : network_(network), options_(options), nodes_(network.graph().nodes()), output_(network.graph().output()) {}

  TaskList run() {
    count_readers();
    find_folds();
    place_tensors(find_homes());
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

  /// Whether a task computes the node, so that what follows can be part of the same pass. Predicted blocks end with
  /// what belongs to them.
  bool computed(NodeId id) const {
    const Node& node = nodes_[id];
    return !is<graph::Input>(node) && !is_view(node) && !is<graph::Concat>(node) && !is<graph::PredictedBlock>(node);
  }

  /// Whether a shuffle can be the order in which the node's pass stores: its pass makes all of the tensor, and stores
  /// it in order so far.
  bool stores_in_order(NodeId id) const { return computed(id) && !stored_elsewhere_[id]; }

  // Folding. An activation that alone reads a result becomes part of the pass that makes it: as bounds or as a table.
  // When it reads a concat that only joins, it becomes part of all the passes that make the joined maps. A shuffle that
  // alone reads a result is the order in which the pass stores it.

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
    stored_elsewhere_.resize(nodes_.size());
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      stored_elsewhere_[id] =
          is<graph::Shuffle>(nodes_[id]) || is<graph::Concat>(nodes_[id]) ||
          (is<graph::Activation>(nodes_[id]) && absorbed(id) && stored_elsewhere_[nodes_[id].inputs[0]]);
      const auto reader = only_reader(id);
      if (!reader) continue;
      const bool into_activation = is<graph::Activation>(nodes_[*reader]) && (computed(id) || folds_through(id));
      const bool into_shuffle = is<graph::Shuffle>(nodes_[*reader]) && stores_in_order(id);
      if (into_activation || into_shuffle || (computed(id) && folds_through(*reader))) {
        list_.nodes[id].folded_into = reader;
      }
    }
  }

  /// Activations and shuffles only.
  bool absorbed(NodeId id) const {
    return (is<graph::Activation>(nodes_[id]) || is<graph::Shuffle>(nodes_[id])) &&
           list_.nodes[nodes_[id].inputs[0]].folded_into == id;
  }

  // Places in DRAM.

  /// Channels before those of input `i` in a concat.
  std::uint64_t channels_before(const Node& concat, std::size_t i) const {
    std::uint64_t channels = 0;
    for (std::size_t k = 0; k < i; ++k) channels += input(concat, k).shape.channels;
    return channels;
  }

  /// Which memory a tensor that is no view lies in: its own, or as input `index` in that of a concat.
  struct Home {
    std::optional<NodeId> concat;
    std::size_t index = 0;
    bool flattened = false;  ///< On the way there.
  };

  /// From the last node to the first, so that concats come before the maps they join.
  std::vector<Home> find_homes() const {
    std::vector<Home> homes(nodes_.size());
    for (NodeId id = static_cast<NodeId>(nodes_.size()); id-- > 0;) {
      const Node& node = nodes_[id];
      if (!is<graph::Concat>(node) || list_.nodes[id].folded_into) continue;
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        NodeId source = node.inputs[i];
        if (network_.format(source) != network_.format(id)) continue;
        bool flattened = false;
        for (; is<graph::Flatten>(nodes_[source]); flattened = true) source = nodes_[source].inputs[0];
        if (homes[source].concat || is_view(nodes_[source]) || is<graph::Input>(nodes_[source])) continue;
        homes[source] = {id, i, flattened};
      }
    }
    return homes;
  }

  /// The tensors whose sections must be C,H,W: a flatten of several rows reads them, itself or a slice or a part.
  std::vector<bool> find_flattened(const std::vector<Home>& homes) const {
    std::vector<bool> flattened(nodes_.size(), false);
    for (const Node& node : nodes_) {
      if (!is<graph::Flatten>(node) || input(node).shape.height == 1) continue;
      NodeId id = node.inputs[0];
      while (is_view(nodes_[id])) id = nodes_[id].inputs[0];
      while (homes[id].concat) id = *homes[id].concat;
      flattened[id] = true;
    }
    return flattened;
  }

  void place_tensors(const std::vector<Home>& homes) {
    const std::vector<bool> flattened = find_flattened(homes);
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const Node& node = nodes_[id];
      NodePlace& place = list_.nodes[id];
      if (is_view(node) || place.folded_into || homes[id].concat) continue;
      place.section = static_cast<std::uint32_t>(list_.sections.size());
      list_.sections.push_back(
          {.name = node.name,
           .role = is<graph::Input>(node) ? isa::machine::Role::input : isa::machine::Role::intermediate,
           .bytes = node.shape.elements()});
      set_strides(place, node.shape, flattened[id]);
    }
    // Concats before the maps they join.
    for (NodeId id = static_cast<NodeId>(nodes_.size()); id-- > 0;) {
      const Home& home = homes[id];
      if (!home.concat || list_.nodes[id].folded_into) continue;
      NodePlace& place = list_.nodes[id];
      place = list_.nodes[*home.concat];
      place.offset += channels_before(nodes_[*home.concat], home.index) * place.channel_stride;
      if (home.flattened) set_strides(place, nodes_[id].shape, true);
    }
    // Views after what they look at.
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const Node& node = nodes_[id];
      if (!is_view(node)) continue;
      NodePlace& place = list_.nodes[id];
      place = list_.nodes[node.inputs[0]];
      if (const auto* split = std::get_if<graph::Split>(&node.op)) {
        place.offset += split->begin * place.channel_stride;
      } else {
        set_strides(place, node.shape, false);
      }
    }
    isa::machine::Role& role = list_.sections[*list_.nodes[output_].section].role;
    if (role == isa::machine::Role::intermediate) role = isa::machine::Role::output;
  }

  /// Those of a dense map.
  static void set_strides(NodePlace& place, graph::Shape shape, bool channels_outside) {
    place.channel_stride = channels_outside ? std::uint64_t{shape.height} * shape.width : shape.width;
    place.row_stride = channels_outside ? shape.width : std::uint64_t{shape.channels} * shape.width;
  }

  TensorPlace place(NodeId id) const {
    const NodePlace& node = list_.nodes[id];
    return {*node.section, node.offset, node.channel_stride, node.row_stride};
  }

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

  /// As lower::lower_layers() maps layers, but for kernels that the wires cannot take.
  isa::Dataflow dataflow_of(const isa::ConvGeometry& g, const graph::Conv& conv) const {
    if (!conv.depthwise() || g.out_channels != g.in_channels) return isa::Dataflow::gemm;
    const isa::ArrayConfig& array = options_.core.array;
    isa::Dataflow dataflow = options_.depthwise;
    if (g.kernel_height == 1 && g.kernel_width > 1 && array.fuse_links) dataflow = isa::Dataflow::fuse_row;
    if (g.kernel_height > 1 && g.kernel_width == 1 && array.fuse_links) dataflow = isa::Dataflow::fuse_column;
    return exceeds_wires(dataflow, g, array) ? isa::Dataflow::depthwise_column : dataflow;
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
    task.geometry = pointwise(node.shape);
    task.vector.kind = VectorKind::add;
    task.vector.zero_b = zero(node.inputs[1]);
    task.vector.multiplier_a = by.values[0];
    task.vector.multiplier_b = by.values[1];
    task.vector.shift = by.shift;
  }

  void describe(LayerTask& task, NodeId id, const graph::Scale&) const {
    const Node& node = nodes_[id];
    task.geometry = pointwise(node.shape);
    task.vector.kind = VectorKind::scale;
    task.vector.zero_b = zero(node.inputs[1]);
    task.gate = task.inputs[1];
    task.inputs.pop_back();
    set_multiplier(task, constants<reference::RescaleConstants>(id).multipliers[0]);
  }

  /// One that is not part of the pass before it: it starts from its input as it is.
  void describe(LayerTask& task, NodeId id, const graph::Activation&) const {
    const Node& node = nodes_[id];
    task.geometry = pointwise(node.shape);
    task.vector.kind = VectorKind::rescale;
    task.vector.zero_out = task.vector.zero_a;
    set_multiplier(task, unity);
    set_bounds(task, reference::limits(network_.format(node.inputs[0]).type));
    apply_activation(task, id);
  }

  void describe(LayerTask& task, NodeId id, const graph::PredictedBlock& block) const {
    const Node& node = nodes_[id];
    graph::Conv window = graph::depthwise(block);
    window.groups = block.groups;
    task.geometry = geometry_of(window, input(node).shape, node.shape);
    task.predicted = {block, &network_.block(id), network_.format(node.inputs[0]), network_.format(id)};
  }

  /// One that is not the order of the pass before it: a copy that stores its channels shuffled.
  void describe(LayerTask& task, NodeId id, const graph::Shuffle& shuffle) const {
    task.geometry = pointwise(nodes_[id].shape);
    task.vector.kind = VectorKind::rescale;
    set_multiplier(task, unity);
    task.shuffle_groups = shuffle.groups;
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
    std::uint64_t channels = 0;  // Before this map's in the tensor that exists.
    while (const auto next = list_.nodes[id].folded_into) {
      const Node& node = nodes_[*next];
      if (is<graph::Concat>(node)) {
        const auto at = std::find(node.inputs.begin(), node.inputs.end(), id);
        channels += channels_before(node, static_cast<std::size_t>(at - node.inputs.begin()));
      } else if (const auto* shuffle = std::get_if<graph::Shuffle>(&node.op)) {
        task.shuffle_groups = shuffle->groups;
      } else {
        apply_activation(task, *next);
      }
      id = *next;
    }
    task.output = place(id);
    task.output.offset += channels * task.output.channel_stride;
    task.vector.has_table = task.table.has_value();
    append(std::move(task));
  }

  void append(LayerTask task) {
    if (!task.on_array && !task.pool() && !task.gate && !task.predicted && task.shuffle_groups == 1) make_flat(task);
    list_.tasks.push_back(std::move(task));
  }

  /// Dense maps in the same order are columns: shape does not matter to what treats each element alike.
  static void make_flat(LayerTask& task) {
    std::vector<TensorPlace*> places{&task.output};
    for (TensorPlace& input : task.inputs) places.push_back(&input);
    const auto all = [&](auto dense) {
      return std::all_of(places.begin(), places.end(), [&](const TensorPlace* p) { return dense(*p, task.geometry); });
    };
    if (!all(dense_rows) && !all(dense_channels)) return;
    const isa::ConvGeometry& g = task.geometry;
    const std::uint64_t elements = std::uint64_t{g.in_channels} * g.in_height * g.in_width;
    for (TensorPlace* place : places) {
      place->channel_stride = elements;
      place->row_stride = 1;
    }
    task.geometry = pointwise({1, static_cast<std::uint32_t>(elements), 1});
  }

  /// The maps that do not lie in the concat's memory from the start.
  void add_copies(NodeId id) {
    const Node& node = nodes_[id];
    const auto& by = constants<reference::RescaleConstants>(id).multipliers;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      TensorPlace slice = place(id);
      slice.offset += channels_before(node, i) * slice.channel_stride;
      const TensorPlace source = place(node.inputs[i]);
      if (source.section == slice.section && source.offset == slice.offset) continue;
      LayerTask task;
      task.name = fmt::format("{}[{}]", node.name, i);
      task.geometry = pointwise(input(node, i).shape);
      task.vector.kind = VectorKind::rescale;
      task.vector.zero_a = zero(node.inputs[i]);
      task.vector.zero_out = zero(id);
      set_bounds(task, reference::limits(network_.format(id).type));
      set_multiplier(task, by[i]);
      task.inputs = {source};
      task.output = slice;
      append(std::move(task));
    }
  }

  const reference::QuantizedGraph& network_;
  const Options& options_;
  const std::vector<Node>& nodes_;
  NodeId output_;
  std::vector<std::vector<NodeId>> readers_;  ///< With repetitions.
  /// Nodes whose elements the pass that makes them puts elsewhere than in order: shuffled, or into a concat.
  std::vector<bool> stored_elsewhere_;
  TaskList list_;
};

}  // namespace

Runs runs_of(const TensorPlace& place, std::uint64_t channels, std::uint64_t rows, std::uint64_t width) {
  const bool rows_outside = channels == 1 || place.channel_stride == width;
  Runs runs = rows_outside ? Runs{channels * width, rows, place.row_stride}
                           : Runs{rows * width, channels, place.channel_stride};
  if (runs.stride == runs.run || runs.count == 1) runs = {runs.run * runs.count, 1, 0};
  return runs;
}

std::vector<DramRuns> stored_runs(const TensorPlace& place, const ShuffledChannels& part, std::uint64_t first_row,
                                  std::uint64_t rows, std::uint64_t width) {
  const std::uint64_t begin = place.offset + part.to * place.channel_stride + first_row * place.row_stride;
  // Neighbouring channels: a map like any other.
  if (part.groups == part.stride || part.members == 1) {
    const Runs runs = runs_of(place, std::uint64_t{part.groups} * part.members, rows, width);
    return {{place.section, begin, runs.run, runs.count, runs.stride}};
  }
  const std::uint64_t stride = part.stride * place.channel_stride;
  std::vector<DramRuns> all;
  if (place.channel_stride != width) {  // Channels outside.
    for (std::uint64_t group = 0; group < part.groups; ++group) {
      all.push_back({place.section, begin + group * place.channel_stride, rows * width, part.members, stride});
    }
    return all;
  }
  if (place.row_stride == part.members * stride) {  // Members go on in the next row.
    return {{place.section, begin, part.groups * width, part.members * rows, stride}};
  }
  for (std::uint64_t row = 0; row < rows; ++row) {
    all.push_back({place.section, begin + row * place.row_stride, part.groups * width, part.members, stride});
  }
  return all;
}

TaskList make_tasks(const reference::QuantizedGraph& network, const Options& options) {
  return Tasks(network, options).run();
}

}  // namespace fusesim::tile
