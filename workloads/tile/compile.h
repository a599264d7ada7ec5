// SPDX-License-Identifier: Apache-2.0
// Compiles a quantised network to a machine program: tiles every layer to the scratchpads, chooses loop orders and
// layouts, allocates addresses, orders the queues by tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/isa/machine/program.h"
#include "workloads/reference/quantized_graph.h"

namespace fusesim::tile {

/// A network that cannot be compiled: an operator the machine lacks, or scratchpads too small for a layer. The message
/// names the layer and says how much is needed.
class CompileError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Where the lists of a predicted block are while its tiles are worked on.
enum class FusedSchedule : std::uint8_t {
  best,        ///< By estimated cycles, then by traffic.
  lists_stay,  ///< Group by group: a group's lists are loaded once and stay for all its tiles.
  lists_pass,  ///< Tile by tile: lists are loaded again for each.
};

/// How predicted blocks are compiled; of no meaning for networks without.
struct FusedOptions {
  FusedSchedule schedule = FusedSchedule::best;
  isa::machine::FusedSource source = isa::machine::FusedSource::lists;
};

struct Options {
  isa::machine::CoreConfig core;
  isa::Dataflow depthwise = isa::Dataflow::depthwise_broadcast;  ///< As lower::LowerOptions::depthwise.
  bool row_packing = false;
  /// What the compiler believes of the memory when it estimates stalls; cycles of the accelerator.
  double dram_bytes_per_cycle = 16;
  double dram_latency_cycles = 100;
  std::uint32_t dma_request_bytes = 4096;  ///< Largest request of the DMA.
  std::vector<std::int8_t> input = {};     ///< The network's input, C,H,W; empty: generated from `seed`.
  std::uint64_t seed = 1;
  bool values = true;  ///< Without, sections but lists stay empty: for timing only.
  FusedOptions fused = {};
};

/// How one layer was tiled, and what that should cost.
struct LayerPlan {
  std::string name;  ///< As in Program::layers.
  std::uint64_t macs = 0;
  std::uint32_t tiles = 0;  ///< Array or vector tiles.
  /// As docs/compiler.md names them: "bands outside", "channels outside"; of predicted blocks "groups outside",
  /// "tiles outside".
  std::string loop_order = {};
  std::uint64_t load_bytes = 0;  ///< Planned DRAM traffic: the DMA's counters must show exactly this.
  std::uint64_t store_bytes = 0;
  double estimated_cycles = 0;  ///< Of the cost model that chose the tiling.
  double estimated_stall = 0;   ///< Of these, cycles in which the array would wait for memory.
  // Of predicted blocks; 0 of other layers.
  std::uint64_t list_bytes = 0;  ///< Of load_bytes: lists or factors, records of the predictor, parameters.
  std::uint64_t words = 0;       ///< Broadcast to the PEs.
  std::uint64_t products = 0;    ///< Multiplications by composed weights, survivors or not.
};

/// Where the result of a node of the network is after a run: element (c, y, x) is byte
/// offset + c * channel_stride + y * row_stride + x of its section.
struct NodePlace {
  /// Index into Program::sections. Views (split, flatten) and maps that a concat joins lie inside another node's
  /// section. Nothing when the tensor never exists.
  std::optional<std::uint32_t> section;
  std::uint64_t offset = 0;
  std::uint64_t channel_stride = 0, row_stride = 0;  ///< Bytes. Without meaning for maps of one channel, of one row.
  /// When the tensor never exists: what the same pass makes of it (a convolution's ReLU), which may be folded in turn.
  std::optional<graph::NodeId> folded_into;
};

/// A tensor's elements, C,H,W, from the bytes of its section.
[[nodiscard]] std::vector<std::int8_t> gather(const NodePlace& place, graph::Shape shape,
                                              std::span<const std::int8_t> section);

struct Compiled {
  isa::machine::Program program;
  std::vector<LayerPlan> layers;
  std::vector<NodePlace> nodes;  ///< One a node of the quantised graph.
};

/// `network` is what Program::network says. Tensors that lie in DRAM are sections named like their nodes. The result is
/// valid on the options' core. Throws CompileError, and std::invalid_argument for a core that is none.
[[nodiscard]] Compiled compile(const reference::QuantizedGraph& graph, const std::string& network,
                               const Options& options);

}  // namespace fusesim::tile
