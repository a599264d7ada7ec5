// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/block/quantise_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "workloads/reference/composed_block.h"

namespace fusesim::predict {
namespace {

using graph::PredictedBlock;
using reference::BlockConstants;
using reference::TensorFormat;

// Steps of a bias beside its channel's weights, above which the weights' step is coarsened.
constexpr double expand_bias_room = 0x1p12, depthwise_bias_room = 0x1p18, bias_room = 0x1p29;

// An output channel's step may be coarsened to this multiple; the margin is for what rounding adds.
constexpr double largest_room = 2.5, room_margin = 1.001;
// Beyond, factors of the middle become narrower, to this many bits.
constexpr std::uint32_t least_bits = 4;

std::int32_t largest_of(std::uint32_t bits) {
  return (1 << (bits - 1)) - 1;
}

double largest_magnitude(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

std::int64_t rounded(double value) {
  return static_cast<std::int64_t>(std::floor(value + 0.5));
}

/// Appends the values in steps of `step`.
void append_factors(std::span<const double> values, double step, std::int32_t largest,
                    std::vector<std::int8_t>& factors) {
  for (const double value : values) {
    factors.push_back(static_cast<std::int8_t>(std::clamp<std::int64_t>(rounded(value / step), -largest, largest)));
  }
}

/// A positive real number as the ratio that multipliers are made of; 49 of its 53 bits.
reference::Ratio ratio_of(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return {static_cast<std::uint64_t>(std::ldexp(fraction, 49)), 1, exponent - 49};
}

class Quantiser {
 public:
  Quantiser(const PredictedBlock& block, const FloatBlock& parameters, const TensorFormat& in,
            const TensorFormat& projected, const TensorFormat& out, const BlockWidths& widths)
      : block_(block), real_(parameters), in_(in), projected_(projected), out_(out), widths_(widths) {
    inner_ = block.in_channels / block.groups;
    middle_ = block.middle_channels / block.groups;
    outer_ = block.out_channels / block.groups;
    taps_ = std::size_t{block.kernel} * block.kernel;
  }

  BlockConstants run() {
    check_widths();
    check(block_, real_);
    for (std::string reason = quantise_weights(); !reason.empty(); reason = quantise_weights()) {
      if (!narrow()) throw PredictError(reason);
    }
    predict();
    made_.projected = projected_;
    if (block_.residual) {
      const std::array ratios{reference::ratio(projected_.scale, out_.scale), reference::ratio(in_.scale, out_.scale)};
      made_.residual = reference::make_shared_multiplier(ratios);
    }
    reference::check(block_, made_, in_, out_);
    return std::move(made_);
  }

 private:
  /// Why it cannot be done with these widths; empty when it has been.
  std::string quantise_weights() {
    quantise_middle();
    room_.assign(block_.out_channels, 1.0);
    for (;;) {
      quantise_outputs();
      choose_shifts();
      bool made = false;
      if (std::string reason = make_room(made); !reason.empty()) return reason;
      if (!made) return {};
    }
  }

  /// A bit less for the wider of the expansion's and the depthwise layer's factors. False when there is none to spare.
  bool narrow() {
    std::uint32_t& bits = widths_.depthwise > widths_.expand ? widths_.depthwise : widths_.expand;
    if (bits <= least_bits) return false;
    --bits;
    return true;
  }

  void check_widths() const {
    const auto require = [](const char* what, std::uint32_t bits, std::uint32_t low, std::uint32_t high) {
      if (bits >= low && bits <= high) return;
      throw PredictError(fmt::format("{} of {} bits are asked for; it is {} to {}", what, bits, low, high));
    };
    require("expansion factors", widths_.expand, 2, 8);
    require("depthwise factors", widths_.depthwise, 2, 8);
    require("projection factors", widths_.project, 2, 8);
    require("adders", widths_.adder, 8, 32);
  }

  /// E, D and their biases in the units of h1 and h2, which are chosen on the way.
  void quantise_middle() {
    made_.expand.clear();
    made_.depthwise.clear();
    biases1_.clear();
    biases2_.clear();
    units_.clear();
    const double x_step = in_.scale.value();
    for (std::size_t m = 0; m < block_.middle_channels; ++m) {
      const double factor1 = real_.expand_norm.factor[m], factor2 = real_.depthwise_norm.factor[m];
      const double bias1 = real_.expand_norm.offset[m], bias2 = real_.depthwise_norm.offset[m];
      std::vector<double> expand = scaled({&real_.expand[m * inner_], inner_}, factor1);
      std::vector<double> depthwise = scaled({&real_.depthwise[m * taps_], taps_}, factor2);
      const double step1 = std::max(largest_magnitude(expand) / largest_of(widths_.expand),
                                    std::abs(bias1) / (x_step * expand_bias_room));
      const bool silent = step1 == 0;  // h1 is zero whatever the mask.
      if (silent) depthwise.assign(taps_, 0.0);
      const double unit1 = x_step * (silent ? 1.0 : step1);
      const double step2 = std::max(largest_magnitude(depthwise) / largest_of(widths_.depthwise),
                                    std::abs(bias2) / (unit1 * depthwise_bias_room));
      const bool dead = step2 == 0;  // So is h2.
      const double unit2 = unit1 * (dead ? 1.0 : step2);
      append_factors(expand, silent ? 1.0 : step1, largest_of(widths_.expand), made_.expand);
      append_factors(depthwise, dead ? 1.0 : step2, largest_of(widths_.depthwise), made_.depthwise);
      biases1_.push_back(bias1 / unit1);
      biases2_.push_back(bias2 / unit2);
      units_.push_back(dead ? 0.0 : unit2);
    }
  }

  static std::vector<double> scaled(std::span<const double> values, double factor) {
    std::vector<double> result;
    for (const double value : values) result.push_back(value * factor);
    return result;
  }

  /// P, the biases after it and the multipliers.
  void quantise_outputs() {
    made_.project.clear();
    made_.bias.clear();
    made_.multipliers.clear();
    const double projected_step = projected_.scale.value();
    for (std::size_t o = 0; o < block_.out_channels; ++o) {
      const double factor = real_.project_norm.factor[o], bias = real_.project_norm.offset[o];
      std::vector<double> project;
      for (std::size_t i = 0; i < middle_; ++i) {
        project.push_back(real_.project[o * middle_ + i] * factor * units_[o / outer_ * middle_ + i]);
      }
      // In real units: a step of P times a step of h2.
      double step = std::max(largest_magnitude(project) / largest_of(widths_.project), std::abs(bias) / bias_room);
      if (step == 0) step = projected_step;
      step *= room_[o];
      append_factors(project, step, largest_of(widths_.project), made_.project);
      made_.bias.push_back(static_cast<std::int32_t>(rounded(bias / step)));
      made_.multipliers.push_back(reference::make_multiplier(ratio_of(step / projected_step)));
    }
  }

  void choose_shifts() {
    std::vector<double> biases1 = biases1_, biases2 = biases2_;
    std::vector<std::int64_t> projections(block_.middle_channels), taps(block_.middle_channels);  // Largest magnitudes.
    for (std::size_t m = 0; m < block_.middle_channels; ++m) {
      for (std::size_t o = m / middle_ * outer_; o < (m / middle_ + 1) * outer_; ++o) {
        projections[m] = std::max<std::int64_t>(projections[m], std::abs(made_.project[o * middle_ + m % middle_]));
      }
      for (std::size_t k = 0; k < taps_; ++k) {
        taps[m] = std::max<std::int64_t>(taps[m], std::abs(made_.depthwise[m * taps_ + k]));
      }
      taps[m] *= projections[m];
      if (taps[m] == 0) biases1[m] = 0;
      if (projections[m] == 0) biases2[m] = 0;
    }
    made_.expand_bias_shift = smallest_shift(
        "expansion's", biases1_, taps, made_.expand_bias,
        [&](std::size_t o, std::size_t k) {
          return [this, o, k](std::size_t m) { return std::abs(project(o, m) * made_.depthwise[m * taps_ + k]); };
        },
        taps_);
    made_.depthwise_bias_shift = smallest_shift(
        "depthwise layer's", biases2, projections, made_.depthwise_bias,
        [&](std::size_t o, std::size_t) { return [this, o](std::size_t m) { return std::abs(project(o, m)); }; }, 1);
  }
  [[nodiscard]] std::int32_t project(std::size_t o, std::size_t m) const {
    return made_.project[o * middle_ + m % middle_];
  }

  /// Fills `biases`. `products` are the largest factors that a middle channel's bias meets, `list(o, k)` gives those of
  /// one list of `lists` an output channel.
  template <typename List>
  std::uint32_t smallest_shift(const char* what, const std::vector<double>& real,
                               const std::vector<std::int64_t>& products, std::vector<std::int32_t>& biases, List list,
                               std::size_t lists) const {
    constexpr std::int64_t term = (std::int64_t{1} << (reference::kTermBits - 1)) - 1;
    const std::int64_t adder = (std::int64_t{1} << (widths_.adder - 1)) - 1;
    for (std::uint32_t shift = 0; shift <= reference::kLargestBiasShift; ++shift) {
      bool fits = true;
      biases.clear();
      for (std::size_t m = 0; m < real.size() && fits; ++m) {
        const std::int64_t bias = rounded(std::ldexp(real[m], -static_cast<int>(shift)));
        fits = std::abs(bias) * products[m] <= term;
        biases.push_back(static_cast<std::int32_t>(bias));
      }
      for (std::size_t o = 0; o < block_.out_channels && fits; ++o) {
        for (std::size_t k = 0; k < lists && fits; ++k) {
          const auto factor = list(o, k);
          std::int64_t sum = 0;
          for (std::size_t m = o / outer_ * middle_; m < (o / outer_ + 1) * middle_; ++m) {
            sum += factor(m) * std::abs(std::int64_t{biases[m]});
          }
          fits = sum <= adder;
        }
      }
      if (fits) return shift;
    }
    throw PredictError(
        fmt::format("biases of the {} batch norm do not fit terms of {} bits and adders of {} even in "
                    "steps of 2^{}; use narrower factors or wider adders",
                    what, reference::kTermBits, widths_.adder, reference::kLargestBiasShift));
  }

  void predict() {
    const TernaryBlock ternary = ternarise(block_, real_);
    const double step = real_.predictor.step;
    made_.input_thresholds = input_thresholds(in_, step);
    for (std::size_t m = 0; m < block_.middle_channels; ++m) {
      // Copies are -8 .. 7, levels 0 .. 7.
      std::int32_t low = 0, high = 0;
      for (std::size_t i = 0; i < inner_; ++i) {
        const std::int32_t sign = ternary.expand[m * inner_ + i];
        low += std::min(-8 * sign, 7 * sign);
        high += std::max(-8 * sign, 7 * sign);
      }
      made_.expand_ladders.push_back(make_ladder(ternary.expand_stage[m], low, high, step));
      low = high = 0;
      for (std::size_t k = 0; k < taps_; ++k) {
        const std::int32_t sign = ternary.depthwise[m * taps_ + k];
        low += std::min(0, 7 * sign);
        high += std::max(0, 7 * sign);
      }
      reference::Ladder ladder = make_ladder(ternary.depthwise_stage[m], low, high, step);
      ladder.levels = {};
      made_.depthwise_ladders.push_back(ladder);
    }
    made_.ternary_expand = ternary.expand;
    made_.ternary_depthwise = ternary.depthwise;
  }

  /// Coarsens the projection's step of output channels whose sums or lists are too large; `made` says whether there
  /// were any. Why not, when a step would become too coarse.
  std::string make_room(bool& made) {
    constexpr std::int64_t sum_limit = (std::int64_t{1} << 31) - 1;
    const std::int64_t list_limit = (std::int64_t{1} << (widths_.adder - 1)) - 1;
    const std::vector<std::int64_t> sums = reference::largest_sums(block_, made_, in_);
    const std::vector<reference::LargestList> lists = reference::largest_lists(block_, made_);
    for (std::size_t o = 0; o < block_.out_channels; ++o) {
      if (sums[o] <= sum_limit && lists[o].magnitude <= list_limit) continue;
      room_[o] *= room_margin * std::max(static_cast<double>(sums[o]) / static_cast<double>(sum_limit),
                                         static_cast<double>(lists[o].magnitude) / static_cast<double>(list_limit));
      made = true;
      if (room_[o] <= largest_room) continue;
      const std::string factors =
          fmt::format("with factors of {}, {} and {} bits", widths_.expand, widths_.depthwise, widths_.project);
      if (sums[o] > sum_limit) {
        return fmt::format(
            "output channel {}: {} its sum can reach {}, beyond the {} of 32 bits; use narrower "
            "projection factors, prune more or use more groups",
            o, factors, sums[o], sum_limit);
      }
      return fmt::format(
          "output channel {}: {} the terms of list {} reach {}, beyond the {} of adders of {} bits; use "
          "narrower projection factors, wider adders, or prune more",
          o, factors, lists[o].list, lists[o].magnitude, list_limit, widths_.adder);
    }
    return {};
  }

  const PredictedBlock& block_;
  const FloatBlock& real_;
  TensorFormat in_, projected_, out_;
  BlockWidths widths_;
  std::size_t inner_, middle_, outer_, taps_;
  std::vector<double> biases1_, biases2_;  ///< In units of h1 and h2.
  std::vector<double> units_;              ///< What a step of h2 stands for; 0 where it is always 0.
  std::vector<double> room_;               ///< By which an output channel's step is coarser than it need be for P.
  BlockConstants made_;
};

}  // namespace

BlockConstants quantise_block(const PredictedBlock& block, const FloatBlock& parameters, const TensorFormat& in,
                              const TensorFormat& projected, const TensorFormat& out, const BlockWidths& widths) {
  try {
    return Quantiser(block, parameters, in, projected, out, widths).run();
  } catch (const reference::ArithmeticError& error) {
    throw PredictError(error.what());
  }
}

}  // namespace fusesim::predict
