// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/block/float_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "workloads/predict/block/ternarise.h"

namespace fusesim::predict {
namespace {

using graph::PredictedBlock;
using graph::Shape;

void check_values(std::string_view what, const std::vector<double>& values, std::uint64_t expected) {
  if (values.size() != expected) throw PredictError(fmt::format("has {} {}, needs {}", values.size(), what, expected));
  const auto bad = std::ranges::find_if(values, [](double value) { return !std::isfinite(value); });
  if (bad != values.end()) {
    throw PredictError(
        fmt::format("number {} of its {} is {}; give a finite number", bad - values.begin(), what, *bad));
  }
}

void check_norm(std::string_view what, const Norm& norm, std::uint64_t channels) {
  check_values(fmt::format("factors of the {} batch norm", what), norm.factor, channels);
  check_values(fmt::format("offsets of the {} batch norm", what), norm.offset, channels);
}

/// result[o][p] += weights[o][i] * map[i][p] over the channels i of o's group; zero weights cost nothing.
template <typename T, typename W, typename V>
std::vector<T> pointwise(std::size_t out, std::size_t in, std::size_t groups, std::span<const W> weights,
                         std::span<const V> map) {
  const std::size_t pixels = map.size() / in, inner = in / groups, group_out = out / groups;
  std::vector<T> result(out * pixels, T{});
  for (std::size_t o = 0; o < out; ++o) {
    T* to = &result[o * pixels];
    for (std::size_t i = 0; i < inner; ++i) {
      const T weight = weights[o * inner + i];
      if (weight == T{}) continue;
      const V* from = &map[(o / group_out * inner + i) * pixels];
      for (std::size_t p = 0; p < pixels; ++p) to[p] += weight * from[p];
    }
  }
  return result;
}

/// Positions [first, end) along an axis of the result whose tap lies inside the map.
struct Span {
  std::int64_t first = 0, end = 0;
};
Span inside(std::int64_t offset, std::int64_t stride, std::int64_t size, std::int64_t positions) {
  const std::int64_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const std::int64_t end = offset >= size ? 0 : std::min(positions, (size - 1 - offset) / stride + 1);
  return {first, std::max(first, end)};
}

/// result[m][p] = sum over the taps of p inside the map of weights[m][tap] * map[m][position].
template <typename T, typename W, typename V>
std::vector<T> windows(const PredictedBlock& block, Shape in, Shape out, std::span<const W> weights,
                       std::span<const V> map) {
  std::vector<T> result(std::size_t{block.middle_channels} * out.height * out.width, T{});
  const W* weight = weights.data();
  for (std::size_t m = 0; m < block.middle_channels; ++m) {
    const V* from = &map[m * in.height * in.width];
    T* to = &result[m * out.height * out.width];
    for (std::uint32_t ky = 0; ky < block.kernel; ++ky) {
      const std::int64_t down = std::int64_t{ky} - block.padding.top;
      const Span rows = inside(down, block.stride, in.height, out.height);
      for (std::uint32_t kx = 0; kx < block.kernel; ++kx) {
        const T factor = *weight++;
        if (factor == T{}) continue;
        const std::int64_t right = std::int64_t{kx} - block.padding.left;
        const Span columns = inside(right, block.stride, in.width, out.width);
        for (std::int64_t y = rows.first; y < rows.end; ++y) {
          const V* row = from + (y * block.stride + down) * in.width + right;
          for (std::int64_t x = columns.first; x < columns.end; ++x) {
            to[y * out.width + x] += factor * row[x * block.stride];
          }
        }
      }
    }
  }
  return result;
}

void normalise(const Norm& norm, std::vector<double>& map) {
  const std::size_t pixels = map.size() / norm.factor.size();
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = norm.factor[i / pixels] * map[i] + norm.offset[i / pixels];
}

void keep(const std::vector<std::uint8_t>& mask, std::vector<double>& map) {
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (mask[i] == 0) map[i] = 0;
  }
}

}  // namespace

void check(const PredictedBlock& block, const FloatBlock& parameters) {
  const std::uint64_t middle = block.middle_channels, out = block.out_channels;
  check_values("expansion weights", parameters.expand, middle * (block.in_channels / block.groups));
  check_values("depthwise weights", parameters.depthwise, middle * block.kernel * block.kernel);
  check_values("projection weights", parameters.project, out * (middle / block.groups));
  check_norm("expansion's", parameters.expand_norm, middle);
  check_norm("depthwise layer's", parameters.depthwise_norm, middle);
  check_norm("projection's", parameters.project_norm, out);
  check_norm("predictor's first", parameters.predictor.expand, middle);
  check_norm("predictor's second", parameters.predictor.depthwise, middle);
  if (!(parameters.predictor.step > 0) || !std::isfinite(parameters.predictor.step)) {
    throw PredictError(fmt::format("the predictor's step is {}; give a positive number", parameters.predictor.step));
  }
}

TernaryBlock ternarise(const PredictedBlock& block, const FloatBlock& parameters) {
  GroupedTernary expand = ternarise(parameters.expand, block.groups);
  Ternary depthwise = ternarise(parameters.depthwise);
  TernaryBlock result{std::move(expand.signs), std::move(depthwise.signs), {}, {}};
  const BlockPredictor& predictor = parameters.predictor;
  const std::size_t group = block.middle_channels / block.groups;
  for (std::size_t m = 0; m < block.middle_channels; ++m) {
    result.expand_stage.push_back(
        {predictor.expand.factor[m], predictor.expand.offset[m], predictor.step * expand.alphas[m / group]});
    result.depthwise_stage.push_back(
        {predictor.depthwise.factor[m], predictor.depthwise.offset[m], predictor.step * depthwise.alpha});
  }
  return result;
}

std::vector<std::int32_t> ternary_sums1(const PredictedBlock& block, const TernaryBlock& ternary, Shape in, double step,
                                        std::span<const double> input) {
  std::vector<std::int8_t> copy;
  copy.reserve(in.elements());
  for (const double x : input) copy.push_back(copy_of(x, step));
  return pointwise<std::int32_t, std::int8_t, std::int8_t>(block.middle_channels, block.in_channels, block.groups,
                                                           ternary.expand, copy);
}

std::vector<std::int32_t> ternary_sums2(const PredictedBlock& block, const TernaryBlock& ternary, Shape in, Shape out,
                                        std::span<const std::uint8_t> level) {
  return windows<std::int32_t, std::int8_t, std::uint8_t>(block, in, out, ternary.depthwise, level);
}

BlockMaps evaluate(const PredictedBlock& block, const FloatBlock& parameters, Shape in, Shape out,
                   std::span<const double> input) {
  check(block, parameters);
  const TernaryBlock ternary = ternarise(block, parameters);
  const double step = parameters.predictor.step;
  const std::size_t in_pixels = std::size_t{in.height} * in.width, out_pixels = std::size_t{out.height} * out.width;
  BlockMaps maps;
  maps.sums1 = ternary_sums1(block, ternary, in, step, input);
  for (std::size_t i = 0; i < maps.sums1.size(); ++i) {
    const double y = ternary.expand_stage[i / in_pixels].normalised(maps.sums1[i]);
    maps.mask1.push_back(y > 0 ? 1 : 0);
    maps.level.push_back(level_of(y, step));
  }
  maps.sums2 = ternary_sums2(block, ternary, in, out, maps.level);
  for (std::size_t i = 0; i < maps.sums2.size(); ++i) {
    maps.mask2.push_back(ternary.depthwise_stage[i / out_pixels].normalised(maps.sums2[i]) > 0 ? 1 : 0);
  }

  std::vector<double> map = pointwise<double, double, double>(block.middle_channels, block.in_channels, block.groups,
                                                              parameters.expand, input);
  normalise(parameters.expand_norm, map);
  keep(maps.mask1, map);
  map = windows<double, double, double>(block, in, out, parameters.depthwise, map);
  normalise(parameters.depthwise_norm, map);
  keep(maps.mask2, map);
  map = pointwise<double, double, double>(block.out_channels, block.middle_channels, block.groups, parameters.project,
                                          map);
  normalise(parameters.project_norm, map);
  maps.result.resize(map.size());
  const std::size_t group = block.out_channels / block.shuffle;
  for (std::size_t o = 0; o < block.out_channels; ++o) {
    const std::size_t to = o % group * block.shuffle + o / group;
    for (std::size_t p = 0; p < out_pixels; ++p) {
      const std::size_t at = to * out_pixels + p;
      maps.result[at] = map[o * out_pixels + p] + (block.residual ? input[at] : 0.0);
    }
  }
  return maps;
}

}  // namespace fusesim::predict
