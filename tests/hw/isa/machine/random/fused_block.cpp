// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/isa/machine/random/fused_block.h"

#include <algorithm>
#include <array>
#include <optional>

#include "tests/hw/isa/machine/random/fused_lists.h"

namespace fusesim::isa::machine::test {
namespace {

struct Axis {
  std::uint32_t in = 0, pad = 0, out = 0;
};

Axis random_axis(Dice& dice, std::uint32_t in, std::uint32_t kernel, std::uint32_t stride) {
  Axis axis{in, dice.upto(kernel) - 1, 0};
  axis.out = (in + axis.pad - 1) / stride + 1;
  if (dice.chance(3)) axis.out = dice.upto(axis.out);
  return axis;
}

/// The part of the input that outputs [first, first + count) look at; where it begins, how long it is, and padding.
std::array<std::uint32_t, 3> cut(const Axis& axis, std::uint32_t kernel, std::uint32_t stride, std::uint32_t first,
                                 std::uint32_t count) {
  const std::uint32_t from = first * stride, to = (first + count - 1) * stride + kernel;  // In the padded map.
  const std::uint32_t begin = from > axis.pad ? from - axis.pad : 0;
  return {begin, std::min(axis.in, to - axis.pad) - begin, from < axis.pad ? axis.pad - from : 0};
}

/// What its groups have in common. Results of a group follow one another, or alternate with other groups'.
struct Block {
  PadMap input;
  std::optional<PadMap> residual;
  FusedListShape shape;
  std::uint32_t groups = 1;
  Axis rows, columns;
  std::uint32_t round = 1;
  bool shuffled = false;
  FusedTile tile;
  FusedAccumulate accumulate;
};

/// One accumulate's share of a group's output channels.
struct Share {
  std::uint32_t first = 0;
  FusedSource source = FusedSource::lists;
  FusedListShape shape;
  Lists lists;
  std::size_t parameters = 0;
};

std::vector<Share> load_shares(ProgramDraft& draft, const FusedListShape& shape, Waits& ready) {
  Dice& dice = draft.dice;
  std::vector<Share> shares;
  for (std::uint32_t first = 0; first < shape.out_channels;) {
    Share share{first, dice.chance(3) ? FusedSource::factors : FusedSource::lists, shape, {}, 0};
    share.shape.out_channels = dice.upto(shape.out_channels - first);
    const FusedFactors factors = random_factors(dice, share.shape);
    const std::vector<std::uint8_t> bytes = share.source == FusedSource::factors
                                                ? encode_factors(factors, share.shape)
                                                : encode_terms(compose(factors, share.shape), share.shape);
    share.lists = draft.load_lists(bytes, 4, ready);
    share.parameters = draft.load_parameters(share.shape.out_channels, ready);
    shares.push_back(share);
    first += share.shape.out_channels;
  }
  return shares;
}

/// A tile's first output.
struct Place {
  std::uint32_t row = 0, column = 0;
};

std::vector<Place> places_of(const Block& block, const FusedConfig& fused) {
  std::vector<Place> places;
  for (std::uint32_t y = 0; y < block.rows.out; y += fused.tile_rows) {
    for (std::uint32_t x = 0; x < block.columns.out; x += fused.tile_columns) places.push_back({y, x});
  }
  return places;
}

/// The tile of a group at this place; the unit grows until it holds it.
FusedTile tile_at(const Block& block, std::uint32_t group, const Place& at, std::uint8_t buffer, FusedConfig& fused) {
  FusedTile tile = block.tile;
  FusedGeometry& g = tile.geometry;
  tile.buffer = buffer;
  g.out_rows = std::min(fused.tile_rows, block.rows.out - at.row);
  g.out_columns = std::min(fused.tile_columns, block.columns.out - at.column);
  const auto [y, height, top] = cut(block.rows, g.kernel, g.stride, at.row, g.out_rows);
  const auto [x, width, left] = cut(block.columns, g.kernel, g.stride, at.column, g.out_columns);
  g.region_rows = height, g.region_columns = width, g.pad_top = top, g.pad_left = left;
  const VectorOperand& input = block.input.at;
  tile.input = {input.address + group * g.channels * input.channel_pitch + y * input.line_pitch + x,
                input.channel_pitch, input.line_pitch};
  fused.mask_positions = std::max(fused.mask_positions, g.positions());
  fused.tile_bytes = std::max(fused.tile_bytes, g.channels * g.positions());
  return tile;
}

/// Where a share's results of a tile go in the map, or what is added to them lies.
FusedMap map_at(const Block& block, std::uint32_t group, const PadMap& map, const Place& at, const Share& share) {
  const std::uint32_t channel =
      block.shuffled ? share.first * block.groups + group : group * block.shape.out_channels + share.first;
  return {map.at.address + channel * map.at.channel_pitch + at.row * map.at.line_pitch + at.column,
          map.at.channel_pitch * (block.shuffled ? block.groups : 1), map.at.line_pitch};
}

void add_group(ProgramDraft& draft, const Block& block, std::uint32_t group, PadMap& result, Waits ready) {
  FusedConfig& fused = draft.program.core.fused;
  const Lists predictor =
      draft.load_lists(encode_predictor(random_predictor(draft.dice, block.shape), block.shape, block.round), 2, ready);
  const std::vector<Share> shares = load_shares(draft, block.shape, ready);
  const std::vector<Place> places = places_of(block, fused);
  const auto tile = [&](std::size_t index) {
    return tile_at(block, group, places[index], static_cast<std::uint8_t>(index % 2), fused);
  };
  bool loaded = false;
  for (std::size_t index = 0; index < places.size(); ++index) {
    const FusedTile here = tile(index);
    if (!loaded) ready = both(ready, draft.add(here, ready, {block.input.buffer}));
    FusedPredict predict;
    predict.buffer = here.buffer;
    predict.geometry = here.geometry;
    predict.round_channels = block.round;
    predict.lists = predictor.address;
    predict.lists_bytes = predictor.bytes;
    predict.lists_dram = predictor.dram;
    draft.add(predict, ready, {predictor.buffer});
    for (const Share& share : shares) {
      FusedAccumulate work = block.accumulate;
      work.buffer = here.buffer;
      work.geometry = here.geometry;
      work.source = share.source;
      work.out_channels = share.shape.out_channels;
      work.lists = share.lists.address;
      work.lists_bytes = share.lists.bytes;
      work.lists_dram = share.lists.dram;
      work.parameters = draft.address(share.parameters);
      work.output = map_at(block, group, result, places[index], share);
      if (block.residual) work.residual->map = map_at(block, group, *block.residual, places[index], share);
      loaded = &share == &shares.back() && index + 1 < places.size() && !draft.dice.chance(4);
      if (loaded) work.next = tile(index + 1);
      std::vector<std::size_t> buffers{block.input.buffer, share.lists.buffer, share.parameters, result.buffer};
      if (block.residual) buffers.push_back(block.residual->buffer);
      result.ready = draft.add(work, ready, buffers);
    }
  }
}

}  // namespace

PadMap random_fused_block(ProgramDraft& draft, const DramMap& source, std::uint32_t most_round_channels) {
  Dice& dice = draft.dice;
  FusedConfig& fused = draft.program.core.fused;
  Block block;
  block.input = draft.load_map(source);
  const std::uint32_t kernel = dice.upto(3), stride = dice.upto(2);
  do block.groups = dice.upto(source.channels);
  while (source.channels % block.groups != 0);
  const FusedListShape& shape = block.shape = {source.channels / block.groups, dice.upto(8), kernel, dice.upto(5)};
  block.rows = random_axis(dice, source.height, kernel, stride);
  block.columns = random_axis(dice, source.width, kernel, stride);
  block.round = dice.upto(std::min(shape.middle, most_round_channels));
  block.shuffled = dice.chance(2);
  const std::uint32_t out_channels = block.groups * shape.out_channels;
  fused.mask_channels = std::max(fused.mask_channels, shape.middle);
  fused.level_channels = std::max(fused.level_channels, block.round);

  PadMap result = draft.place(Pad::outputs, 1, out_channels, block.rows.out, block.columns.out);
  if (dice.chance(3)) block.residual = draft.load_map(draft.new_input(out_channels, block.rows.out, block.columns.out));
  block.tile.geometry = {.channels = shape.channels, .middle = shape.middle, .kernel = kernel, .stride = stride};
  block.tile.zero_point = dice.int8();
  for (std::int16_t& threshold : block.tile.thresholds) threshold = static_cast<std::int16_t>(dice.upto(257) - 129);
  std::sort(block.tile.thresholds.begin(), block.tile.thresholds.end());

  FusedAccumulate& accumulate = block.accumulate;
  accumulate.zero_out = dice.int8();
  const auto [lowest, highest] = std::minmax({dice.int8(), dice.int8()});
  if (dice.chance(3)) accumulate.lowest = lowest, accumulate.highest = highest;
  accumulate.expand_bias_shift = dice.upto(4) - 1;
  accumulate.depthwise_bias_shift = dice.upto(7) - 1;
  if (block.residual) {
    accumulate.residual = FusedResidual{.map = {},
                                        .zero_a = dice.int8(),
                                        .zero_b = dice.int8(),
                                        .zero_out = dice.int8(),
                                        .multiplier_a = dice.around_zero(1U << 29),
                                        .multiplier_b = dice.around_zero(1U << 29),
                                        .shift = static_cast<std::int32_t>(27 + dice.upto(3)),
                                        .lowest = lowest,
                                        .highest = highest};
  }
  const Waits ready = both(block.input.ready, block.residual ? block.residual->ready : Waits{});
  for (std::uint32_t group = 0; group < block.groups; ++group) add_group(draft, block, group, result, ready);
  return result;
}

}  // namespace fusesim::isa::machine::test
