// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fused_interpreter.h"

#include <algorithm>
#include <span>

#include "hw/isa/machine/fused_lists.h"
#include "workloads/reference/arithmetic.h"

namespace fusesim::test {

using isa::machine::FusedAccumulate;
using isa::machine::FusedGeometry;
using isa::machine::FusedPredict;
using isa::machine::FusedSource;
using isa::machine::FusedTile;
using isa::machine::Pad;

std::uint32_t FusedInterpreter::number(Pad pad, std::uint64_t address, std::uint32_t bytes) const {
  std::uint32_t value = 0;
  for (std::uint32_t i = 0; i < bytes; ++i) {
    const std::int8_t byte = pads_[static_cast<std::size_t>(pad)].at(address + i);
    value |= std::uint32_t{static_cast<std::uint8_t>(byte)} << (8 * i);
  }
  return value;
}

std::int64_t FusedInterpreter::position(const FusedGeometry& g, std::uint32_t row, std::uint32_t column,
                                        std::uint32_t tap) {
  const std::int64_t y = std::int64_t{row} * g.stride + tap / g.kernel - g.pad_top;
  const std::int64_t x = std::int64_t{column} * g.stride + tap % g.kernel - g.pad_left;
  if (y < 0 || x < 0 || y >= g.region_rows || x >= g.region_columns) return -1;
  return y * g.region_columns + x;
}

void FusedInterpreter::execute(const FusedTile& work) {
  const FusedGeometry& g = work.geometry;
  Tile& tile = tiles_.at(work.buffer);
  tile = {};
  for (std::uint32_t c = 0; c < g.channels; ++c) {
    for (std::uint32_t y = 0; y < g.region_rows; ++y) {
      for (std::uint32_t x = 0; x < g.region_columns; ++x) {
        const std::uint64_t address =
            work.input.address + std::uint64_t{c} * work.input.channel_pitch + y * work.input.line_pitch + x;
        const std::int32_t q = pads_[static_cast<std::size_t>(Pad::activations)].at(address);
        tile.x.push_back(q - work.zero_point);
        std::int32_t v = -8;
        for (const std::int16_t threshold : work.thresholds) v += threshold <= q;
        tile.v.push_back(v);
      }
    }
  }
}

bool FusedInterpreter::Sum::passes(std::int64_t sum, std::size_t threshold) const {
  return falling ? sum <= thresholds.at(threshold) : sum >= thresholds.at(threshold);
}

FusedInterpreter::Sum FusedInterpreter::read_sum(std::uint64_t& address, std::uint32_t levels) const {
  const auto next = [&] {
    address += 2;
    return number(Pad::weights, address - 2, 2);
  };
  Sum sum;
  const std::uint32_t header = next();
  sum.falling = (header & 0x8000) != 0;
  for (std::uint32_t i = 0; i <= levels; ++i) sum.thresholds.push_back(static_cast<std::int16_t>(next()));
  for (std::uint32_t i = 0; i < (header & 0xfff); ++i) {
    const std::uint32_t lane = next();
    sum.lanes.emplace_back(lane & 0xfff, (lane & 0x8000) != 0 ? -1 : 1);
  }
  return sum;
}

void FusedInterpreter::execute(const FusedPredict& work) {
  const FusedGeometry& g = work.geometry;
  const Tile& tile = tiles_.at(work.buffer);
  mask1_.assign(g.middle, std::vector<bool>(g.positions()));
  mask2_.assign(g.middle, std::vector<bool>(std::size_t{g.out_rows} * g.out_columns));
  std::vector<std::vector<std::int32_t>> levels(g.middle, std::vector<std::int32_t>(g.positions()));
  std::uint64_t at = work.lists;
  for (std::uint32_t first = 0; first < g.middle; first += work.round_channels) {
    const std::uint32_t end = std::min(g.middle, first + work.round_channels);
    for (std::uint32_t m = first; m < end; ++m) {
      const Sum sum = read_sum(at, 7);
      for (std::uint32_t r = 0; r < g.positions(); ++r) {
        std::int64_t total = 0;
        for (const auto& [channel, sign] : sum.lanes) total += sign * tile.v.at(channel * g.positions() + r);
        mask1_[m][r] = sum.passes(total, 0);
        for (std::size_t level = 1; level <= 7; ++level) levels[m][r] += sum.passes(total, level);
      }
    }
    for (std::uint32_t m = first; m < end; ++m) {
      const Sum sum = read_sum(at, 0);
      for (std::uint32_t p = 0; p < g.out_rows * g.out_columns; ++p) {
        std::int64_t total = 0;
        for (const auto& [tap, sign] : sum.lanes) {
          const std::int64_t q = position(g, p / g.out_columns, p % g.out_columns, tap);
          if (q >= 0) total += sign * levels[m].at(static_cast<std::size_t>(q));
        }
        mask2_[m][p] = sum.passes(total, 0);
      }
    }
  }
}

/// Out channel by out channel, output by output.
std::vector<std::int64_t> FusedInterpreter::sums_of_lists(const FusedAccumulate& work) const {
  const FusedGeometry& g = work.geometry;
  const Tile& tile = tiles_.at(work.buffer);
  const std::uint32_t outputs = g.out_rows * g.out_columns, taps = g.kernel * g.kernel;
  std::vector<std::int64_t> sums(std::size_t{work.out_channels} * outputs);
  std::uint64_t at = work.lists;
  for (std::uint32_t o = 0; o < work.out_channels; ++o) {
    // C lists of weights and one of the bias a tap; at last one list without a tap.
    for (std::uint32_t list = 0; list < taps * (g.channels + 1) + 1; ++list) {
      const std::uint32_t tap = list / (g.channels + 1), channel = list % (g.channels + 1);
      for (bool last = false; !last; at += 4) {
        const std::uint32_t term = number(Pad::weights, at, 4);
        last = (term >> 28 & 1) != 0;
        const std::int64_t weight = static_cast<std::int16_t>(term & 0xffff);
        const std::uint32_t m = term >> 16 & 0xfff;
        for (std::uint32_t p = 0; p < outputs; ++p) {
          std::int64_t operand = std::int64_t{1} << work.depthwise_bias_shift;
          if (tap < taps) {
            const std::int64_t q = position(g, p / g.out_columns, p % g.out_columns, tap);
            if (q < 0 || !mask1_.at(m).at(static_cast<std::size_t>(q))) continue;
            operand = channel < g.channels ? tile.x.at(channel * g.positions() + static_cast<std::size_t>(q))
                                           : std::int64_t{1} << work.expand_bias_shift;
          }
          if (mask2_.at(m).at(p)) sums[std::size_t{o} * outputs + p] += weight * operand;
        }
      }
    }
  }
  return sums;
}

std::vector<std::int64_t> FusedInterpreter::sums_of_factors(const FusedAccumulate& work) const {
  const FusedGeometry& g = work.geometry;
  const Tile& tile = tiles_.at(work.buffer);
  const std::uint32_t outputs = g.out_rows * g.out_columns, taps = g.kernel * g.kernel;
  const auto* bytes =
      reinterpret_cast<const std::uint8_t*>(pads_[static_cast<std::size_t>(Pad::weights)].data() + work.lists);
  const isa::machine::FusedFactors factors = isa::machine::decode_factors(
      std::span(bytes, work.lists_bytes), {g.channels, g.middle, g.kernel, work.out_channels});
  std::vector<std::int64_t> sums(std::size_t{work.out_channels} * outputs);
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    std::vector<std::int64_t> hidden(g.positions());
    for (std::uint32_t q = 0; q < g.positions(); ++q) {
      if (!mask1_.at(m)[q]) continue;
      hidden[q] = std::int64_t{factors.expand_bias.at(m)} << work.expand_bias_shift;
      for (std::uint32_t c = 0; c < g.channels; ++c) {
        hidden[q] += std::int64_t{factors.expand.at(m * g.channels + c)} * tile.x.at(c * g.positions() + q);
      }
    }
    for (std::uint32_t p = 0; p < outputs; ++p) {
      if (!mask2_.at(m)[p]) continue;
      std::int64_t value = std::int64_t{factors.depthwise_bias.at(m)} << work.depthwise_bias_shift;
      for (std::uint32_t tap = 0; tap < taps; ++tap) {
        const std::int64_t q = position(g, p / g.out_columns, p % g.out_columns, tap);
        if (q >= 0) value += factors.depthwise.at(m * taps + tap) * hidden[static_cast<std::size_t>(q)];
      }
      for (std::uint32_t o = 0; o < work.out_channels; ++o) {
        sums[std::size_t{o} * outputs + p] += factors.project.at(o * g.middle + m) * value;
      }
    }
  }
  return sums;
}

void FusedInterpreter::execute(const FusedAccumulate& work) {
  const FusedGeometry& g = work.geometry;
  const std::vector<std::int64_t> sums =
      work.source == FusedSource::lists ? sums_of_lists(work) : sums_of_factors(work);
  const auto place = [&](const isa::machine::FusedMap& map, std::uint32_t o, std::uint32_t p) {
    return map.address + std::uint64_t{o} * map.channel_pitch + std::uint64_t{p / g.out_columns} * map.line_pitch +
           p % g.out_columns;
  };
  for (std::uint32_t o = 0; o < work.out_channels; ++o) {
    const std::uint32_t parameters = work.parameters + o * isa::machine::channel_parameter_bytes;
    const auto parameter = [&](std::uint32_t index) {
      return static_cast<std::int32_t>(number(Pad::weights, parameters + 4 * index, 4));
    };
    for (std::uint32_t p = 0; p < g.out_rows * g.out_columns; ++p) {
      const auto sum = static_cast<std::int32_t>(sums[std::size_t{o} * g.out_rows * g.out_columns + p]);
      const std::int64_t biased = reference::wrapping_add(sum, parameter(0));
      std::int8_t y =
          reference::saturate(work.zero_out + reference::rounding_shift(biased * parameter(1), parameter(2)),
                              reference::Limits{work.lowest, work.highest});
      if (work.residual) {
        const isa::machine::FusedResidual& r = *work.residual;
        const std::int64_t other = pads_[static_cast<std::size_t>(Pad::activations)].at(place(r.map, o, p));
        const std::int64_t both = (y - r.zero_a) * std::int64_t{r.multiplier_a} + (other - r.zero_b) * r.multiplier_b;
        y = reference::saturate(r.zero_out + reference::rounding_shift(both, r.shift),
                                reference::Limits{r.lowest, r.highest});
      }
      pads_[static_cast<std::size_t>(Pad::outputs)].at(place(work.output, o, p)) = y;
    }
  }
  if (work.next) execute(*work.next);
}

}  // namespace fusesim::test
