// SPDX-License-Identifier: Apache-2.0
#include "hw/fused/stepped_fused_core.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "hw/fused/output_value.h"
#include "hw/fused/tile.h"

namespace fusesim::fused {

namespace {

bool passes(std::int32_t sum, bool falling, std::int32_t threshold) {
  return falling ? sum <= threshold : sum >= threshold;
}

}  // namespace

SteppedFusedCore::SteppedFusedCore(const Config& config)
    : config_(config),
      pes_count_(config.tile_rows * config.tile_columns),
      groups_((pes_count_ + config.output_lanes - 1) / config.output_lanes) {
  reset();
}

void SteppedFusedCore::reset() {
  for (auto& tile : x_) tile.assign(config_.tile_bytes, 0);
  for (auto& tile : v_) tile.assign(config_.tile_bytes, 0);
  mask1_.assign(std::size_t{config_.mask_channels} * config_.mask_positions, 0);
  mask2_.assign(std::size_t{config_.mask_channels} * pes_count_, 0);
  levels_.assign(std::size_t{config_.level_channels} * config_.mask_positions, 0);
  r0_ = {};
  r0_.lanes.resize(config_.lanes);
  r0_.endings.resize(config_.ladders);
  ended_ = {};
  ended_.endings.resize(config_.ladders);
  ended_.sums.assign(std::size_t{config_.ladders} * pes_count_, 0);
  ending_ = ended_;
  pes_.assign(pes_count_, {});
  entries_.assign(std::size_t{config_.queue_depth} * pes_count_, {});
  working_ = emitting_ = false;
  group_ = emitted_group_ = 0;
  parameters_ = {};
  taken_.assign(pes_count_, 0);
  emitted_.assign(config_.output_lanes, 0);
  survivors_.assign(pes_count_, 0);
  positions_.assign(pes_count_, -1);
  leaves_ = false;
}

// ---- Outputs ----

bool SteppedFusedCore::takes() const {
  return !working_ && std::all_of(pes_.begin(), pes_.end(), [](const Pe& pe) { return pe.result_valid; });
}

std::optional<std::uint32_t> SteppedFusedCore::output_group() const {
  if (!working_) return std::nullopt;
  return group_;
}

std::optional<Emitted> SteppedFusedCore::emitted() const {
  if (!emitting_) return std::nullopt;
  const std::uint32_t first = emitted_group_ * config_.output_lanes;
  return Emitted{emitted_group_, std::span(emitted_).first(std::min(config_.output_lanes, pes_count_ - first))};
}

bool SteppedFusedCore::idle() const {
  return r0_.kind == WordKind::none && ended_.kind == WordKind::none && !working_ && !emitting_ &&
         std::all_of(pes_.begin(), pes_.end(),
                     [](const Pe& pe) { return pe.queued == 0 && !pe.multiply && !pe.result_valid; });
}

FusedPeState SteppedFusedCore::pe(std::uint32_t index) const {
  const Pe& pe = pes_[index];
  return {pe.ternary_sum, pe.sum,          pe.multiply, pe.factor, pe.operand, pe.multiply_end,
          pe.acc,         pe.result_valid, pe.result,   pe.queued, pe.started};
}

bool SteppedFusedCore::mask1(std::uint32_t channel, std::uint32_t position) const {
  return mask1_[std::size_t{channel} * config_.mask_positions + position] != 0;
}

bool SteppedFusedCore::mask2(std::uint32_t channel, std::uint32_t pe) const {
  return mask2_[std::size_t{channel} * pes_count_ + pe] != 0;
}

std::uint8_t SteppedFusedCore::level(std::uint32_t place, std::uint32_t position) const {
  return levels_[std::size_t{place} * config_.mask_positions + position];
}

// ---- The edge ----

void SteppedFusedCore::clock(const CoreInputs& in) {
  const bool accepts = ready();
  const bool takes_results = takes();
  const bool masks_change = ended_.kind != WordKind::none;
  clock_output_unit(in, takes_results);
  clock_pes(takes_results);
  clock_predictor();
  clock_ladders();
  std::swap(ended_, ending_);
  if (in.tile) write_tile(*in.tile);
  if (accepts) clock_word_register(in);
  if (r0_.kind == WordKind::terms && (accepts || masks_change)) find_survivors();
  leaves_ = decide_to_leave();
}

void SteppedFusedCore::write_tile(const TileWrite& write) {
  const std::size_t first = std::size_t{write.channel} * write.positions + write.position;
  std::copy(write.x.begin(), write.x.end(), x_[write.buffer].begin() + static_cast<std::ptrdiff_t>(first));
  std::copy(write.v.begin(), write.v.end(), v_[write.buffer].begin() + static_cast<std::ptrdiff_t>(first));
}

void SteppedFusedCore::clock_output_unit(const CoreInputs& in, bool takes_results) {
  emitting_ = working_;
  if (working_) {
    emitted_group_ = group_;
    const std::uint32_t first = group_ * config_.output_lanes;
    const std::uint32_t count = std::min(config_.output_lanes, pes_count_ - first);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::int8_t residual = i < in.residual.size() ? in.residual[i] : std::int8_t{0};
      emitted_[i] = output_value(taken_[first + i], residual, parameters_);
    }
    ++group_;
    working_ = group_ < groups_;
  }
  if (takes_results) {
    for (std::uint32_t p = 0; p < pes_count_; ++p) taken_[p] = pes_[p].result;
    parameters_ = in.parameters;
    working_ = true;
    group_ = 0;
  }
}

void SteppedFusedCore::clock_pes(bool takes_results) {
  const bool terms_leave = r0_.kind == WordKind::terms && leaves_;
  for (std::uint32_t p = 0; p < pes_count_; ++p) {
    Pe& pe = pes_[p];
    const bool result_is_in_the_way = pe.result_valid || pe.multiply_end;
    if (takes_results) {
      pe.result_valid = false;
      pe.result = 0;
    }
    multiply(pe);
    if (config_.mode == isa::machine::FusedMode::fixed) {
      if (terms_leave) add_survivors(pe, p);
    } else {
      add_from_queue(pe, p, result_is_in_the_way);
      if (terms_leave) push_survivors(pe, p);
    }
  }
}

/// Empties the multiplier register.
void SteppedFusedCore::multiply(Pe& pe) {
  if (!pe.multiply) return;
  const std::uint32_t product = static_cast<std::uint32_t>(pe.factor) * static_cast<std::uint32_t>(pe.operand);
  const auto acc = static_cast<std::int32_t>(static_cast<std::uint32_t>(pe.acc) + product);
  pe.acc = pe.multiply_end ? 0 : acc;
  if (pe.multiply_end) {
    pe.result = acc;
    pe.result_valid = true;
  }
  pe.multiply = pe.multiply_end = false;
  pe.factor = 0;
  pe.operand = 0;
}

void SteppedFusedCore::hand_over(Pe& pe, std::int16_t operand, bool end) {
  pe.multiply = true;
  pe.factor = pe.sum;
  pe.operand = operand;
  pe.multiply_end = end;
  pe.sum = 0;
}

void SteppedFusedCore::add_survivors(Pe& pe, std::uint32_t index) const {
  for (std::uint32_t lane = 0; lane < r0_.lane_count; ++lane) {
    if ((survivors_[index] >> lane & 1) != 0) pe.sum = wrapped(std::int64_t{pe.sum} + r0_.lanes[lane].weight);
  }
  if (r0_.last) hand_over(pe, operand(index), r0_.channel_end);
}

void SteppedFusedCore::add_from_queue(Pe& pe, std::uint32_t index, bool result_is_in_the_way) {
  const Entry* const ring = entries_.data() + std::size_t{index} * config_.queue_depth;
  const auto entry = [&](std::uint32_t i) -> const Entry& { return ring[(pe.head + i) % config_.queue_depth]; };
  std::uint32_t count = 0;
  bool tail = false;
  while (count < std::min(config_.adders, pe.queued) && !tail) tail = entry(count++).tail;
  if (count == 0) return;
  const Entry last = entry(count - 1);
  if (last.done && result_is_in_the_way) return;
  for (std::uint32_t i = 0; i < count; ++i) pe.sum = wrapped(std::int64_t{pe.sum} + entry(i).weight);
  pe.head = (pe.head + count) % config_.queue_depth;
  pe.queued -= count;
  if (tail) hand_over(pe, last.operand, last.done);
}

void SteppedFusedCore::push_survivors(Pe& pe, std::uint32_t index) {
  const std::uint64_t survivors = survivors_[index];
  Entry* const ring = entries_.data() + std::size_t{index} * config_.queue_depth;
  const auto push = [&](const Entry& entry) {
    ring[(pe.head + pe.queued) % config_.queue_depth] = entry;
    ++pe.queued;
  };
  const Entry tail{0, r0_.last, operand(index), r0_.channel_end};
  for (std::uint64_t left = survivors; left != 0; left &= left - 1) {
    Entry entry = (left & (left - 1)) == 0 && r0_.last ? tail : Entry{};
    entry.weight = r0_.lanes[static_cast<std::size_t>(std::countr_zero(left))].weight;
    push(entry);
  }
  if (survivors == 0 && entries_to_push(pe, index) == 1) push(tail);
  pe.started = !r0_.last && (pe.started || survivors != 0);
}

std::uint32_t SteppedFusedCore::entries_to_push(const Pe& pe, std::uint32_t index) const {
  if (survivors_[index] != 0) return static_cast<std::uint32_t>(std::popcount(survivors_[index]));
  return r0_.last && (pe.started || r0_.channel_end) ? 1 : 0;
}

bool SteppedFusedCore::decide_to_leave() const {
  if (r0_.kind != WordKind::terms) return r0_.kind != WordKind::none;
  for (std::uint32_t p = 0; p < pes_count_; ++p) {
    const Pe& pe = pes_[p];
    if (config_.mode == isa::machine::FusedMode::fixed) {
      if (r0_.channel_end && (pe.result_valid || pe.multiply_end)) return false;
    } else if (pe.queued + entries_to_push(pe, p) > config_.queue_depth) {
      return false;
    }
  }
  return true;
}

void SteppedFusedCore::find_survivors() {
  for (std::uint32_t p = 0; p < pes_count_; ++p) {
    survivors_[p] = 0;
    const auto at = tap_position(r0_.geometry, config_.tile_columns, p, r0_.tap);
    positions_[p] = at ? static_cast<std::int32_t>(*at) : -1;
  }
  for (std::uint32_t lane = 0; lane < r0_.lane_count; ++lane) {
    const std::size_t m = r0_.lanes[lane].index;
    const std::uint8_t* const of_pes = mask2_.data() + m * pes_count_;
    const std::uint8_t* const of_positions = mask1_.data() + m * config_.mask_positions;
    for (std::uint32_t p = 0; p < pes_count_; ++p) {
      if (of_pes[p] == 0) continue;
      if (!r0_.every_tap && (positions_[p] < 0 || of_positions[positions_[p]] == 0)) continue;
      survivors_[p] |= std::uint64_t{1} << lane;
    }
  }
}

std::int16_t SteppedFusedCore::operand(std::uint32_t index) const {
  if (r0_.constant) return static_cast<std::int16_t>(1 << r0_.shift);
  if (positions_[index] < 0) return 0;
  return x_[r0_.buffer]
           [std::size_t{r0_.channel} * r0_.geometry.positions() + static_cast<std::size_t>(positions_[index])];
}

std::int32_t SteppedFusedCore::wrapped(std::int64_t sum) const {
  const std::uint32_t unused = 64 - config_.adder_bits;
  return static_cast<std::int32_t>(static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) << unused) >> unused);
}

// ---- The predictor ----

/// The word in R0 is added up; sums that end go to the ending register.
void SteppedFusedCore::clock_predictor() {
  ending_.kind = WordKind::none;
  ending_.count = 0;
  if (r0_.kind != WordKind::expand && r0_.kind != WordKind::depthwise) return;
  for (std::uint32_t p = 0; p < pes_count_; ++p) {
    Pe& pe = pes_[p];
    std::uint32_t lane = 0;
    for (std::uint32_t e = 0; e < r0_.ending_count; ++e) {
      for (; lane < r0_.endings[e].lanes; ++lane) pe.ternary_sum += addend(r0_.lanes[lane], r0_.endings[e].level, p);
      ending_.sums[std::size_t{e} * pes_count_ + p] = pe.ternary_sum;
      pe.ternary_sum = 0;
    }
    for (; lane < r0_.lane_count; ++lane) pe.ternary_sum += addend(r0_.lanes[lane], r0_.open_level, p);
  }
  if (r0_.ending_count == 0) return;
  ending_.kind = r0_.kind;
  ending_.geometry = r0_.geometry;
  ending_.pass = r0_.pass;
  ending_.count = r0_.ending_count;
  std::copy_n(r0_.endings.begin(), r0_.ending_count, ending_.endings.begin());
}

/// What the ending register holds meets its thresholds.
void SteppedFusedCore::clock_ladders() {
  for (std::uint32_t e = 0; e < ended_.count; ++e) {
    const Ending& ending = ended_.endings[e];
    for (std::uint32_t p = 0; p < pes_count_; ++p) {
      const std::int32_t sum = ended_.sums[std::size_t{e} * pes_count_ + p];
      const bool pass = passes(sum, ending.falling, ending.mask);
      if (ended_.kind == WordKind::depthwise) {
        mask2_[std::size_t{ending.channel} * pes_count_ + p] = has_output(ended_.geometry, p) && pass;
        continue;
      }
      const std::uint32_t r = ended_.pass * pes_count_ + p;
      if (r >= ended_.geometry.positions()) continue;
      mask1_[std::size_t{ending.channel} * config_.mask_positions + r] = pass;
      std::uint8_t level = 0;
      for (const std::int16_t threshold : ending.levels) {
        if (passes(sum, ending.falling, threshold)) ++level;
      }
      levels_[std::size_t{ending.level} * config_.mask_positions + r] = level;
    }
  }
}

/// What a lane adds to the running sum of a PE; `place` of the level storage for a depthwise lane.
std::int32_t SteppedFusedCore::addend(const Lane& lane, std::uint32_t place, std::uint32_t index) const {
  if (r0_.kind == WordKind::expand) {
    const std::uint32_t r = r0_.pass * pes_count_ + index;
    if (r >= r0_.geometry.positions()) return 0;
    return lane.weight * v_[r0_.buffer][std::size_t{lane.index} * r0_.geometry.positions() + r];
  }
  if (!has_output(r0_.geometry, index)) return 0;
  const auto at = tap_position(r0_.geometry, config_.tile_columns, index, lane.index);
  return at ? lane.weight * levels_[std::size_t{place} * config_.mask_positions + *at] : 0;
}

// ---- The word register and geometry ----

void SteppedFusedCore::clock_word_register(const CoreInputs& in) {
  const Word& word = in.word;
  r0_.kind = word.kind;
  r0_.geometry = in.geometry;
  r0_.buffer = in.buffer;
  r0_.lane_count = static_cast<std::uint32_t>(word.lanes.size());
  std::copy(word.lanes.begin(), word.lanes.end(), r0_.lanes.begin());
  r0_.ending_count = static_cast<std::uint32_t>(word.endings.size());
  std::copy(word.endings.begin(), word.endings.end(), r0_.endings.begin());
  r0_.pass = word.pass;
  r0_.open_level = word.open_level;
  r0_.last = word.last;
  r0_.channel_end = word.channel_end;
  r0_.every_tap = word.every_tap;
  r0_.constant = word.constant;
  r0_.tap = word.tap;
  r0_.shift = word.shift;
  r0_.channel = word.channel;
}

bool SteppedFusedCore::has_output(const Geometry& geometry, std::uint32_t index) const {
  return index / config_.tile_columns < geometry.out_rows && index % config_.tile_columns < geometry.out_columns;
}

}  // namespace fusesim::fused
