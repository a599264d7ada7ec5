// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/fused/support/block_semantics.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace fusesim::fused::test {

namespace {

__extension__ using Wide = __int128;

using isa::machine::FusedSum;

bool passes(std::int64_t sum, const FusedSum& record, std::int16_t threshold) {
  return record.falling ? sum <= threshold : sum >= threshold;
}

std::int64_t divide_rounding_half_up(Wide product, std::int32_t shift) {
  const Wide divisor = Wide{1} << shift, shifted = product + divisor / 2;
  Wide quotient = shifted / divisor;
  if (shifted % divisor < 0) --quotient;
  return static_cast<std::int64_t>(quotient);
}

}  // namespace

BlockTile block_tile(const RandomCase& c, std::size_t tile) {
  const isa::machine::FusedTile& t = c.tiles[tile];
  const isa::machine::FusedGeometry& g = t.geometry;
  const std::uint32_t positions = g.positions(), outputs = g.out_rows * g.out_columns, taps = g.kernel * g.kernel;
  BlockTile result;

  const auto q = [&](std::uint32_t channel, std::uint32_t r) {
    return c.activations[t.input.address + channel * t.input.channel_pitch + r / g.region_columns * t.input.line_pitch +
                         r % g.region_columns];
  };
  const auto position = [&](std::uint32_t p, std::uint32_t k) -> std::optional<std::uint32_t> {
    const std::int64_t row = std::int64_t{p / g.out_columns} * g.stride + k / g.kernel - g.pad_top;
    const std::int64_t column = std::int64_t{p % g.out_columns} * g.stride + k % g.kernel - g.pad_left;
    if (row < 0 || column < 0 || row >= g.region_rows || column >= g.region_columns) return std::nullopt;
    return static_cast<std::uint32_t>(row * g.region_columns + column);
  };

  std::vector<std::int64_t> hidden1(std::size_t{g.middle} * positions), hidden2(std::size_t{g.middle} * outputs);
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    const FusedSum& first = c.predictor.expand[m];
    for (std::uint32_t r = 0; r < positions; ++r) {
      std::int64_t sum = 0;
      for (const auto& lane : first.lanes) {
        std::int32_t v = -8;
        for (const std::int16_t threshold : t.thresholds) v += threshold <= q(lane.index, r) ? 1 : 0;
        sum += lane.negative ? -v : v;
      }
      std::uint8_t level = 0;
      for (const std::int16_t threshold : first.levels)
        level = static_cast<std::uint8_t>(level + passes(sum, first, threshold));
      result.mask1.push_back(passes(sum, first, first.mask));
      result.level.push_back(level);
      if (result.mask1.back() == 0) continue;
      std::int64_t& h = hidden1[std::size_t{m} * positions + r];
      h = std::int64_t{c.factors.expand_bias[m]} << c.expand_shift;
      for (std::uint32_t i = 0; i < g.channels; ++i) {
        h += std::int64_t{c.factors.expand[m * g.channels + i]} * (q(i, r) - t.zero_point);
      }
    }
    const FusedSum& second = c.predictor.depthwise[m];
    for (std::uint32_t p = 0; p < outputs; ++p) {
      std::int64_t sum = 0;
      for (const auto& lane : second.lanes) {
        const auto at = position(p, lane.index);
        if (at) sum += (lane.negative ? -1 : 1) * result.level[std::size_t{m} * positions + *at];
      }
      result.mask2.push_back(passes(sum, second, second.mask));
      if (result.mask2.back() == 0) continue;
      std::int64_t& h = hidden2[std::size_t{m} * outputs + p];
      h = std::int64_t{c.factors.depthwise_bias[m]} << c.depthwise_shift;
      for (std::uint32_t k = 0; k < taps; ++k) {
        const auto at = position(p, k);
        if (at) h += std::int64_t{c.factors.depthwise[m * taps + k]} * hidden1[std::size_t{m} * positions + *at];
      }
    }
  }

  for (std::uint32_t o = 0; o < c.accumulate.out_channels; ++o) {
    for (std::uint32_t p = 0; p < outputs; ++p) {
      std::int64_t sum = 0;
      for (std::uint32_t m = 0; m < g.middle; ++m) {
        sum += c.factors.project[o * g.middle + m] * hidden2[std::size_t{m} * outputs + p];
      }
      result.sums.push_back(sum);
      const isa::machine::ChannelParameters& by = c.parameters[o];
      const auto biased =
          static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(by.bias));
      std::int64_t value = c.accumulate.zero_out + divide_rounding_half_up(Wide{biased} * by.multiplier, by.shift);
      value = std::clamp<std::int64_t>(value, c.accumulate.lowest, c.accumulate.highest);
      if (c.accumulate.residual) {
        const isa::machine::FusedResidual& r = *c.accumulate.residual;
        const std::int8_t b = c.activations[r.map.address + o * r.map.channel_pitch +
                                            p / g.out_columns * r.map.line_pitch + p % g.out_columns];
        const Wide product = Wide{value - r.zero_a} * r.multiplier_a + Wide{b - r.zero_b} * r.multiplier_b;
        value = std::clamp<std::int64_t>(r.zero_out + divide_rounding_half_up(product, r.shift), r.lowest, r.highest);
      }
      result.results.push_back(static_cast<std::int8_t>(value));
    }
  }
  return result;
}

}  // namespace fusesim::fused::test
