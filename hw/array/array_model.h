// SPDX-License-Identifier: Apache-2.0
// The registers of a systolic array, advanced one clock at a time. Implemented by SteppedArray (this folder) and by
// the Verilated SystemVerilog (rtl/).
#pragma once

#include <cstdint>
#include <span>

#include "hw/array/edge.h"
#include "hw/isa/array_config.h"

namespace fusesim::array {

/// Registers of one PE, named as in docs/array.md. Fields an array lacks (second bank, FuSe control) read as zero.
struct PeState {
  std::int8_t a = 0;
  bool lv = false, lf = false;
  std::uint8_t lb = 0;
  std::int8_t w = 0;
  bool wv = false;
  bool fv = false, ff = false;
  std::uint8_t fb = 0;
  std::int32_t acc[2] = {0, 0};
  bool full[2] = {false, false};
  bool mv = false;
  std::uint8_t mb = 0;
  bool operator==(const PeState&) const = default;
};

class ArrayModel {
 public:
  virtual ~ArrayModel() = default;
  [[nodiscard]] virtual const isa::ArrayConfig& config() const = 0;
  /// Every register becomes zero.
  virtual void reset() = 0;
  /// One cycle: fills `out` with the output ports as they stand in this cycle under `in`, then takes the clock edge.
  virtual void clock(const EdgeInputs& in, EdgeOutputs& out) = 0;
  /// State after the last edge.
  [[nodiscard]] virtual PeState pe(std::uint32_t row, std::uint32_t col) const = 0;
  /// All accumulators of a bank, row-major; `out` holds rows * cols words.
  virtual void read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const = 0;
};

}  // namespace fusesim::array
