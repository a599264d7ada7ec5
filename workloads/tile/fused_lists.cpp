// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/fused_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>

#include "workloads/reference/composed_block.h"

namespace fusesim::tile {

using isa::machine::FusedConfig;
using isa::machine::FusedFactors;
using isa::machine::FusedListShape;
using isa::machine::FusedSource;

namespace {

template <typename T>
std::span<const T> part(const std::vector<T>& all, std::size_t begin, std::size_t count) {
  return std::span(all).subspan(begin, count);
}

isa::machine::FusedSum sum_of(const reference::Ladder& ladder, std::span<const std::int8_t> ternary) {
  isa::machine::FusedSum sum{ladder.falling, ladder.mask, ladder.levels, {}};
  for (std::size_t i = 0; i < ternary.size(); ++i) {
    if (ternary[i] != 0) sum.lanes.push_back({static_cast<std::uint16_t>(i), ternary[i] < 0});
  }
  return sum;
}

}  // namespace

GroupLists::GroupLists(const PredictedTask& task, const std::string& layer, std::uint32_t group,
                       const FusedConfig& unit, FusedSource source)
    : task_(task),
      group_(group),
      unit_(unit),
      source_(source),
      channels_(task.block.in_channels / task.block.groups),
      middle_(task.block.middle_channels / task.block.groups),
      out_channels_(task.block.out_channels / task.block.groups),
      round_channels_(std::min(middle_, unit.level_channels)) {
  try {
    add_predictor();
    for (std::uint32_t channel = 0; channel < out_channels_; ++channel) add_channel(channel);
  } catch (const isa::machine::InvalidLists& error) {
    throw CompileError(fmt::format("layer '{}', group {}: {}", layer, group, error.what()));
  }
  check_adder_bits(layer);
}

/// Sums are kept in two's complement of the adders' width.
void GroupLists::check_adder_bits(const std::string& layer) const {
  const auto worst = std::max_element(channels_lists_.begin(), channels_lists_.end(),
                                      [](const auto& a, const auto& b) { return a.magnitude < b.magnitude; });
  const auto needed = static_cast<std::uint32_t>(std::bit_width(worst->magnitude)) + 1;
  if (needed <= unit_.adder_bits) return;
  throw CompileError(fmt::format(
      "layer '{}': composed weights of output channel {} reach {} and need adders of {} bits, but "
      "fused.adder_bits is {}; raise it, or quantise the block's factors to fewer bits",
      layer, group_ * out_channels_ + (worst - channels_lists_.begin()), worst->magnitude, needed, unit_.adder_bits));
}

FusedListShape GroupLists::shape(std::uint32_t out_channels) const {
  return {channels_, middle_, task_.block.kernel, out_channels};
}

void GroupLists::add_predictor() {
  const reference::BlockConstants& c = *task_.constants;
  const std::size_t taps = std::size_t{task_.block.kernel} * task_.block.kernel;
  isa::machine::FusedPredictor predictor;
  for (std::size_t m = std::size_t{group_} * middle_; m < std::size_t{group_ + 1} * middle_; ++m) {
    predictor.expand.push_back(sum_of(c.expand_ladders[m], part(c.ternary_expand, m * channels_, channels_)));
    predictor.depthwise.push_back(sum_of(c.depthwise_ladders[m], part(c.ternary_depthwise, m * taps, taps)));
    predictor.depthwise.back().levels = {};
  }
  predictor_ = isa::machine::encode_predictor(predictor, shape(1), round_channels_);
  const isa::machine::PredictorWords words =
      isa::machine::cut_predictor(predictor, round_channels_, unit_.lanes, unit_.ladders);
  rounds_ = words.rounds.size();
  for (const isa::machine::PredictorRound& round : words.rounds) {
    expand_words_ += round.depthwise_begin - round.expand_begin;
    depthwise_words_ += round.end - round.depthwise_begin;
  }
}

void GroupLists::add_channel(std::uint32_t channel) {
  const reference::ComposedChannel composed =
      reference::compose(task_.block, *task_.constants, group_ * out_channels_ + channel);
  isa::machine::FusedTerms terms;
  terms.terms.reserve(composed.terms.size() + composed.ends.size());
  Channel result;
  for (std::size_t list = 0; list < composed.ends.size(); ++list) {
    std::uint64_t magnitude = 0;
    for (const reference::Term& term : composed.list(list)) {
      magnitude += static_cast<std::uint64_t>(std::abs(term.weight));
      terms.terms.push_back({static_cast<std::int16_t>(term.weight), static_cast<std::uint16_t>(term.middle)});
    }
    if (!composed.list(list).empty()) ++result.products;
    result.magnitude = std::max(result.magnitude, magnitude);
    terms.end_list();
  }
  result.terms = terms.terms.size();
  result.words = isa::machine::count_words(terms, unit_.lanes);
  if (source_ == FusedSource::lists) result.stream = isa::machine::encode_terms(terms, shape(1));
  channels_lists_.push_back(std::move(result));
}

FusedFactors GroupLists::factors(std::uint32_t begin, std::uint32_t count) const {
  const reference::BlockConstants& c = *task_.constants;
  const std::size_t taps = std::size_t{task_.block.kernel} * task_.block.kernel;
  const std::size_t first = std::size_t{group_} * middle_;
  const auto copy = [](const std::vector<std::int8_t>& all, std::size_t from, std::size_t size) {
    const auto values = part(all, from, size);
    return std::vector<std::int8_t>(values.begin(), values.end());
  };
  FusedFactors f;
  f.expand = copy(c.expand, first * channels_, std::size_t{middle_} * channels_);
  f.depthwise = copy(c.depthwise, first * taps, middle_ * taps);
  f.project = copy(c.project, (std::size_t{group_} * out_channels_ + begin) * middle_, std::size_t{count} * middle_);
  f.expand_bias.assign(middle_, 0);
  f.depthwise_bias.assign(middle_, 0);
  // What takes part in no product costs no bits as 0.
  for (std::size_t m = 0; m < middle_; ++m) {
    bool projected = false, convolved = false;
    for (std::size_t o = 0; o < count; ++o) projected = projected || f.project[o * middle_ + m] != 0;
    for (std::size_t k = 0; k < taps; ++k) convolved = convolved || f.depthwise[m * taps + k] != 0;
    if (!projected) std::fill_n(f.depthwise.begin() + static_cast<std::ptrdiff_t>(m * taps), taps, std::int8_t{0});
    if (!projected || !convolved) {
      std::fill_n(f.expand.begin() + static_cast<std::ptrdiff_t>(m * channels_), channels_, std::int8_t{0});
    } else {
      f.expand_bias[m] = static_cast<std::int16_t>(c.expand_bias[first + m]);
    }
    if (projected) f.depthwise_bias[m] = static_cast<std::int16_t>(c.depthwise_bias[first + m]);
  }
  return f;
}

std::vector<std::uint8_t> GroupLists::stream(std::uint32_t begin, std::uint32_t count) const {
  if (source_ == FusedSource::factors) return isa::machine::encode_factors(factors(begin, count), shape(count));
  std::vector<std::uint8_t> all;
  all.reserve(bytes(begin, count));
  for (std::uint32_t o = begin; o < begin + count; ++o) {
    all.insert(all.end(), channels_lists_[o].stream.begin(), channels_lists_[o].stream.end());
  }
  return all;
}

std::uint64_t GroupLists::bytes(std::uint32_t begin, std::uint32_t count) const {
  if (source_ == FusedSource::factors) {
    const auto [entry, unknown] = factor_bytes_.try_emplace({begin, count}, 0);
    if (unknown) entry->second = stream(begin, count).size();
    return entry->second;
  }
  std::uint64_t sum = 0;
  for (std::uint32_t o = begin; o < begin + count; ++o) sum += channels_lists_[o].stream.size();
  return sum;
}

std::uint64_t GroupLists::words(std::uint32_t begin, std::uint32_t count) const {
  std::uint64_t sum = 0;
  for (std::uint32_t o = begin; o < begin + count; ++o) sum += channels_lists_[o].words;
  return sum;
}

std::uint64_t GroupLists::products(std::uint32_t begin, std::uint32_t count) const {
  std::uint64_t sum = 0;
  for (std::uint32_t o = begin; o < begin + count; ++o) sum += channels_lists_[o].products;
  return sum;
}

std::uint64_t GroupLists::predictor_words(std::uint32_t positions) const {
  const std::uint32_t pes = unit_.tile_rows * unit_.tile_columns;
  return expand_words_ * ((positions + pes - 1) / pes) + depthwise_words_;
}

std::uint64_t GroupLists::predictor_cycles(std::uint32_t positions) const {
  constexpr std::uint64_t way_out = 2;
  return predictor_words(positions) + rounds_ + way_out;
}

double GroupLists::cycles(std::uint32_t begin, std::uint32_t count) const {
  const std::uint32_t pes = unit_.tile_rows * unit_.tile_columns;
  const double output = (pes + unit_.output_lanes - 1) / unit_.output_lanes;
  double rate = unit_.list_bytes_per_cycle;
  if (source_ == FusedSource::factors) rate = 4.0 * unit_.composer_terms_per_cycle;
  double sum = 0;
  for (std::uint32_t o = begin; o < begin + count; ++o) {
    const Channel& channel = channels_lists_[o];
    const double arrival = rate > 0 ? 4.0 * static_cast<double>(channel.terms) / rate : 0;
    sum += std::max({static_cast<double>(channel.words), arrival, output + 1});
  }
  constexpr double pipeline = 5;
  return sum + output + pipeline;
}

}  // namespace fusesim::tile
