// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/predicted_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace fusesim::reference {
namespace {

using graph::PredictedBlock;
using graph::Shape;

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw ArithmeticError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename T>
void require_size(std::string_view what, const std::vector<T>& values, std::uint64_t expected) {
  if (values.size() != expected) fail("has {} {}, needs {}", values.size(), what, expected);
}

void check_sizes(const PredictedBlock& block, const BlockConstants& c) {
  const std::uint64_t middle = block.middle_channels, out = block.out_channels;
  const std::uint64_t expand = middle * (block.in_channels / block.groups);
  const std::uint64_t depthwise = middle * block.kernel * block.kernel;
  require_size("expansion weights", c.expand, expand);
  require_size("depthwise weights", c.depthwise, depthwise);
  require_size("projection weights", c.project, out * (middle / block.groups));
  require_size("biases of the expansion", c.expand_bias, middle);
  require_size("biases of the depthwise layer", c.depthwise_bias, middle);
  require_size("biases of the projection", c.bias, out);
  require_size("multipliers", c.multipliers, out);
  require_size("ternary expansion weights", c.ternary_expand, expand);
  require_size("ternary depthwise weights", c.ternary_depthwise, depthwise);
  require_size("ladders of the expansion", c.expand_ladders, middle);
  require_size("ladders of the depthwise layer", c.depthwise_ladders, middle);
}

void check_predictor(const BlockConstants& c) {
  for (const auto* ternary : {&c.ternary_expand, &c.ternary_depthwise}) {
    for (const std::int8_t value : *ternary) {
      if (value < -1 || value > 1) fail("a ternary weight is {}, not -1, 0 or 1", value);
    }
  }
  if (!std::ranges::is_sorted(c.input_thresholds)) fail("the thresholds of the 4-bit input do not ascend");
  for (std::size_t m = 0; m < c.expand_ladders.size(); ++m) {
    const Ladder& ladder = c.expand_ladders[m];
    const bool in_order = ladder.falling ? std::ranges::is_sorted(ladder.levels, std::ranges::greater())
                                         : std::ranges::is_sorted(ladder.levels);
    if (!in_order) {
      fail("the level thresholds of middle channel {} do not {}", m, ladder.falling ? "descend" : "ascend");
    }
  }
}

void check_formats(const PredictedBlock& block, const BlockConstants& c, const TensorFormat& in,
                   const TensorFormat& out) {
  check(in, "the block's input");
  check(out, "the block's result");
  check(c.projected, "the projection's result");
  for (const std::uint32_t shift : {c.expand_bias_shift, c.depthwise_bias_shift}) {
    if (shift > kLargestBiasShift) fail("a bias shift of {} is above {}", shift, kLargestBiasShift);
  }
  if (block.residual != c.residual.has_value()) {
    fail("{}",
         block.residual ? "has a residual but no multiplier for it" : "has a residual's multiplier but no residual");
  }
  if (c.residual && c.residual->values.size() != 2)
    fail("the residual needs 2 multipliers, has {}", c.residual->values.size());
  if (!block.residual && c.projected != out) fail("without a residual the projection's format is the result's");
}

std::int64_t magnitude(std::int64_t value) {
  return std::abs(value);
}

std::int64_t largest_magnitude(const std::vector<std::int8_t>& values, std::size_t first, std::size_t count) {
  std::int64_t largest = 0;
  for (std::size_t i = first; i < first + count; ++i) largest = std::max(largest, magnitude(values[i]));
  return largest;
}

std::int64_t sum_of_magnitudes(const std::vector<std::int8_t>& values, std::size_t first, std::size_t count) {
  std::int64_t sum = 0;
  for (std::size_t i = first; i < first + count; ++i) sum += magnitude(values[i]);
  return sum;
}

/// Terms of a middle channel are products of independent factors: the largest product is that of the largest factors.
void check_terms(const PredictedBlock& block, const BlockConstants& c) {
  const std::size_t inner = block.in_channels / block.groups, taps = std::size_t{block.kernel} * block.kernel;
  const std::size_t group_middle = block.middle_channels / block.groups, group_out = block.out_channels / block.groups;
  constexpr std::int64_t limit = (std::int64_t{1} << (kTermBits - 1)) - 1;
  for (std::size_t m = 0; m < block.middle_channels; ++m) {
    const std::size_t group = m / group_middle;
    std::int64_t projection = 0;
    for (std::size_t o = group * group_out; o < (group + 1) * group_out; ++o) {
      projection = std::max(projection, magnitude(c.project[o * group_middle + m % group_middle]));
    }
    const std::int64_t tap = projection * largest_magnitude(c.depthwise, m * taps, taps);
    const auto require_term = [&](const char* what, std::int64_t largest) {
      if (largest > limit) {
        fail("middle channel {}: a product of {} is {}, more than the {} that a term of {} bits holds", m, what,
             largest, limit, kTermBits);
      }
    };
    require_term("weights", tap * largest_magnitude(c.expand, m * inner, inner));
    require_term("weights and the expansion's bias", tap * magnitude(c.expand_bias[m]));
    require_term("a weight and the depthwise layer's bias", projection * magnitude(c.depthwise_bias[m]));
  }
}

void check_sums(const PredictedBlock& block, const BlockConstants& c, const TensorFormat& in) {
  constexpr std::int64_t limit = (std::int64_t{1} << 31) - 1;
  const std::vector<std::int64_t> largest = largest_sums(block, c, in);
  for (std::size_t o = 0; o < largest.size(); ++o) {
    if (largest[o] > limit) {
      fail("output channel {}: its sum can reach {}, beyond the {} of 32 bits; use narrower factors", o, largest[o],
           limit);
    }
  }
}

/// An output's window, element by element.
template <typename Visit>
void for_taps(const PredictedBlock& block, Shape map, std::uint32_t y, std::uint32_t x, Visit visit) {
  for (std::uint32_t ky = 0; ky < block.kernel; ++ky) {
    for (std::uint32_t kx = 0; kx < block.kernel; ++kx) {
      const std::int64_t row = std::int64_t{y} * block.stride + ky - block.padding.top;
      const std::int64_t column = std::int64_t{x} * block.stride + kx - block.padding.left;
      if (row < 0 || row >= map.height || column < 0 || column >= map.width) continue;
      visit(ky * block.kernel + kx, static_cast<std::size_t>(row) * map.width + static_cast<std::size_t>(column));
    }
  }
}

/// result[o][p] = sum over the channels i of o's group of weights[o][i] * map[i][p]; zero weights cost nothing.
template <typename T>
std::vector<std::int64_t> pointwise_sums(std::size_t out, std::size_t in, std::size_t groups,
                                         const std::vector<std::int8_t>& weights, const std::vector<T>& map) {
  const std::size_t pixels = map.size() / in, inner = in / groups, group_out = out / groups;
  std::vector<std::int64_t> sums(out * pixels, 0);
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t i = 0; i < inner; ++i) {
      const std::int64_t weight = weights[o * inner + i];
      if (weight == 0) continue;
      const T* from = &map[(o / group_out * inner + i) * pixels];
      for (std::size_t p = 0; p < pixels; ++p) sums[o * pixels + p] += weight * from[p];
    }
  }
  return sums;
}

/// result[m][p] = sum over the taps of p inside the map of weights[m][tap] * map[m][position].
template <typename T>
std::vector<std::int64_t> depthwise_sums(const PredictedBlock& block, Shape in, Shape out,
                                         const std::vector<std::int8_t>& weights, const std::vector<T>& map) {
  const std::size_t taps = std::size_t{block.kernel} * block.kernel, pixels = std::size_t{in.height} * in.width;
  std::vector<std::int64_t> sums;
  sums.reserve(std::size_t{block.middle_channels} * out.height * out.width);
  for (std::size_t m = 0; m < block.middle_channels; ++m) {
    for (std::uint32_t y = 0; y < out.height; ++y) {
      for (std::uint32_t x = 0; x < out.width; ++x) {
        std::int64_t sum = 0;
        for_taps(block, in, y, x, [&](std::size_t tap, std::size_t position) {
          sum += std::int64_t{weights[m * taps + tap]} * map[m * pixels + position];
        });
        sums.push_back(sum);
      }
    }
  }
  return sums;
}

bool passes(bool falling, std::int16_t threshold, std::int64_t sum) {
  return falling ? sum <= threshold : sum >= threshold;
}

void predict(const PredictedBlock& block, const BlockConstants& c, Shape in, Shape out,
             std::span<const std::int8_t> input, BlockTrace& trace) {
  std::vector<std::int8_t> copy;  // Of 4 bits.
  copy.reserve(input.size());
  for (const std::int8_t q : input) {
    const auto reached = std::ranges::count_if(c.input_thresholds, [&](std::int16_t h) { return h <= q; });
    copy.push_back(static_cast<std::int8_t>(reached - 8));
  }
  const std::vector<std::int64_t> first =
      pointwise_sums(block.middle_channels, block.in_channels, block.groups, c.ternary_expand, copy);
  const std::size_t in_pixels = std::size_t{in.height} * in.width, out_pixels = std::size_t{out.height} * out.width;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const Ladder& ladder = c.expand_ladders[i / in_pixels];
    const auto level =
        std::ranges::count_if(ladder.levels, [&](std::int16_t h) { return passes(ladder.falling, h, first[i]); });
    trace.mask1.push_back(passes(ladder.falling, ladder.mask, first[i]) ? 1 : 0);
    trace.level.push_back(static_cast<std::uint8_t>(level));
  }
  const std::vector<std::int64_t> second = depthwise_sums(block, in, out, c.ternary_depthwise, trace.level);
  for (std::size_t i = 0; i < second.size(); ++i) {
    const Ladder& ladder = c.depthwise_ladders[i / out_pixels];
    trace.mask2.push_back(passes(ladder.falling, ladder.mask, second[i]) ? 1 : 0);
  }
}

/// Adds each channel's bias, and leaves zero where the mask is.
void add_bias_under_mask(const std::vector<std::int32_t>& bias, std::uint32_t shift,
                         const std::vector<std::uint8_t>& mask, std::vector<std::int64_t>& sums) {
  const std::size_t pixels = sums.size() / bias.size();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = mask[i] != 0 ? sums[i] + std::int64_t{bias[i / pixels]} * (std::int64_t{1} << shift) : 0;
  }
}

std::uint32_t outputs(std::uint32_t size, std::uint32_t before, std::uint32_t after, const PredictedBlock& block) {
  const std::uint32_t padded = size + before + after;
  if (padded < block.kernel) fail("the {0}x{0} kernel is larger than the padded map", block.kernel);
  return (padded - block.kernel) / block.stride + 1;
}

}  // namespace

void check(const PredictedBlock& block, const BlockConstants& constants, const TensorFormat& in,
           const TensorFormat& out) {
  check_sizes(block, constants);
  check_predictor(constants);
  check_formats(block, constants, in, out);
  check_terms(block, constants);
  check_sums(block, constants, in);
}

std::vector<std::int64_t> largest_sums(const PredictedBlock& block, const BlockConstants& c, const TensorFormat& in) {
  const std::size_t inner = block.in_channels / block.groups, taps = std::size_t{block.kernel} * block.kernel;
  const std::size_t group_middle = block.middle_channels / block.groups, group_out = block.out_channels / block.groups;
  const Limits range = limits(in.type);
  const std::int64_t operand = std::max(range.highest - in.zero_point, in.zero_point - range.lowest);
  std::vector<std::int64_t> per_projection;  // What a middle channel adds for each step of P.
  for (std::size_t m = 0; m < block.middle_channels; ++m) {
    const std::int64_t hidden =
        sum_of_magnitudes(c.expand, m * inner, inner) * operand + (magnitude(c.expand_bias[m]) << c.expand_bias_shift);
    per_projection.push_back(sum_of_magnitudes(c.depthwise, m * taps, taps) * hidden +
                             (magnitude(c.depthwise_bias[m]) << c.depthwise_bias_shift));
  }
  std::vector<std::int64_t> sums;
  for (std::size_t o = 0; o < block.out_channels; ++o) {
    std::int64_t sum = magnitude(c.bias[o]);
    for (std::size_t i = 0; i < group_middle; ++i) {
      sum += magnitude(c.project[o * group_middle + i]) * per_projection[o / group_out * group_middle + i];
    }
    sums.push_back(sum);
  }
  return sums;
}

BlockTrace execute_block(const PredictedBlock& block, const BlockConstants& c, Shape shape, const TensorFormat& in,
                         const TensorFormat& out, std::span<const std::int8_t> input) {
  check_sizes(block, c);
  if (shape.channels != block.in_channels) fail("the map has {} channels, not {}", shape.channels, block.in_channels);
  if (input.size() != shape.elements()) fail("given {} elements of {}", input.size(), shape.elements());
  const Shape result{block.out_channels, outputs(shape.height, block.padding.top, block.padding.bottom, block),
                     outputs(shape.width, block.padding.left, block.padding.right, block)};
  BlockTrace trace;
  predict(block, c, shape, result, input, trace);

  std::vector<std::int16_t> x;
  x.reserve(input.size());
  for (const std::int8_t q : input) x.push_back(static_cast<std::int16_t>(q - in.zero_point));
  trace.hidden1 = pointwise_sums(block.middle_channels, block.in_channels, block.groups, c.expand, x);
  add_bias_under_mask(c.expand_bias, c.expand_bias_shift, trace.mask1, trace.hidden1);
  trace.hidden2 = depthwise_sums(block, shape, result, c.depthwise, trace.hidden1);
  add_bias_under_mask(c.depthwise_bias, c.depthwise_bias_shift, trace.mask2, trace.hidden2);
  trace.sums = pointwise_sums(block.out_channels, block.middle_channels, block.groups, c.project, trace.hidden2);
  trace.result = finish_block(block, c, in, out, trace.sums, input);
  return trace;
}

std::vector<std::int8_t> finish_block(const PredictedBlock& block, const BlockConstants& c, const TensorFormat& in,
                                      const TensorFormat& out, std::span<const std::int64_t> sums,
                                      std::span<const std::int8_t> input) {
  const std::size_t pixels = sums.size() / block.out_channels, group = block.out_channels / block.shuffle;
  std::vector<std::int8_t> result(sums.size());
  for (std::size_t o = 0; o < block.out_channels; ++o) {
    const std::size_t to = o % group * block.shuffle + o / group;
    for (std::size_t p = 0; p < pixels; ++p) {
      const auto sum = static_cast<std::int32_t>(sums[o * pixels + p]);
      std::int8_t& value = result[to * pixels + p];
      value =
          requantize(wrapping_add(sum, c.bias[o]), c.multipliers[o], c.projected.zero_point, limits(c.projected.type));
      if (!c.residual) continue;
      const std::array<std::int32_t, 2> differences{value - c.projected.zero_point,
                                                    input[to * pixels + p] - in.zero_point};
      value = requantize_sum(differences, *c.residual, out.zero_point, limits(out.type));
    }
  }
  return result;
}

}  // namespace fusesim::reference
