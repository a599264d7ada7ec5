// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/isa/machine/random/fused_lists.h"

#include <algorithm>
#include <type_traits>

namespace fusesim::isa::machine::test {
namespace {

FusedSum random_sum(Dice& dice, std::uint32_t inputs, std::uint32_t spread) {
  FusedSum sum;
  sum.falling = dice.chance(3);
  for (std::uint32_t i = 0; i < inputs; ++i) {
    if (!dice.chance(3)) sum.lanes.push_back({static_cast<std::uint16_t>(i), dice.chance(2)});
  }
  sum.mask = static_cast<std::int16_t>(dice.around_zero(spread));
  for (std::int16_t& level : sum.levels) level = static_cast<std::int16_t>(dice.around_zero(2 * spread));
  std::sort(sum.levels.begin(), sum.levels.end());
  if (sum.falling) std::reverse(sum.levels.begin(), sum.levels.end());
  return sum;
}

}  // namespace

FusedPredictor random_predictor(Dice& dice, const FusedListShape& shape) {
  FusedPredictor predictor;
  for (std::uint32_t m = 0; m < shape.middle; ++m) {
    predictor.expand.push_back(random_sum(dice, shape.channels, 8));
    predictor.depthwise.push_back(random_sum(dice, shape.taps(), 6));
  }
  return predictor;
}

FusedFactors random_factors(Dice& dice, const FusedListShape& shape) {
  FusedFactors factors;
  const std::uint32_t sparsity = dice.upto(3);
  const auto fill = [&](auto& elements, std::size_t count, std::uint32_t most) {
    elements.resize(count);
    for (auto& element : elements) {
      if (dice.chance(sparsity))
        element = static_cast<std::remove_reference_t<decltype(element)>>(dice.around_zero(most));
    }
  };
  fill(factors.expand, std::size_t{shape.middle} * shape.channels, 3);
  fill(factors.depthwise, std::size_t{shape.middle} * shape.taps(), 3);
  fill(factors.project, std::size_t{shape.out_channels} * shape.middle, 3);
  fill(factors.expand_bias, shape.middle, 30);
  fill(factors.depthwise_bias, shape.middle, 30);
  return factors;
}

}  // namespace fusesim::isa::machine::test
