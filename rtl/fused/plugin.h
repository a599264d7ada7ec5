// SPDX-License-Identifier: Apache-2.0
// The C interface of a Verilated fused block in a shared object of its own. One shared object holds one configuration;
// the program that loads it needs neither Verilator nor its headers.
#pragma once

#include <cstdint>

extern "C" {

/// Increased whenever the structures below change.
inline constexpr std::uint32_t fusesim_rtl_fused_version = 1;

/// Ports of one cycle as fused_block_observed.sv names them; flags are 0 or 1. Pointers are to as many elements as the
/// configuration has (lanes, ladders, tile port, output lanes), whatever the counts say.
struct FusesimRtlFusedInputs {
  std::uint8_t kernel, twice, pad_top, pad_left;
  std::uint16_t region_rows, region_columns, out_rows, out_columns;
  std::uint8_t buffer;

  std::uint8_t kind;  ///< 0 none (the rest of the word is not looked at), 1 expand, 2 depthwise, 3 terms.
  std::uint8_t lane_count, ending_count;
  const std::uint16_t* lane_index;
  const std::int16_t* lane_weight;
  const std::uint8_t* ending_lanes;
  const std::uint16_t *ending_channel, *ending_place;
  std::uint16_t ending_falling;  ///< Bit f: ending f.
  const std::int16_t* ending_mask;
  const std::int16_t* ending_levels;  ///< Seven an ending.
  std::uint16_t pass, open_place;
  std::uint8_t last, channel_end, every_tap, tap, constant, shift;
  std::uint16_t channel;

  std::uint8_t write, write_buffer;
  std::uint16_t write_count;
  std::uint32_t write_address;
  const std::int16_t* write_x;
  const std::int8_t* write_v;

  std::int32_t bias, multiplier, multiplier_a, multiplier_b;
  std::uint8_t out_shift, add_residual, residual_shift;
  std::int8_t zero_out, lowest, highest, zero_a, zero_b, residual_zero_out, residual_lowest, residual_highest;
  const std::int8_t* residual;
};

/// Output ports in the cycle after the edge.
struct FusesimRtlFusedOutputs {
  std::uint8_t ready, held, takes, busy, emits, idle;
  std::uint16_t group, emitted_group;
  const std::int8_t* emitted;  ///< One an output lane; valid until the next call.
};

struct FusesimRtlFusedPlugin {
  std::uint32_t version;
  const char* source_digest;  ///< Of the SystemVerilog it was made from.
  const char* configuration;  ///< configuration_name() of rtl/fused/verilated_fused_core.h.

  void* (*create)();
  void (*destroy)(void* model);
  void (*outputs)(void* model, FusesimRtlFusedOutputs* out);
  /// One edge. Returns null, or the text of the assertions that failed at it, valid until the next call.
  const char* (*clock)(void* model, const FusesimRtlFusedInputs* in, FusesimRtlFusedOutputs* out);
  void (*check_assertions)(void* model, int on);
  /// State after the last edge: words of the PEs (fused_block_observed.sv), masks of a middle channel and levels of a
  /// place as bits, little endian. Valid until the next call.
  void (*observe)(void* model, std::uint16_t channel, std::uint16_t place, const std::uint32_t** pes,
                  const std::uint8_t** mask1, const std::uint8_t** mask2, const std::uint8_t** levels);
};

/// The symbol a plug-in exports.
const FusesimRtlFusedPlugin* fusesim_rtl_fused_plugin();
}
