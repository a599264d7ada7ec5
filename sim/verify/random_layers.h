// SPDX-License-Identifier: Apache-2.0
// Small random layers of every dataflow an array has. The sequence for a seed is the same with every standard library.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "hw/control/fold_plan.h"
#include "hw/isa/program.h"

namespace fusesim::verify {

struct RandomLayer {
  control::FoldPlan plan;
  std::vector<std::int8_t> input;    ///< C,H,W.
  std::vector<std::int8_t> weights;  ///< O,I,H,W.
};

class RandomLayers {
 public:
  RandomLayers(const isa::ArrayConfig& array, std::uint64_t seed) : array_(array), random_(seed) {}

  /// A few folds: partial ones, kernels of 1 to 7, strides of 1 to 3, dilation, uneven padding, packed rows, and
  /// operands that are uniform, sparse or all -128.
  [[nodiscard]] RandomLayer next();

  /// True in about one of `n` calls.
  [[nodiscard]] bool one_in(std::uint32_t n) { return between(1, n) == 1; }

 private:
  [[nodiscard]] std::uint32_t between(std::uint32_t low, std::uint32_t high);
  [[nodiscard]] isa::ArrayInstruction instruction();
  [[nodiscard]] std::vector<std::int8_t> values(std::size_t count, bool extreme);

  isa::ArrayConfig array_;
  std::mt19937_64 random_;
};

}  // namespace fusesim::verify
