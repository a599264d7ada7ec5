// SPDX-License-Identifier: Apache-2.0
#include "tests/lockstep/fused_traffic.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace fusesim::test {

using fused::Ending;
using fused::Geometry;
using fused::Lane;
using fused::Word;
using fused::WordKind;

FusedTraffic::FusedTraffic(const fused::FusedCore& core, Clock clock, std::uint64_t seed)
    : core_(core),
      config_(core.config()),
      clock_(std::move(clock)),
      random_(seed),
      pes_(config_.tile_rows * config_.tile_columns),
      residual_(config_.output_lanes),
      tile_x_(config_.tile_port_bytes),
      tile_v_(config_.tile_port_bytes) {
  geometry_ = random_geometry();
  parameters_ = random_parameters();
}

std::uint32_t FusedTraffic::pick(std::uint32_t low, std::uint32_t high) {
  return std::uniform_int_distribution<std::uint32_t>(low, high)(random_);
}

bool FusedTraffic::chance(double probability) {
  return std::bernoulli_distribution(probability)(random_);
}

// ---- What is sent ----

Geometry FusedTraffic::random_geometry() {
  // A single PE would predict a large region in hundreds of passes.
  const std::uint32_t most = std::min(config_.mask_positions, std::max(64U, 8 * pes_));
  for (;;) {
    Geometry g;
    g.kernel = chance(0.5) ? 3 : pick(1, 7);
    g.stride = pick(1, 2);
    g.pad_top = pick(0, g.kernel - 1);
    g.pad_left = pick(0, g.kernel - 1);
    g.out_rows = chance(0.6) ? config_.tile_rows : pick(1, config_.tile_rows);
    g.out_columns = chance(0.6) ? config_.tile_columns : pick(1, config_.tile_columns);
    // The map may end before the last taps do.
    const auto extent = [&](std::uint32_t outputs, std::uint32_t pad) {
      const std::uint32_t whole = (outputs - 1) * g.stride + g.kernel - pad;
      return chance(0.5) ? whole : pick(whole - std::min(whole - 1, g.kernel - 1), whole);
    };
    g.region_rows = extent(g.out_rows, g.pad_top);
    g.region_columns = extent(g.out_columns, g.pad_left);
    if (g.positions() > most || g.positions() > config_.tile_bytes) continue;
    g.channels = pick(1, std::min(12U, config_.tile_bytes / g.positions()));
    g.middle = pick(1, std::min(20U, config_.mask_channels));
    return g;
  }
}

fused::OutputParameters FusedTraffic::random_parameters() {
  const auto byte = [this] { return static_cast<std::int8_t>(static_cast<int>(pick(0, 255)) - 128); };
  const auto multiplier = [this] { return static_cast<std::int32_t>(pick(1U << 30, (1U << 31) - 1)); };
  fused::OutputParameters p;
  p.bias = static_cast<std::int32_t>(pick(0, 200'000)) - 100'000;
  p.multiplier = multiplier();
  // Most results within the limits of a byte, some beyond, some rounded away.
  p.shift = static_cast<std::int32_t>(chance(0.9) ? pick(42, 54) : pick(1, 62));
  p.zero_out = byte();
  std::tie(p.lowest, p.highest) = std::minmax({byte(), byte()});
  if (chance(0.5)) {
    p.lowest = -128;
    p.highest = 127;
  }
  p.residual = chance(0.5);
  p.zero_a = byte();
  p.zero_b = byte();
  p.residual_zero_out = byte();
  p.multiplier_a = multiplier();
  p.multiplier_b = multiplier();
  p.residual_shift = static_cast<std::int32_t>(chance(0.9) ? pick(29, 33) : pick(1, 62));
  std::tie(p.residual_lowest, p.residual_highest) = std::minmax({byte(), byte()});
  if (chance(0.5)) {
    p.residual_lowest = -128;
    p.residual_highest = 127;
  }
  return p;
}

void FusedTraffic::random_tile(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    tile_x_[i] = static_cast<std::int16_t>(static_cast<int>(pick(0, 510)) - 255);
    tile_v_[i] = static_cast<std::int8_t>(static_cast<int>(pick(0, 15)) - 8);
  }
}

void FusedTraffic::random_ending(Ending& ending, const std::vector<std::uint32_t>& order, std::uint32_t& next,
                                 bool depthwise) {
  ending = {};
  ending.channel = static_cast<std::uint16_t>(order[next]);
  ending.level = static_cast<std::uint16_t>(next);
  ++next;
  ending.falling = chance(0.4);
  const auto threshold = [this](int spread) {
    if (chance(0.03)) return chance(0.5) ? 32767 : -32768;
    return static_cast<int>(pick(0, static_cast<std::uint32_t>(2 * spread))) - spread;
  };
  const int mask = std::clamp(threshold(12) + (ending.falling ? survival_ : -survival_), -32768, 32767);
  ending.mask = static_cast<std::int16_t>(mask);
  if (depthwise) return;
  for (std::int16_t& level : ending.levels) level = static_cast<std::int16_t>(threshold(25));
  std::sort(std::begin(ending.levels), std::end(ending.levels));
  if (ending.falling) std::reverse(std::begin(ending.levels), std::end(ending.levels));
}

// ---- Cycles ----

void FusedTraffic::cycle(const Word& word) {
  if (!running_) return;
  fused::CoreInputs in;
  in.geometry = geometry_;
  in.buffer = buffer_;
  in.word = word;
  in.parameters = parameters_;
  if (core_.output_group()) {
    for (std::int8_t& byte : residual_) byte = static_cast<std::int8_t>(static_cast<int>(pick(0, 255)) - 128);
    // What is not given counts as zero.
    in.residual = std::span(residual_).first(chance(0.8) ? residual_.size() : pick(0, config_.output_lanes));
  }
  if (chance(0.3)) {
    fused::TileWrite write;
    write.buffer = static_cast<std::uint8_t>(1 - buffer_);
    write.channel = static_cast<std::uint16_t>(pick(0, background_.channels - 1));
    write.positions = static_cast<std::uint16_t>(background_.positions());
    write.position = static_cast<std::uint16_t>(pick(0, background_.positions() - 1));
    const std::uint32_t count = pick(1, std::min(config_.tile_port_bytes, background_.positions() - write.position));
    random_tile(count);
    write.x = std::span(tile_x_).first(count);
    write.v = std::span(tile_v_).first(count);
    in.tile = write;
    ++seen_.tile_writes;
  }
  const bool takes = core_.takes();
  ++seen_.clocks;
  if (core_.held()) ++seen_.held;
  if (takes) ++seen_.results;
  running_ = clock_(in);
  if (takes) parameters_ = random_parameters();
}

void FusedTraffic::idle_cycles(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) cycle({});
}

void FusedTraffic::present(const Word& word) {
  if (chance(idle_chance_)) idle_cycles(pick(1, 5));
  if (!word.endings.empty() && hooks.ending) {
    const Ending& ending = word.endings[pick(0, static_cast<std::uint32_t>(word.endings.size()) - 1)];
    hooks.ending(ending.channel, ending.level, geometry_.positions());
  }
  switch (word.kind) {
    case WordKind::expand:
      ++seen_.expand;
      break;
    case WordKind::depthwise:
      ++seen_.depthwise;
      break;
    case WordKind::terms:
      ++seen_.terms;
      break;
    case WordKind::none:
      break;
  }
  for (int tries = 0; running_; ++tries) {
    if (tries == 10'000) throw std::logic_error("the core never takes the word");
    const bool taken = core_.ready();
    cycle(word);
    if (taken) return;
  }
}

// ---- Instructions ----

void FusedTraffic::predict() {
  std::vector<std::uint32_t> channels(geometry_.middle);
  std::iota(channels.begin(), channels.end(), 0U);
  std::shuffle(channels.begin(), channels.end(), random_);
  round_channels_ = pick(1, config_.level_channels);
  const std::uint32_t passes = (geometry_.positions() + pes_ - 1) / pes_;
  for (std::size_t first = 0; first < channels.size(); first += round_channels_) {
    const std::size_t last = std::min(channels.size(), first + round_channels_);
    round_.assign(channels.begin() + static_cast<std::ptrdiff_t>(first),
                  channels.begin() + static_cast<std::ptrdiff_t>(last));
    for (std::uint32_t pass = 0; pass < passes; ++pass) predictor_words(WordKind::expand, pass);
    idle_cycles(1);
    predictor_words(WordKind::depthwise, 0);
  }
  idle_cycles(2);
}

/// One pass of a stage: every sum of the round ends once.
void FusedTraffic::predictor_words(WordKind kind, std::uint32_t pass) {
  const bool depthwise = kind == WordKind::depthwise;
  const std::uint32_t indices = depthwise ? geometry_.kernel * geometry_.kernel : geometry_.channels;
  const auto sums = static_cast<std::uint32_t>(round_.size());
  std::uint32_t next = 0;
  while (next < sums && running_) {
    std::uint32_t lanes = chance(0.5) ? config_.lanes : pick(0, config_.lanes);
    const std::uint32_t endings = pick(lanes == 0 ? 1 : 0, std::min(config_.ladders, sums - next));
    std::vector<std::uint32_t> ends(endings);
    for (std::uint32_t& end : ends) end = pick(0, lanes);
    std::sort(ends.begin(), ends.end());
    endings_.resize(endings);
    for (std::uint32_t e = 0; e < endings; ++e) {
      random_ending(endings_[e], round_, next, depthwise);
      endings_[e].lanes = static_cast<std::uint8_t>(ends[e]);
    }
    // Nothing goes on after the last sum.
    if (next == sums) lanes = ends.back();
    lanes_.resize(lanes);
    for (Lane& lane : lanes_) {
      lane.index = static_cast<std::uint16_t>(pick(0, indices - 1));
      lane.weight = chance(0.5) ? 1 : -1;
    }
    Word word;
    word.kind = kind;
    word.lanes = lanes_;
    word.endings = endings_;
    word.pass = static_cast<std::uint16_t>(pass);
    word.open_level = static_cast<std::uint16_t>(next == sums ? 0 : next);
    present(word);
  }
}

void FusedTraffic::accumulate() {
  const std::uint32_t outputs = pick(1, 8);
  // Channels of one list end faster than the output unit takes them.
  const bool shortest = chance(0.3);
  for (std::uint32_t o = 0; o < outputs && running_; ++o) {
    const std::uint32_t lists = shortest ? 1 : pick(1, 14);
    for (std::uint32_t i = 0; i < lists; ++i) list(i + 1 == lists);
  }
}

void FusedTraffic::list(bool channel_end) {
  std::uint32_t left = chance(0.3) ? 1 : pick(1, 3 * config_.lanes);
  Word word;
  word.kind = WordKind::terms;
  word.tap = static_cast<std::uint8_t>(pick(0, geometry_.kernel * geometry_.kernel - 1));
  word.every_tap = channel_end || chance(0.1);
  word.constant = word.every_tap || chance(0.2);
  word.shift = static_cast<std::uint8_t>(word.constant ? pick(0, 14) : 0);
  word.channel = static_cast<std::uint16_t>(word.constant ? 0 : pick(0, geometry_.channels - 1));
  const bool large = chance(0.3);
  while (left > 0 && running_) {
    const std::uint32_t count = std::min(left, chance(0.7) ? config_.lanes : pick(1, config_.lanes));
    left -= count;
    lanes_.resize(count);
    for (Lane& lane : lanes_) {
      lane.index = static_cast<std::uint16_t>(pick(0, geometry_.middle - 1));
      lane.weight = static_cast<std::int16_t>(large ? static_cast<int>(pick(0, 65535)) - 32768
                                                    : static_cast<int>(pick(0, 200)) - 100);
    }
    word.lanes = lanes_;
    word.last = left == 0;
    word.channel_end = channel_end && word.last;
    present(word);
  }
}

void FusedTraffic::write_tile(std::uint8_t buffer, const Geometry& geometry) {
  // The other buffer is the one that is written in the background.
  buffer_ = static_cast<std::uint8_t>(1 - buffer);
  background_ = geometry;
  idle_cycles(60);
  buffer_ = buffer;
}

bool FusedTraffic::episode() {
  idle_chance_ = chance(0.4) ? 0 : chance(0.5) ? 0.1 : 0.5;
  survival_ = static_cast<int>(pick(0, 40)) - 15;
  geometry_ = random_geometry();
  write_tile(static_cast<std::uint8_t>(1 - buffer_), geometry_);
  background_ = random_geometry();
  predict();
  if (running_ && hooks.predicted) {
    hooks.predicted(geometry_.middle, geometry_.positions(),
                    std::min(round_channels_, static_cast<std::uint32_t>(round_.size())));
  }
  accumulate();
  for (int waited = 0; running_ && !core_.idle(); ++waited) {
    if (waited == 10'000) throw std::logic_error("the core never becomes idle");
    idle_cycles(1);
  }
  return running_;
}

}  // namespace fusesim::test
