// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "hw/array/array_model.h"

namespace fusesim::waves {

/// An array whose registers and ports are a fixed function of time and place, so that a test knows each of them without
/// having watched.
class ScriptedArray final : public array::ArrayModel {
 public:
  explicit ScriptedArray(const isa::ArrayConfig& config) : config_(config) {}

  [[nodiscard]] static std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    std::uint64_t x = a * 0x9e3779b97f4a7c15U + b * 0xbf58476d1ce4e5b9U + c * 0x94d049bb133111ebU + 1;
    x ^= x >> 31U;
    x *= 0xd6e8feb86659fd93U;
    return x ^ x >> 32U;
  }

  /// Registers in a cycle. They hold for some cycles, differently in each PE.
  [[nodiscard]] static array::PeState state(std::uint64_t cycle, std::uint32_t row, std::uint32_t col) {
    const std::uint64_t bits = mix(cycle / (1 + (row + col) % 3), row, col), sums = mix(bits, 1, 2);
    array::PeState s;
    s.a = static_cast<std::int8_t>(bits);
    s.w = static_cast<std::int8_t>(bits >> 8U);
    s.lv = bits >> 16U & 1U;
    s.lf = bits >> 17U & 1U;
    s.lb = bits >> 18U & 1U;
    s.wv = bits >> 19U & 1U;
    s.fv = bits >> 20U & 1U;
    s.ff = bits >> 21U & 1U;
    s.fb = bits >> 22U & 1U;
    s.full[0] = bits >> 23U & 1U;
    s.full[1] = bits >> 24U & 1U;
    s.mv = bits >> 25U & 1U;
    s.mb = bits >> 26U & 1U;
    s.acc[0] = static_cast<std::int32_t>(sums);
    s.acc[1] = static_cast<std::int32_t>(sums >> 32U);
    return s;
  }

  static void drive(std::uint64_t cycle, array::EdgeInputs& in) {
    const std::uint64_t bits = mix(cycle, 77, 0);
    in.enable = bits & 1U;
    in.skewed = bits >> 1U & 1U;
    in.left_first = bits >> 2U & 1U;
    in.left_bank = bits >> 3U & 1U;
    in.tap_first = bits >> 4U & 1U;
    in.tap_bank = bits >> 5U & 1U;
    in.drain_bank = bits >> 6U & 1U;
    for (std::size_t i = 0; i < in.left.size(); ++i) {
      const std::uint64_t row = mix(cycle, i, 5);
      in.left[i] = static_cast<std::int8_t>(row);
      in.tap[i] = static_cast<std::int8_t>(row >> 8U);
      in.left_valid[i] = row >> 16U & 1U;
      in.tap_valid[i] = row >> 17U & 1U;
    }
    for (std::size_t j = 0; j < in.top.size(); ++j) {
      const std::uint64_t col = mix(cycle, j, 6);
      in.top[j] = static_cast<std::int8_t>(col);
      in.top_valid[j] = col >> 16U & 1U;
      in.drain[j] = col >> 17U & 1U;
    }
  }

  [[nodiscard]] static std::int32_t bottom(std::uint64_t cycle, std::uint32_t col) {
    return static_cast<std::int32_t>(mix(cycle, col, 9));
  }

  [[nodiscard]] const isa::ArrayConfig& config() const override { return config_; }
  void reset() override { cycle_ = 0; }
  void clock(const array::EdgeInputs&, array::EdgeOutputs& out) override {
    for (std::uint32_t j = 0; j < config_.cols; ++j) {
      out.data[j] = bottom(cycle_, j);
      out.valid[j] = (bottom(cycle_, j) & 1) != 0;
    }
    ++cycle_;
  }
  [[nodiscard]] array::PeState pe(std::uint32_t row, std::uint32_t col) const override {
    return state(cycle_, row, col);
  }
  void read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const override {
    for (std::uint32_t i = 0; i < config_.rows; ++i)
      for (std::uint32_t j = 0; j < config_.cols; ++j) out[i * config_.cols + j] = pe(i, j).acc[bank];
  }

 private:
  isa::ArrayConfig config_;
  std::uint64_t cycle_ = 0;
};

}  // namespace fusesim::waves
