// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "hw/isa/generated_values.h"
#include "workloads/tile/constants.h"
#include "workloads/tile/emitter.h"
#include "workloads/tile/fused_emission.h"
#include "workloads/tile/layer_emission.h"
#include "workloads/tile/tasks.h"
#include "workloads/tile/tiling.h"

namespace fusesim::tile {
namespace {

constexpr std::uint64_t section_alignment = 64;  ///< Bytes: sections begin where bursts of memory do.

void check(const Options& options) {
  isa::machine::validate(options.core);
  const isa::ArrayConfig& array = options.core.array;
  switch (options.depthwise) {
    case isa::Dataflow::depthwise_column:
    case isa::Dataflow::depthwise_row:
      break;
    case isa::Dataflow::depthwise_broadcast:
      if (array.fuse_links) break;
      throw CompileError(
          fmt::format("depthwise mapping 'broadcast' needs FuSe links, which array '{}' lacks; use 'column' or 'row'",
                      isa::describe(array)));
    default:
      throw CompileError(
          fmt::format("depthwise mapping '{}' is none; use depthwise_column, depthwise_row or depthwise_broadcast",
                      isa::name(options.depthwise)));
  }
  if (options.dma_request_bytes == 0) {
    throw CompileError("the DMA's requests are 0 bytes long; they must have at least one");
  }
  if (!(options.dram_bytes_per_cycle > 0) || !(options.dram_latency_cycles >= 0)) {
    throw CompileError(
        fmt::format("the memory's estimated rate is {} bytes a cycle and its latency {} cycles; the rate "
                    "must be above zero and the latency not below",
                    options.dram_bytes_per_cycle, options.dram_latency_cycles));
  }
}

/// Calls visit(index in C,H,W, byte of the section) for every element.
template <typename Visit>
void for_elements(const NodePlace& place, graph::Shape shape, Visit visit) {
  std::size_t index = 0;
  for (std::uint32_t c = 0; c < shape.channels; ++c) {
    for (std::uint32_t y = 0; y < shape.height; ++y) {
      const std::uint64_t line = place.offset + c * place.channel_stride + y * place.row_stride;
      for (std::uint32_t x = 0; x < shape.width; ++x) visit(index++, line + x);
    }
  }
}

/// The network's input, C,H,W.
std::vector<std::int8_t> input_values(const reference::QuantizedGraph& network, const Options& options) {
  const std::uint64_t elements = network.graph().node(network.input()).shape.elements();
  const reference::Limits range = reference::limits(network.format(network.input()).type);
  if (options.input.empty()) {
    std::vector<std::int8_t> values(elements);
    isa::fill_generated(isa::mix64(options.seed), 0, values);
    if (range.lowest != -128) {
      for (std::int8_t& value : values) value = static_cast<std::int8_t>(value >> 4);  // int4
    }
    return values;
  }
  if (options.input.size() != elements) {
    throw CompileError(fmt::format("the input has {} elements, but the network '{}' needs {}", options.input.size(),
                                   network.graph().node(network.input()).name, elements));
  }
  for (const std::int8_t value : options.input) {
    if (value < range.lowest || value > range.highest) {
      throw CompileError(
          fmt::format("the input holds {}, but its type goes from {} to {}", value, range.lowest, range.highest));
    }
  }
  return options.input;
}

class Compiler {
 public:
  Compiler(const reference::QuantizedGraph& network, const Options& options) : network_(network), options_(options) {}

  Compiled run(const std::string& name) {
    TaskList list = make_tasks(network_, options_);
    program_.network = name;
    program_.core = options_.core;
    for (isa::machine::Section& section : list.sections) append(std::move(section));
    if (options_.values) {
      const NodePlace& input = list.nodes[network_.input()];
      const std::vector<std::int8_t> values = input_values(network_, options_);
      std::vector<std::int8_t>& bytes = program_.sections[*input.section].values;
      bytes.resize(values.size());
      for_elements(input, network_.graph().node(network_.input()).shape,
                   [&](std::size_t index, std::uint64_t byte) { bytes[byte] = values[index]; });
    }
    for (const LayerTask& task : list.tasks) {
      if (task.predicted) {
        add_block(task);
      } else {
        add_layer(task, tiling_for(task));
      }
    }
    compiled_.nodes = std::move(list.nodes);
    compiled_.program = std::move(program_);
    return std::move(compiled_);
  }

 private:
  std::uint32_t append(isa::machine::Section section) {
    section.address = next_address_;
    next_address_ = (next_address_ + section.bytes + section_alignment - 1) / section_alignment * section_alignment;
    program_.sections.push_back(std::move(section));
    return static_cast<std::uint32_t>(program_.sections.size() - 1);
  }

  /// A name that no node has.
  std::string section_name(const std::string& layer, const char* what) const {
    std::string name = layer + what;
    while (network_.graph().find(name)) name += '_';
    return name;
  }

  /// Networks repeat their blocks: what was chosen for one layer serves all that are cut alike.
  const Tiling& tiling_for(const LayerTask& task) {
    const auto known = std::find_if(tilings_.begin(), tilings_.end(),
                                    [&](const auto& entry) { return cut_alike(*entry.first, task); });
    if (known != tilings_.end()) return known->second;
    return tilings_.emplace_back(&task, choose_tiling(task, options_)).second;
  }

  void add_layer(const LayerTask& task, const Tiling& tiling) {
    LayerResources resources;
    resources.layer = static_cast<std::uint32_t>(program_.layers.size());
    program_.layers.push_back(task.name);
    const ConstantsLayout layout = constants_layout(task, tiling);
    if (layout.bytes > 0) {
      isa::machine::Section section{
          .name = section_name(task.name, ".constants"), .role = isa::machine::Role::constant, .bytes = layout.bytes};
      if (options_.values) section.values = constant_values(task, layout);
      resources.constants = append(std::move(section));
    }
    emit_layer(task, tiling, layout, resources, options_, program_, emitter_);
    compiled_.layers.push_back({.name = task.name,
                                .macs = task.on_array ? task.geometry.macs() : 0,
                                .tiles = tiling.bands * tiling.blocks,
                                .loop_order = tiling.bands_outside ? "bands outside" : "channels outside",
                                .load_bytes = tiling.load_bytes,
                                .store_bytes = tiling.store_bytes,
                                .estimated_cycles = tiling.cycles,
                                .estimated_stall = tiling.stall});
  }

  void add_block(const LayerTask& task) {
    check_fused_unit(task, options_.core);
    std::vector<GroupLists> lists;
    for (std::uint32_t group = 0; group < task.geometry.groups; ++group) {
      lists.emplace_back(*task.predicted, task.name, group, options_.core.fused, options_.fused.source);
    }
    const FusedTiling tiling = choose_fused_tiling(task, lists, options_);
    FusedListsLayout layout = fused_lists_layout(task, tiling, lists);
    FusedResources resources;
    resources.layer = static_cast<std::uint32_t>(program_.layers.size());
    resources.round_channels = lists.front().round_channels();
    program_.layers.push_back(task.name);
    isa::machine::Section section{.name = section_name(task.name, ".lists"),
                                  .role = isa::machine::Role::lists,
                                  .bytes = layout.values.size(),
                                  .values = std::move(layout.values)};
    resources.lists = append(std::move(section));
    emit_fused_layer(task, tiling, layout, resources, options_, program_, emitter_);
    compiled_.layers.push_back({.name = task.name,
                                .macs = 0,
                                .tiles = tiling.tiles(),
                                .loop_order = tiling.lists_stay ? "groups outside" : "tiles outside",
                                .load_bytes = tiling.load_bytes,
                                .store_bytes = tiling.store_bytes,
                                .estimated_cycles = tiling.cycles,
                                .estimated_stall = tiling.stall,
                                .list_bytes = tiling.list_bytes,
                                .words = tiling.words,
                                .products = tiling.products});
  }

  const reference::QuantizedGraph& network_;
  const Options& options_;
  Compiled compiled_;
  isa::machine::Program program_;
  Emitter emitter_{program_};
  std::uint64_t next_address_ = 0;
  std::deque<std::pair<const LayerTask*, Tiling>> tilings_;
};

}  // namespace

std::vector<std::int8_t> gather(const NodePlace& place, graph::Shape shape, std::span<const std::int8_t> section) {
  std::vector<std::int8_t> values(shape.elements());
  for_elements(place, shape, [&](std::size_t index, std::uint64_t byte) { values[index] = section[byte]; });
  return values;
}

Compiled compile(const reference::QuantizedGraph& graph, const std::string& network, const Options& options) {
  check(options);
  return Compiler(graph, options).run(network);
}

}  // namespace fusesim::tile
