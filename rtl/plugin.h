// SPDX-License-Identifier: Apache-2.0
// The C interface of a Verilated array in a shared object of its own. One shared object holds one configuration; the
// program that loads it needs neither Verilator nor its headers.
#pragma once

#include <cstdint>

extern "C" {

/// Increased whenever the structures below change.
inline constexpr std::uint32_t fusesim_rtl_plugin_version = 1;

/// Ports of one cycle: pointers to elements, flags 0 or 1. Rows and columns as in hw/array/edge.h.
struct FusesimRtlInputs {
  std::uint8_t enable, skewed;
  const std::int8_t* left;
  const std::uint8_t* left_valid;
  std::uint8_t left_first, left_bank;
  const std::int8_t* tap;
  const std::uint8_t* tap_valid;
  std::uint8_t tap_first, tap_bank;
  const std::int8_t* top;
  const std::uint8_t* top_valid;
  const std::uint8_t* drain;
  std::uint8_t drain_bank;
};

struct FusesimRtlPlugin {
  std::uint32_t version;
  const char* source_digest;  ///< Of the SystemVerilog it was made from.
  std::uint32_t rows, cols, banks, fuse, stages;
  std::uint32_t observed;  ///< 0: built without the observation buses; `observe` must not be called.

  void* (*create)();
  void (*destroy)(void* model);
  void (*reset)(void* model);
  /// One cycle: output ports as they stand under `in` (data of columns without a word is arbitrary), then the edge.
  /// Returns null, or the text of the assertions that failed at the edge, valid until the next call.
  const char* (*clock)(void* model, const FusesimRtlInputs* in, std::uint8_t* out_valid, std::int32_t* out_data);
  void (*check_assertions)(void* model, int on);
  /// Registers of every PE after the last edge, valid until the next call; words as in systolic_array_observed.sv.
  void (*observe)(void* model, const std::uint32_t** state, const std::int32_t** accumulators);
};

/// The symbol a plug-in exports.
const FusesimRtlPlugin* fusesim_rtl_plugin();
}
