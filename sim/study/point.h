// SPDX-License-Identifier: Apache-2.0
// What the comparison with the ARCHON study simulates: a network of the study on 64 PEs, layer by layer or fused.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hw/control/machine/record.h"
#include "hw/fused/counters.h"
#include "sim/config/machine_config.h"

namespace fusesim::study {

/// Names the figures a point yields. Raised with every change that changes one, so that a journal of older figures is
/// not taken for finished work.
inline constexpr std::string_view figures_version = "archon-figures-1";

enum class Dataflow : std::uint8_t {
  column,         ///< Layer by layer on the 8x8 array, depthwise one channel a column.
  broadcast,      ///< Depthwise over row broadcast wires; the network unchanged.
  fuse_half,      ///< FuSe-Half in place of every depthwise layer: another network, of another accuracy.
  fused_fixed,    ///< Blocks on the fused unit, 16 lanes and 16 adders.
  fused_elastic,  ///< 24 lanes, 6 adders, queues of 30.
};
/// "column", "broadcast", "FuSe-Half", "fused 16/16", "fused 24/6".
[[nodiscard]] std::string_view name(Dataflow dataflow);
[[nodiscard]] constexpr bool is_fused(Dataflow dataflow) {
  return dataflow == Dataflow::fused_fixed || dataflow == Dataflow::fused_elastic;
}

/// What lies behind the scratchpads.
enum class Memory : std::uint8_t {
  ample,        ///< 1000 bytes a cycle: never in the way.
  eight_bytes,  ///< 8 bytes (64 bits) a cycle.
  ddr4,         ///< One channel of DDR4-2400, 19.2 bytes a cycle at best.
};
/// "ample", "8 B/cycle", "DDR4-2400".
[[nodiscard]] std::string_view name(Memory memory);

/// Where terms come from, on the fused unit.
enum class Terms : std::uint8_t {
  lists,          ///< Composed offline; the scratchpad serves a word whenever it is wanted.
  slow_lists,     ///< Composed offline; the scratchpad serves 8 bytes a cycle.
  factors,        ///< Formed at the edge of the array from sparse factors.
  passing_lists,  ///< Composed offline, loaded from DRAM again for every tile, as in the study.
};
/// "lists", "8 B/cycle", "factors", "from DRAM".
[[nodiscard]] std::string_view name(Terms terms);

/// The networks of the study with blocks of the kind, by their names in the zoo.
inline constexpr std::array<std::string_view, 3> networks{"archon_mobilenet_v2", "fusionet_c10", "archon_mnasnet"};

/// Share of values that each predicted ReLU passes where nothing else is said.
inline constexpr double usual_survival = 0.3;

struct Point {
  std::string network;
  Dataflow dataflow = Dataflow::column;
  Memory memory = Memory::ample;
  Terms terms = Terms::lists;        ///< Of fused dataflows.
  double survival = usual_survival;  ///< Likewise. Synthetic.
  bool operator==(const Point&) const = default;
};

struct Result {
  std::uint64_t cycles = 0;
  control::machine::CauseCycles causes{};  ///< Sums to `cycles`.
  std::uint64_t dram_bytes = 0;            ///< Read and written.
  std::uint64_t peak_weight_bytes = 0;     ///< Most that the weights scratchpad held.
  fused::Counters fused;                   ///< Sum over the fused unit's instructions.
  bool operator==(const Result&) const = default;
};

/// Points of all tables, none twice.
[[nodiscard]] std::vector<Point> points();

/// One line for messages: "fusionet_c10, fused 24/6, ample memory, survival 0.3".
[[nodiscard]] std::string describe(const Point& point);

/// The machine of a point: preset archon-8x8 with the dataflow, memory and list rate of the point.
[[nodiscard]] config::MachineConfig machine_of(const Point& point);

}  // namespace fusesim::study
