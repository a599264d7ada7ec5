// SPDX-License-Identifier: Apache-2.0
// One point of a sweep: a network on a machine, under a cycle model.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hw/isa/array_config.h"
#include "hw/isa/program.h"
#include "sim/analytic/model.h"
#include "sim/config/machine_config.h"
#include "sim/config/scratchpads.h"

namespace fusesim::sweep {

/// Names the figures a point yields. Raised with every change of the compiler, the timing law or a formula that
/// changes a figure, so that a journal of older figures is not taken for finished work.
inline constexpr std::string_view model_version = "fusesim-figures-1";

/// The same for points with a memory, together with model_version: raised with every change of the tiling compiler, the
/// DRAM or any unit of the machine around the array that changes a figure.
inline constexpr std::string_view machine_version = "machine-1";

/// How depthwise layers are laid on the array (FuSe layers too, where there are no FuSe links and the mapping is not
/// `broadcast`).
enum class DepthwiseMapping : std::uint8_t {
  column = static_cast<std::uint8_t>(isa::Dataflow::depthwise_column),
  row = static_cast<std::uint8_t>(isa::Dataflow::depthwise_row),
  broadcast = static_cast<std::uint8_t>(isa::Dataflow::depthwise_broadcast),
};

[[nodiscard]] constexpr isa::Dataflow dataflow(DepthwiseMapping mapping) {
  return static_cast<isa::Dataflow>(mapping);
}

inline constexpr std::array depthwise_mappings{DepthwiseMapping::column, DepthwiseMapping::row,
                                               DepthwiseMapping::broadcast};

/// Its dataflow's name without "depthwise_".

[[nodiscard]] std::string_view name(DepthwiseMapping mapping);
[[nodiscard]] std::string_view name(isa::Accumulators accumulators);
[[nodiscard]] std::string_view name(isa::FoldOverlap folds);

/// A DRAM, and the scratchpads between it and the array. The rest of the machine (vector unit, controller, DMA, and a
/// clock of 1000 MHz) is config::MachineConfig's default.
struct Memory {
  std::string standard;             ///< "fixed" or a DRAM channel.
  double gigabytes_per_second = 0;  ///< Fixed only; 0 otherwise. Its latency is the default's.
  config::ScratchpadSizes scratchpads{};
  bool operator==(const Memory&) const = default;
};

/// "DDR4-2400", "fixed-8" (GB/s), and "none" for ideal memory.
[[nodiscard]] std::string name(const std::optional<Memory>& memory);

/// What only the hardware model distinguishes.
struct HardwareOptions {
  isa::Accumulators accumulators = isa::Accumulators::pingpong;
  isa::FoldOverlap folds = isa::FoldOverlap::pipelined;
  DepthwiseMapping dw_mapping = DepthwiseMapping::column;
  bool packing = false;  ///< Several image lines of a FuSe layer side by side in one array row.
  /// Nothing: ideal, only the array is timed. Else the network runs from DRAM to DRAM.
  std::optional<Memory> memory = {};
  bool operator==(const HardwareOptions&) const = default;
};

struct Point {
  std::string network, variant;
  std::uint32_t rows = 64, cols = 64;
  bool fuse_links = true;
  std::optional<analytic::Model> formula;  ///< Nothing: simulated.
  HardwareOptions hardware;                ///< Default values when there is a formula.
  bool operator==(const Point&) const = default;
};

/// "simulated", or the name of the formula.
[[nodiscard]] std::string_view model_name(const Point& point);

/// The machine of a point with a memory.
[[nodiscard]] config::MachineConfig machine_of(const Point& point);

/// One line that tells the point from every other, with the model version: what its key is a digest of.
[[nodiscard]] std::string describe(const Point& point);

/// The same in columns for people, without the model version: "network variant rows cols model links ...", a dash where
/// a formula has no such option. The names of the columns are `plain_columns`, followed by `plain_memory_columns` for a
/// point with a memory.
[[nodiscard]] std::string plain(const Point& point);
inline constexpr std::string_view plain_columns =
    "network variant rows cols model fuse_links accumulators folds dw_mapping packing";
inline constexpr std::string_view plain_memory_columns = "dram scratchpads";

/// Network, variant, array, and the memory and scratchpads if it has any, as a sentence names them.
[[nodiscard]] std::string in_words(const Point& point);

/// 64-bit digest of describe().
[[nodiscard]] std::uint64_t key(const Point& point);

/// Why the point makes no sense, nothing if it does:
/// - `broadcast` depthwise and row packing need FuSe links;
/// - serial folds never use a second accumulator, so they are run with a single one only.
[[nodiscard]] std::optional<std::string_view> rule_against(const Point& point);

/// What the speedup of `point` is measured against: the network's baseline variant with `mapping` depthwise on the
/// same array without FuSe links, same model, accumulators, folds and memory, no packing.
[[nodiscard]] Point reference(const Point& point, DepthwiseMapping mapping);

}  // namespace fusesim::sweep
