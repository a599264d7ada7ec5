// SPDX-License-Identifier: Apache-2.0
// Edge inputs without sense: every port random, so that every case of docs/array.md is met, also those that no
// controller makes.
#pragma once

#include <cstdint>
#include <random>

#include "hw/array/edge.h"

namespace fusesim::test {

/// Traffic whose character changes every few clocks: how often operands, taps, strobes and stalls come.
class RandomEdges {
 public:
  RandomEdges(const isa::ArrayConfig& config, std::uint64_t seed) : inputs_(config), random_(seed) {}

  const array::EdgeInputs& next() {
    if (clocks_++ % 16 == 0) {
      for (double* density : {&operands_, &taps_, &weights_, &strobes_, &firsts_}) *density = pick();
      strobes_ *= strobes_;
      stalls_ = chance(0.5) ? 0.0 : 0.3;
      skewed_ = chance(0.5);
      mixed_ = chance(0.2);
    }
    inputs_.enable = !chance(stalls_);
    inputs_.skewed = mixed_ ? chance(0.5) : skewed_;
    for (std::size_t i = 0; i < inputs_.left.size(); ++i) {
      inputs_.left[i] = value();
      inputs_.left_valid[i] = chance(operands_);
      inputs_.tap[i] = value();
      inputs_.tap_valid[i] = chance(taps_);
    }
    for (std::size_t j = 0; j < inputs_.top.size(); ++j) {
      inputs_.top[j] = value();
      inputs_.top_valid[j] = chance(weights_);
      inputs_.drain[j] = chance(strobes_);
    }
    inputs_.left_first = chance(firsts_);
    inputs_.tap_first = chance(firsts_);
    inputs_.left_bank = chance(0.5);
    inputs_.tap_bank = chance(0.5);
    inputs_.drain_bank = chance(0.5);
    return inputs_;
  }

 private:
  double pick() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  std::uint8_t chance(double probability) { return pick() < probability ? 1 : 0; }
  std::int8_t value() { return static_cast<std::int8_t>(static_cast<std::uint8_t>(random_() & 0xff)); }

  array::EdgeInputs inputs_;
  std::mt19937_64 random_;
  std::uint64_t clocks_ = 0;
  double operands_ = 0, taps_ = 0, weights_ = 0, strobes_ = 0, firsts_ = 0, stalls_ = 0;
  bool skewed_ = true, mixed_ = false;
};

}  // namespace fusesim::test
