// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/fused/support/random_case.h"

#include <algorithm>
#include <cstdlib>

namespace fusesim::fused::test {

using isa::machine::FusedConfig;
using isa::machine::FusedGeometry;
using isa::machine::FusedMode;
using isa::machine::FusedSource;
using isa::machine::FusedSum;
using isa::machine::FusedTile;

std::uint32_t between(Random& random, std::uint32_t low, std::uint32_t high) {
  return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
}

namespace {

std::int32_t around_zero(Random& random, std::int32_t most) {
  return std::uniform_int_distribution<std::int32_t>(-most, most)(random);
}
bool chance(Random& random, double probability) {
  return std::bernoulli_distribution(probability)(random);
}

void append_16(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value & 255));
  bytes.push_back(static_cast<std::uint8_t>(value >> 8 & 255));
}

template <class T>
void fill(Random& random, std::vector<T>& elements, std::size_t count, std::int32_t most, double density) {
  elements.resize(count);
  for (T& element : elements) element = static_cast<T>(chance(random, density) ? around_zero(random, most) : 0);
}

FusedSum random_sum(Random& random, std::uint32_t inputs, std::int32_t spread, double density) {
  FusedSum sum;
  sum.falling = chance(random, 0.4);
  for (std::uint32_t i = 0; i < inputs; ++i) {
    if (chance(random, density)) sum.lanes.push_back({static_cast<std::uint16_t>(i), chance(random, 0.5)});
  }
  sum.mask = static_cast<std::int16_t>(around_zero(random, spread));
  for (std::int16_t& level : sum.levels) level = static_cast<std::int16_t>(around_zero(random, 2 * spread));
  std::ranges::sort(sum.levels);
  if (sum.falling) std::ranges::reverse(sum.levels);
  return sum;
}

void append_record(std::vector<std::uint8_t>& bytes, const FusedSum& sum, bool expand) {
  append_16(bytes, static_cast<std::uint32_t>(sum.lanes.size()) + (sum.falling ? 0x8000U : 0U));
  append_16(bytes, static_cast<std::uint16_t>(sum.mask));
  for (std::size_t i = 0; expand && i < 7; ++i) append_16(bytes, static_cast<std::uint16_t>(sum.levels[i]));
  for (const auto& lane : sum.lanes) append_16(bytes, lane.index + (lane.negative ? 0x8000U : 0U));
}

/// The composed lists by their definition, and the largest sum of magnitudes of one.
std::vector<std::uint8_t> term_bytes(const RandomCase& c, const FusedGeometry& g, std::uint32_t out_channels,
                                     std::int64_t& largest) {
  std::vector<std::uint8_t> bytes;
  const std::uint32_t taps = g.kernel * g.kernel;
  const auto append_list = [&](auto weight_of) {
    std::vector<std::uint32_t> list;
    std::int64_t magnitude = 0;
    for (std::uint32_t m = 0; m < g.middle; ++m) {
      const std::int32_t weight = weight_of(m);
      if (weight == 0) continue;
      list.push_back(m << 16 | (static_cast<std::uint32_t>(weight) & 0xffff));
      magnitude += std::abs(weight);
    }
    if (list.empty()) list.push_back(0);
    list.back() |= 1U << 28;
    for (const std::uint32_t term : list) {
      append_16(bytes, term);
      append_16(bytes, term >> 16);
    }
    largest = std::max(largest, magnitude);
  };
  for (std::uint32_t o = 0; o < out_channels; ++o) {
    const auto p = [&](std::uint32_t m) { return std::int32_t{c.factors.project[o * g.middle + m]}; };
    for (std::uint32_t k = 0; k < taps; ++k) {
      const auto d = [&](std::uint32_t m) { return std::int32_t{c.factors.depthwise[m * taps + k]}; };
      for (std::uint32_t i = 0; i < g.channels; ++i) {
        append_list([&](std::uint32_t m) { return p(m) * d(m) * c.factors.expand[m * g.channels + i]; });
      }
      append_list([&](std::uint32_t m) { return p(m) * d(m) * c.factors.expand_bias[m]; });
    }
    append_list([&](std::uint32_t m) { return p(m) * c.factors.depthwise_bias[m]; });
  }
  return bytes;
}

FusedConfig random_config(Random& random) {
  FusedConfig config;
  config.present = true;
  // One in four beyond a block of 64 PEs.
  const std::uint32_t side = chance(random, 0.25) ? 13 : 8;
  config.tile_rows = between(random, 1, side);
  config.tile_columns = between(random, 1, side);
  const std::uint32_t pes = config.tile_rows * config.tile_columns;
  config.mode = chance(random, 0.4) ? FusedMode::fixed : FusedMode::elastic;
  config.lanes = chance(random, 0.5) ? between(random, 1, 4) : between(random, 1, 64);
  config.adders = config.lanes;
  config.queue_depth = 0;
  if (config.mode == FusedMode::elastic) {
    config.adders =
        chance(random, 0.5) ? std::min(config.lanes, between(random, 1, 3)) : between(random, 1, config.lanes);
    // At the smallest, around 64, and beyond.
    config.queue_depth = config.lanes + (chance(random, 0.6) ? between(random, 0, 4) : between(random, 0, 90));
  }
  config.ladders = between(random, 1, 6);
  config.level_channels = between(random, 1, 9);
  config.tile_port_bytes = between(random, 1, 9);
  config.list_bytes_per_cycle = chance(random, 0.5) ? 0 : between(random, 1, 80);
  config.list_fifo_bytes = std::max(config.lanes * 4, config.lanes * 2 + config.ladders * 18) +
                           (chance(random, 0.5) ? 0 : between(random, 0, 200));
  config.composer_terms_per_cycle = between(random, 1, config.lanes);
  // Half of them slow enough for results to wait.
  config.output_lanes = between(random, 1, chance(random, 0.5) ? pes : pes / 8 + 1);
  return config;
}

/// The tile of outputs from (top, left) on of a map's convolution with padding `pad` at all sides.
FusedGeometry tile_geometry(const FusedConfig& config, FusedGeometry g, std::uint32_t height, std::uint32_t width,
                            std::uint32_t out_height, std::uint32_t out_width, std::uint32_t pad, std::uint32_t top,
                            std::uint32_t left, std::uint32_t& first_row, std::uint32_t& first_column) {
  g.out_rows = std::min(config.tile_rows, out_height - top);
  g.out_columns = std::min(config.tile_columns, out_width - left);
  const auto axis = [&](std::uint32_t from, std::uint32_t count, std::uint32_t size, std::uint32_t& first,
                        std::uint32_t& length, std::uint32_t& before) {
    const std::int32_t begin = static_cast<std::int32_t>(from * g.stride) - static_cast<std::int32_t>(pad);
    const std::int32_t end = begin + static_cast<std::int32_t>((count - 1) * g.stride + g.kernel);
    const std::int32_t low = std::max(begin, 0), high = std::min(end, static_cast<std::int32_t>(size));
    first = static_cast<std::uint32_t>(low);
    length = static_cast<std::uint32_t>(std::max(high - low, 0));
    before = static_cast<std::uint32_t>(low - begin);
  };
  axis(top, g.out_rows, height, first_row, g.region_rows, g.pad_top);
  axis(left, g.out_columns, width, first_column, g.region_columns, g.pad_left);
  return g;
}

}  // namespace

isa::machine::FusedPredict RandomCase::predict(std::size_t tile) const {
  isa::machine::FusedPredict predict;
  predict.buffer = tiles[tile].buffer;
  predict.geometry = tiles[tile].geometry;
  predict.round_channels = round_channels;
  predict.lists_bytes = static_cast<std::uint32_t>(predictor_bytes.size());
  predict.lists_dram = 1 << 20;
  return predict;
}

isa::machine::FusedAccumulate RandomCase::accumulate_tile(std::size_t tile) const {
  isa::machine::FusedAccumulate result = accumulate;
  result.buffer = tiles[tile].buffer;
  result.geometry = tiles[tile].geometry;
  if (tile + 1 < tiles.size()) result.next = tiles[tile + 1];
  return result;
}

const std::vector<std::uint8_t>& RandomCase::list_bytes() const {
  return accumulate.source == FusedSource::lists ? term_bytes : factor_bytes;
}

RandomCase random_case(Random& random) {
  RandomCase c;
  c.config = random_config(random);
  FusedGeometry g;
  std::uint32_t height = 0, width = 0, pad = 0, out_height = 0, out_width = 0;
  do {
    g.kernel = 1 + 2 * (chance(random, 0.6) ? between(random, 0, 1) : between(random, 0, 3));
    g.stride = between(random, 1, 2);
    g.channels = between(random, 1, 4);
    g.middle = chance(random, 0.1) ? between(random, 30, 70) : between(random, 1, 12);
    height = between(random, 1, 3 * c.config.tile_rows + 4);
    width = between(random, 1, 3 * c.config.tile_columns + 4);
    pad = chance(random, 0.7) ? g.kernel / 2 : between(random, 0, g.kernel - 1);
    if (height + 2 * pad < g.kernel || width + 2 * pad < g.kernel) continue;
    out_height = (height + 2 * pad - g.kernel) / g.stride + 1;
    out_width = (width + 2 * pad - g.kernel) / g.stride + 1;
  } while (out_height == 0 || out_width == 0);
  const std::uint32_t taps = g.kernel * g.kernel;
  const std::uint32_t out_channels = between(random, 1, 5);

  // Factors; densities down to lists that are all empty.
  const double density = chance(random, 0.3) ? 0.15 : 0.6;
  fill(random, c.factors.expand, std::size_t{g.middle} * g.channels, 31, density);
  fill(random, c.factors.depthwise, std::size_t{g.middle} * taps, 31, density);
  fill(random, c.factors.project, std::size_t{out_channels} * g.middle, 31, density);
  fill(random, c.factors.expand_bias, g.middle, 34, density);
  fill(random, c.factors.depthwise_bias, g.middle, 1000, density);
  c.expand_shift = between(random, 0, 6);
  c.depthwise_shift = between(random, 0, 14);
  const double lane_density = chance(random, 0.2) ? 0.1 : 0.6;
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    c.predictor.expand.push_back(random_sum(random, g.channels, 5, lane_density));
    c.predictor.depthwise.push_back(random_sum(random, taps, 4, lane_density));
  }

  // Tiles of the map, one after another.
  const std::uint32_t across = (out_width + c.config.tile_columns - 1) / c.config.tile_columns;
  const std::uint32_t down = (out_height + c.config.tile_rows - 1) / c.config.tile_rows;
  const std::uint32_t wanted = between(random, 1, 3), first_tile = between(random, 0, across * down - 1);
  const std::uint32_t line_pitch = width + between(random, 0, 3),
                      channel_pitch = line_pitch * height + between(random, 0, 5);
  FusedTile tile;
  tile.zero_point = around_zero(random, 128);
  for (std::int16_t& threshold : tile.thresholds) threshold = static_cast<std::int16_t>(around_zero(random, 128));
  std::ranges::sort(tile.thresholds);
  const std::uint32_t base = between(random, 0, 7);
  for (std::uint32_t i = 0; i < wanted; ++i) {
    const std::uint32_t at = (first_tile + i) % (across * down);
    std::uint32_t row = 0, column = 0;
    tile.geometry = tile_geometry(c.config, g, height, width, out_height, out_width, pad,
                                  at / across * c.config.tile_rows, at % across * c.config.tile_columns, row, column);
    if (tile.geometry.region_rows == 0 || tile.geometry.region_columns == 0) continue;
    if (tile.geometry.pad_top >= g.kernel || tile.geometry.pad_left >= g.kernel) continue;
    tile.input = {base + row * line_pitch + column, channel_pitch, line_pitch};
    tile.buffer = static_cast<std::uint8_t>(c.tiles.size() % 2);
    c.tiles.push_back(tile);
  }
  if (c.tiles.empty()) return random_case(random);

  std::uint32_t positions = c.config.tile_rows * c.config.tile_columns;
  for (const FusedTile& t : c.tiles) positions = std::max(positions, t.geometry.positions());
  c.config.mask_positions = positions + between(random, 0, 5);
  c.config.mask_channels = g.middle + between(random, 0, 5);
  c.config.tile_bytes = g.channels * positions;
  c.round_channels = between(random, 1, c.config.level_channels);

  isa::machine::FusedAccumulate& a = c.accumulate;
  a.source = chance(random, 0.5) ? FusedSource::lists : FusedSource::factors;
  a.out_channels = out_channels;
  a.lists_dram = 1 << 21;
  a.expand_bias_shift = c.expand_shift;
  a.depthwise_bias_shift = c.depthwise_shift;
  a.zero_out = around_zero(random, 100);
  if (chance(random, 0.5)) {
    a.lowest = static_cast<std::int8_t>(-static_cast<std::int32_t>(between(random, 1, 128)));
    a.highest = static_cast<std::int8_t>(between(random, 0, 127));
  }
  for (std::uint32_t o = 0; o < out_channels; ++o) {
    c.parameters.push_back({around_zero(random, 1 << 20),
                            static_cast<std::int32_t>(between(random, 1U << 30, (1U << 31) - 1)),
                            static_cast<std::int32_t>(between(random, 40, 52))});
  }
  std::size_t activations = base + std::size_t{channel_pitch} * g.channels;
  if (chance(random, 0.5)) {
    isa::machine::FusedResidual residual;
    residual.map = {static_cast<std::uint32_t>(activations), c.config.tile_rows * c.config.tile_columns + 3,
                    c.config.tile_columns};
    activations += std::size_t{residual.map.channel_pitch} * out_channels;
    residual.zero_a = around_zero(random, 100);
    residual.zero_b = around_zero(random, 100);
    residual.zero_out = around_zero(random, 100);
    residual.multiplier_a = static_cast<std::int32_t>(between(random, 1U << 28, (1U << 31) - 1));
    residual.multiplier_b = static_cast<std::int32_t>(between(random, 1U << 28, (1U << 31) - 1));
    residual.shift = static_cast<std::int32_t>(between(random, 29, 34));
    a.residual = residual;
  }
  c.activations.resize(activations);
  for (std::int8_t& q : c.activations) q = static_cast<std::int8_t>(between(random, 0, 255));

  for (std::uint32_t first = 0; first < g.middle; first += c.round_channels) {
    const std::uint32_t end = std::min(g.middle, first + c.round_channels);
    for (std::uint32_t m = first; m < end; ++m) append_record(c.predictor_bytes, c.predictor.expand[m], true);
    for (std::uint32_t m = first; m < end; ++m) append_record(c.predictor_bytes, c.predictor.depthwise[m], false);
  }
  std::int64_t largest = 0;
  c.term_bytes = term_bytes(c, g, out_channels, largest);
  for (c.config.adder_bits = 8; largest >= std::int64_t{1} << (c.config.adder_bits - 1);) ++c.config.adder_bits;
  c.factor_bytes = isa::machine::encode_factors(c.factors, {g.channels, g.middle, g.kernel, out_channels});
  a.lists_bytes = static_cast<std::uint32_t>(c.list_bytes().size());
  return c;
}

}  // namespace fusesim::fused::test
