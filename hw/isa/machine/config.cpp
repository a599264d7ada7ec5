// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "hw/isa/machine/fused_lists.h"
#include "hw/isa/machine/limits.h"

namespace fusesim::isa::machine {
namespace {

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw std::invalid_argument(fmt::format(format, std::forward<Args>(args)...));
}

/// Where a bound comes from another field: why, and what to do about it.
struct Hints {
  const char *below = "", *above = "";
};

void check_from_to(const char* unit, const char* field, std::uint64_t value, std::uint64_t least, std::uint64_t most,
                   const Hints& hints = {}) {
  if (value < least || value > most) {
    fail("{}.{} is {}; it must be from {} to {}{}", unit, field, value, least, most,
         value < least ? hints.below : hints.above);
  }
}

void check_pad(Pad which, const ScratchpadConfig& pad) {
  const char* unit = name(which);
  check_from_to(unit, "bytes", pad.bytes, 1, max_pad_bytes);
  check_from_to(unit, "banks", pad.banks, 1, max_banks);
  check_from_to(unit, "width", pad.width, 1, max_word_bytes);
  check_from_to(unit, "ports", pad.ports, 1, max_ports);
  if ((pad.width & (pad.width - 1)) != 0) {
    fail("{}.width is {}; it must be a power of two", unit, pad.width);
  }
  if (pad.bytes % pad.row_bytes() != 0) {
    const std::uint64_t rows = pad.bytes / pad.row_bytes() + 1;
    fail("{}.bytes is {}; it must be a multiple of banks * width = {}, such as {}", unit, pad.bytes, pad.row_bytes(),
         rows * pad.row_bytes());
  }
}

std::string describe(const ScratchpadConfig& pad) {
  return fmt::format("bytes={} banks={} width={} ports={}", pad.bytes, pad.banks, pad.width, pad.ports);
}

void check_fused(const FusedConfig& fused, const ArrayConfig& array) {
  if (!fused.present) {
    if (fused != FusedConfig{}) {
      fail("fused.present is not set, but other fields of the fused unit are; set it, or leave them at their defaults");
    }
    return;
  }
  check_from_to("fused", "tile_rows", fused.tile_rows, 1, max_fused_positions);
  check_from_to("fused", "tile_columns", fused.tile_columns, 1, max_fused_positions);
  const std::uint64_t pes = std::uint64_t{fused.tile_rows} * fused.tile_columns;
  if (pes > max_fused_positions || pes != std::uint64_t{array.rows} * array.cols) {
    fail(
        "fused.tile_rows x fused.tile_columns is {}x{}, but the array has {}x{} PEs; give each PE one output (at most "
        "{})",
        fused.tile_rows, fused.tile_columns, array.rows, array.cols, max_fused_positions);
  }
  if (fused.mode > FusedMode::elastic) {
    fail("fused.mode {} is unknown; choose fixed or elastic", static_cast<unsigned>(fused.mode));
  }
  check_from_to("fused", "lanes", fused.lanes, 1, max_fused_lanes);
  constexpr Hints at_most_lanes{.above = " = fused.lanes, the terms of a word; lower it too, or raise fused.lanes"};
  if (fused.mode == FusedMode::fixed) {
    if (fused.adders != fused.lanes || fused.queue_depth != 0) {
      fail(
          "fused.adders is {} and fused.queue_depth {}; in mode fixed every lane has its adder and nothing is queued: "
          "make them {} and 0, or use mode elastic",
          fused.adders, fused.queue_depth, fused.lanes);
    }
  } else {
    check_from_to("fused", "adders", fused.adders, 1, fused.lanes, at_most_lanes);
    check_from_to("fused", "queue_depth", fused.queue_depth, fused.lanes, max_fused_queue,
                  {.below = ", as all lanes of a word may survive; raise it, or lower fused.lanes"});
  }
  check_from_to("fused", "adder_bits", fused.adder_bits, 8, 32);
  check_from_to("fused", "ladders", fused.ladders, 1, max_fused_ladders);
  check_from_to("fused", "mask_channels", fused.mask_channels, 1, max_fused_channels);
  check_from_to("fused", "mask_positions", fused.mask_positions, pes, max_fused_positions);
  check_from_to("fused", "level_channels", fused.level_channels, 1, max_fused_channels);
  check_from_to("fused", "tile_bytes", fused.tile_bytes, 1, max_tile_bytes);
  check_from_to("fused", "tile_port_bytes", fused.tile_port_bytes, 1, max_tile_port);
  check_from_to("fused", "list_bytes_per_cycle", fused.list_bytes_per_cycle, 0, max_list_rate);
  check_from_to("fused", "list_fifo_bytes", fused.list_fifo_bytes, widest_word_bytes(fused), max_list_fifo,
                {.below = ", as it holds the widest word; raise it, or lower fused.lanes or fused.ladders"});
  check_from_to("fused", "composer_terms_per_cycle", fused.composer_terms_per_cycle, 1, fused.lanes, at_most_lanes);
  check_from_to("fused", "output_lanes", fused.output_lanes, 1, pes);
}

std::string describe(const FusedConfig& fused) {
  if (!fused.present) return "";
  return fmt::format(
      " | fused tile={}x{} mode={} lanes={} adders={} queue_depth={} adder_bits={} ladders={} mask_channels={} "
      "mask_positions={} level_channels={} tile_bytes={} tile_port_bytes={} list_bytes_per_cycle={} list_fifo_bytes={} "
      "composer_terms_per_cycle={} output_lanes={}",
      fused.tile_rows, fused.tile_columns, name(fused.mode), fused.lanes, fused.adders, fused.queue_depth,
      fused.adder_bits, fused.ladders, fused.mask_channels, fused.mask_positions, fused.level_channels,
      fused.tile_bytes, fused.tile_port_bytes, fused.list_bytes_per_cycle, fused.list_fifo_bytes,
      fused.composer_terms_per_cycle, fused.output_lanes);
}

}  // namespace

std::uint32_t widest_word_bytes(const FusedConfig& config) {
  return std::max(fused_term_bytes * config.lanes,
                  fused_lane_bytes * config.lanes + fused_expand_record_bytes * config.ladders);
}

void validate(const CoreConfig& config) {
  validate(config.array);
  for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) check_pad(pad, config.pad(pad));
  if (config.outputs.width != 4) {
    fail("outputs.width is {}; it must be 4, the bytes of a sum", config.outputs.width);
  }
  if (config.outputs.banks < config.array.cols) {
    fail("outputs.banks is {}; it must be at least array.cols = {}, so that every column has a bank for its sums",
         config.outputs.banks, config.array.cols);
  }
  check_from_to("vector", "lanes", config.vector.lanes, 1, max_lanes);
  check_from_to("vector", "latency", config.vector.latency, 0, max_latency);
  check_from_to("control", "fetch_cycles", config.control.fetch_cycles, 0, max_latency);
  check_from_to("control", "decode_cycles", config.control.decode_cycles, 1, max_latency);
  check_from_to("control", "queue_depth", config.control.queue_depth, 1, max_queue_depth);
  check_fused(config.fused, config.array);
}

std::string describe(const CoreConfig& config) {
  return fmt::format(
      "array {} | activations {} | weights {} | outputs {} | vector lanes={} latency={} | control fetch_cycles={} "
      "decode_cycles={} queue_depth={}{}",
      isa::describe(config.array), describe(config.activations), describe(config.weights), describe(config.outputs),
      config.vector.lanes, config.vector.latency, config.control.fetch_cycles, config.control.decode_cycles,
      config.control.queue_depth, describe(config.fused));
}

}  // namespace fusesim::isa::machine
