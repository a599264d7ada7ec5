// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_block.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>

#include "tests/support/random_instruction.h"

namespace fusesim::test {
namespace {

using reference::BlockConstants;
using reference::Ladder;
using reference::Scale;
using reference::TensorFormat;

class Builder {
 public:
  Builder(std::uint64_t seed, const RandomBlockOptions& options) : random_(seed), options_(options) {}

  RandomBlock build() {
    choose_sizes();
    made_.in = format();
    made_.out = format();
    for (std::uint64_t i = 0; i < made_.shape.elements(); ++i) {
      const reference::Limits range = reference::limits(made_.in.type);
      const std::int32_t value = blank_ ? made_.in.zero_point : signed_between(range.lowest, range.highest);
      made_.input.push_back(static_cast<std::int8_t>(value));
    }
    made_.constants = predictor();
    choose_residual();
    // Wide kernels and many channels leave room for smaller factors only.
    for (std::uint32_t factor = options_.factor;; factor = std::max(factor / 2, 1U)) {
      choose_factors(factor);
      try {
        reference::check(made_.block, made_.constants, made_.in, made_.out);
        break;
      } catch (const reference::ArithmeticError&) {
        if (factor == 1) throw;
      }
    }
    choose_multipliers();
    return std::move(made_);
  }

 private:
  std::int32_t signed_between(std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(random_.between(0, static_cast<std::uint32_t>(high - low)));
  }
  template <std::size_t N>
  std::uint32_t pick(const std::array<std::uint32_t, N>& values) {
    return values[random_.between(0, N - 1)];
  }

  TensorFormat format() {
    const auto type = random_.chance(0.1) ? reference::ElementType::int4 : reference::ElementType::int8;
    const reference::Limits range = reference::limits(type);
    return {Scale(0x1p-8F * static_cast<float>(random_.between(1, 60))), signed_between(range.lowest, range.highest),
            type};
  }

  void choose_sizes() {
    graph::PredictedBlock& b = made_.block;
    b.groups = pick<4>({1, 1, 2, 4});
    b.in_channels = b.groups * random_.between(1, options_.channels);
    b.middle_channels = b.groups * random_.between(1, options_.middle);
    b.kernel = pick<5>({1, 3, 3, 5, 7});
    b.stride = random_.chance(0.6) ? 1 : 2;
    made_.shape = {b.in_channels, side(), side()};
    const bool residual = b.stride == 1 && b.kernel % 2 == 1 && random_.chance(0.5);
    if (residual) {
      b.padding = graph::Padding::symmetric(b.kernel / 2, b.kernel / 2);
      b.residual = true;
      b.out_channels = b.in_channels;
    } else {
      b.out_channels = b.groups * random_.between(1, options_.channels);
      do {
        const auto pad = [&] { return random_.chance(0.6) ? b.kernel / 2 : random_.between(0, b.kernel - 1); };
        b.padding = {pad(), pad(), pad(), pad()};
      } while (made_.shape.height + b.padding.top + b.padding.bottom < b.kernel ||
               made_.shape.width + b.padding.left + b.padding.right < b.kernel);
    }
    std::vector<std::uint32_t> divisors;
    for (std::uint32_t d = 1; d <= b.out_channels; ++d) {
      if (b.out_channels % d == 0) divisors.push_back(d);
    }
    if (random_.chance(0.5)) b.shuffle = divisors[random_.between(0, static_cast<std::uint32_t>(divisors.size()) - 1)];
    blank_ = random_.chance(0.04);
  }
  std::uint32_t side() { return random_.chance(0.1) ? 1 : random_.between(2, options_.size); }

  void ternary(std::vector<std::int8_t>& values, std::size_t count) {
    const double density = blank_ ? 0 : pick<3>({20, 60, 100}) / 100.0;
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(static_cast<std::int8_t>(random_.chance(density) ? (random_.chance(0.5) ? 1 : -1) : 0));
    }
  }

  /// `reach`: where sums usually are.
  Ladder ladder(std::int32_t reach, bool with_levels) {
    Ladder ladder;
    ladder.falling = random_.chance(0.25);
    const auto threshold = [&] {
      if (random_.chance(0.05)) return std::int16_t{-32768};
      if (random_.chance(0.05)) return std::int16_t{32767};
      return static_cast<std::int16_t>(signed_between(-reach, reach));
    };
    ladder.mask = threshold();
    if (!with_levels) return ladder;
    for (std::int16_t& level : ladder.levels) level = threshold();
    std::ranges::sort(ladder.levels);
    if (ladder.falling) std::ranges::reverse(ladder.levels);
    return ladder;
  }

  BlockConstants predictor() {
    const graph::PredictedBlock& b = made_.block;
    BlockConstants c;
    for (std::int16_t& threshold : c.input_thresholds) {
      threshold = static_cast<std::int16_t>(signed_between(-140, 140));
      threshold = std::clamp<std::int16_t>(threshold, -128, 128);
    }
    std::ranges::sort(c.input_thresholds);
    const std::uint32_t inner = b.in_channels / b.groups, taps = b.kernel * b.kernel;
    ternary(c.ternary_expand, std::size_t{b.middle_channels} * inner);
    ternary(c.ternary_depthwise, std::size_t{b.middle_channels} * taps);
    for (std::uint32_t m = 0; m < b.middle_channels; ++m) {
      c.expand_ladders.push_back(ladder(static_cast<std::int32_t>(4 * std::sqrt(inner)) + 1, true));
      c.depthwise_ladders.push_back(ladder(static_cast<std::int32_t>(3 * std::sqrt(taps)) + 1, false));
    }
    c.expand_bias_shift = random_.between(0, reference::kLargestBiasShift);
    c.depthwise_bias_shift = random_.between(0, reference::kLargestBiasShift);
    return c;
  }

  void choose_residual() {
    BlockConstants& c = made_.constants;
    c.projected = made_.block.residual ? format() : made_.out;
    if (!made_.block.residual) return;
    const std::array ratios{reference::ratio(c.projected.scale, made_.out.scale),
                            reference::ratio(made_.in.scale, made_.out.scale)};
    c.residual = reference::make_shared_multiplier(ratios);
  }

  std::vector<std::int8_t> factors(std::size_t count, std::uint32_t largest) {
    const double density = blank_ ? 0 : pick<4>({20, 30, 70, 100}) / 100.0;
    std::vector<std::int8_t> values(count, 0);
    for (std::int8_t& value : values) {
      if (!random_.chance(density)) continue;
      const auto magnitude = static_cast<std::int32_t>(random_.between(1, largest));
      value = static_cast<std::int8_t>(random_.chance(0.5) ? magnitude : -magnitude);
    }
    return values;
  }

  std::vector<std::int32_t> biases(std::size_t count, std::uint32_t product, std::uint32_t shift) {
    const std::int32_t largest = std::min<std::int32_t>(32767 / static_cast<std::int32_t>(product), (1 << 18) >> shift);
    std::vector<std::int32_t> values(count, 0);
    const bool none = random_.chance(0.1);
    for (std::int32_t& value : values) value = none || random_.chance(0.1) ? 0 : signed_between(-largest, largest);
    return values;
  }

  void choose_factors(std::uint32_t largest) {
    const graph::PredictedBlock& b = made_.block;
    BlockConstants& c = made_.constants;
    c.expand = factors(std::size_t{b.middle_channels} * (b.in_channels / b.groups), largest);
    c.depthwise = factors(std::size_t{b.middle_channels} * b.kernel * b.kernel, largest);
    c.project = factors(std::size_t{b.out_channels} * (b.middle_channels / b.groups), largest);
    c.expand_bias = biases(b.middle_channels, largest * largest, c.expand_bias_shift);
    c.depthwise_bias = biases(b.middle_channels, largest, c.depthwise_bias_shift);
    c.bias.assign(b.out_channels, 0);
    for (std::int32_t& bias : c.bias) bias = signed_between(-100000, 100000);
    c.multipliers.assign(b.out_channels, {1 << 30, 30});
  }

  /// Such that results fill their format, and a few leave it.
  void choose_multipliers() {
    BlockConstants& c = made_.constants;
    const reference::BlockTrace trace =
        reference::execute_block(made_.block, c, made_.shape, made_.in, made_.out, made_.input);
    const std::size_t pixels = trace.sums.size() / c.bias.size();
    for (std::size_t o = 0; o < c.bias.size(); ++o) {
      std::int64_t largest = 1;
      for (std::size_t p = 0; p < pixels; ++p) {
        largest = std::max(largest, std::abs(trace.sums[o * pixels + p] + c.bias[o]));
      }
      c.multipliers[o] = reference::make_multiplier({random_.between(60, 260), static_cast<std::uint64_t>(largest), 0});
    }
  }

  Random random_;
  RandomBlockOptions options_;
  RandomBlock made_;
  bool blank_ = false;  ///< All factors and the input zero.
};

}  // namespace

RandomBlock random_block(std::uint64_t seed, const RandomBlockOptions& options) {
  return Builder(seed, options).build();
}

}  // namespace fusesim::test
