// SPDX-License-Identifier: Apache-2.0
// What crosses the edge of the array in one clock: the interface that every implementation of the array shares
// (the stepped model here, the Verilated SystemVerilog in rtl/).
#pragma once

#include <cstdint>
#include <vector>

#include "hw/isa/array_config.h"

namespace fusesim::array {

/// Values on the input ports during one cycle (the time before a clock edge). Vectors are R or C long; flags are 0
/// or 1.
///
/// `skewed` tells the edge feeders what to do with the operands of this cycle. Skewed (GEMM): row i is delayed by i
/// registers and column j by hop_delay(j), so that they meet as a wavefront. Direct (FuSe): rows enter at once; the
/// column enables and drain strobes are delayed only by wire_delay(j), and `top` is not used.
struct EdgeInputs {
  explicit EdgeInputs(const isa::ArrayConfig& config);
  /// Everything idle: all valid bits and data zero, skewed.
  void clear();

  bool enable = true;  ///< Global enable: when low, no register changes at the coming edge.
  bool skewed = true;
  // Left edge, one per row.
  std::vector<std::int8_t> left;         ///< Activation entering row i.
  std::vector<std::uint8_t> left_valid;  ///< GEMM: this row accumulates with this operand.
  bool left_first = false;               ///< GEMM: first operand of a fold; the sum starts from zero.
  std::uint8_t left_bank = 0;            ///< GEMM: accumulator bank.
  // Broadcast wires, one per row (FuSe links only).
  std::vector<std::int8_t> tap;         ///< Filter tap on row i's wire.
  std::vector<std::uint8_t> tap_valid;  ///< The wire drives the top registers of row i and its PEs accumulate.
  bool tap_first = false;
  std::uint8_t tap_bank = 0;
  // Top edge, one per column.
  std::vector<std::int8_t> top;         ///< GEMM: weight entering column j.
  std::vector<std::uint8_t> top_valid;  ///< GEMM: column in use. FuSe: column enable, read in cycles with a valid tap.
  std::vector<std::uint8_t> drain;      ///< Column j's finished sums start to move down.
  std::uint8_t drain_bank = 0;
};

/// Values on the output ports during one cycle: what the bottom of column j hands out at the coming clock edge.
struct EdgeOutputs {
  explicit EdgeOutputs(const isa::ArrayConfig& config);
  std::vector<std::uint8_t> valid;
  std::vector<std::int32_t> data;
};

}  // namespace fusesim::array
