// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/fused/support/plain_sequencer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>

namespace fusesim::fused::test {

using isa::machine::FusedAccumulate;
using isa::machine::FusedPredict;
using isa::machine::FusedSource;
using isa::machine::FusedTile;

namespace {

std::uint32_t unit_16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return bytes[at] + 256U * bytes[at + 1];
}
std::int16_t signed_16(std::uint32_t value) {
  return static_cast<std::int16_t>(value >= 0x8000 ? static_cast<std::int32_t>(value) - 0x10000
                                                   : static_cast<std::int32_t>(value));
}

/// Bytes in the FIFO between scratchpad and broadcast.
struct Fifo {
  std::uint32_t rate = 0, capacity = 0;
  std::uint64_t left = 0, held = 0;
  void end_cycle(std::uint64_t taken) {
    const std::uint64_t arrive = std::min({std::uint64_t{rate}, left, capacity - held});
    held = held - taken + arrive;
    left -= arrive;
  }
};

/// The lines of a tile, cut at the port's width, one write a cycle.
struct TileLoad {
  struct Write {
    std::uint16_t channel, position;
    std::vector<std::int16_t> x;
    std::vector<std::int8_t> v;
  };
  std::vector<Write> writes;
  const FusedTile* tile;

  TileLoad(const FusedTile& from, std::span<const std::int8_t> activations, std::uint32_t port) : tile(&from) {
    const Geometry& g = from.geometry;
    for (std::uint32_t c = 0; c < g.channels; ++c) {
      for (std::uint32_t y = 0; y < g.region_rows; ++y) {
        for (std::uint32_t x = 0; x < g.region_columns; x += port) {
          Write write{static_cast<std::uint16_t>(c), static_cast<std::uint16_t>(y * g.region_columns + x), {}, {}};
          for (std::uint32_t i = x; i < std::min(x + port, g.region_columns); ++i) {
            const std::int8_t q =
                activations[from.input.address + c * from.input.channel_pitch + y * from.input.line_pitch + i];
            std::int32_t copy = -8;
            for (const std::int16_t threshold : from.thresholds) copy += threshold <= q ? 1 : 0;
            write.x.push_back(static_cast<std::int16_t>(q - from.zero_point));
            write.v.push_back(static_cast<std::int8_t>(copy));
          }
          writes.push_back(write);
        }
      }
    }
  }
  void put(CoreInputs& in, std::uint64_t cycle) const {
    if (cycle >= writes.size()) return;
    const Write& write = writes[cycle];
    in.tile =
        TileWrite{tile->buffer, write.channel, write.position, static_cast<std::uint16_t>(tile->geometry.positions()),
                  write.x,      write.v};
  }
};

}  // namespace

void PlainSequencer::clock(std::uint64_t cycle, const CoreInputs& in) {
  if (watch) watch(cycle, in);
  core_.clock(in);
}

Outcome PlainSequencer::tile(const FusedTile& tile, std::span<const std::int8_t> activations) {
  const TileLoad load(tile, activations, config_.tile_port_bytes);
  Outcome outcome;
  for (; outcome.cycles < load.writes.size(); ++outcome.cycles) {
    CoreInputs in;
    in.geometry = tile.geometry;
    load.put(in, outcome.cycles);
    clock(outcome.cycles, in);
    ++outcome.causes.fill;
  }
  return outcome;
}

std::vector<PlainSequencer::PlainWord> PlainSequencer::predictor_words(const FusedPredict& predict,
                                                                       std::span<const std::uint8_t> bytes) const {
  const Geometry& g = predict.geometry;
  const std::uint32_t pes = config_.tile_rows * config_.tile_columns;
  std::vector<PlainWord> all;
  std::size_t at = 0;
  for (std::uint32_t first = 0; first < g.middle; first += predict.round_channels) {
    const std::uint32_t count = std::min(predict.round_channels, g.middle - first);
    for (const bool expand : {true, false}) {
      std::vector<PlainWord> words(1);
      const auto full = [&] {
        return words.back().lanes.size() == config_.lanes || words.back().endings.size() == config_.ladders;
      };
      for (std::uint32_t i = 0; i < count; ++i) {
        Ending ending;
        const std::uint32_t header = unit_16(bytes, at);
        ending.falling = header >= 0x8000;
        ending.mask = signed_16(unit_16(bytes, at + 2));
        at += 4;
        for (std::size_t step = 0; expand && step < 7; ++step, at += 2)
          ending.levels[step] = signed_16(unit_16(bytes, at));
        ending.channel = static_cast<std::uint16_t>(first + i);
        ending.level = static_cast<std::uint16_t>(i);
        const std::uint32_t lanes = header & 0xfff;
        if (lanes == 0 && full()) words.emplace_back();
        for (std::uint32_t lane = 0; lane < lanes; ++lane, at += 2) {
          if (full()) words.emplace_back();
          const std::uint32_t unit = unit_16(bytes, at);
          words.back().lanes.push_back(
              {static_cast<std::uint16_t>(unit & 0xfff), static_cast<std::int16_t>(unit >= 0x8000 ? -1 : 1)});
          // Until the ending is in the word the sum goes on in the next.
          words.back().word.open_level = ending.level;
        }
        ending.lanes = static_cast<std::uint8_t>(words.back().lanes.size());
        words.back().endings.push_back(ending);
        words.back().word.open_level = 0;
      }
      for (PlainWord& word : words) {
        word.word.kind = expand ? WordKind::expand : WordKind::depthwise;
        if (expand) word.word.open_level = 0;
        word.bytes = static_cast<std::uint32_t>(2 * word.lanes.size() + (expand ? 18 : 4) * word.endings.size());
      }
      const std::uint32_t passes = expand ? (g.positions() + pes - 1) / pes : 1;
      for (std::uint32_t pass = 0; pass < passes; ++pass) {
        for (PlainWord& word : words) {
          word.word.pass = static_cast<std::uint16_t>(pass);
          all.push_back(word);
        }
      }
      if (expand) {
        all.emplace_back();
        all.back().gap = true;
      }
    }
  }
  if (at != bytes.size()) throw std::logic_error("predictor bytes are left over");
  return all;
}

Outcome PlainSequencer::predict(const FusedPredict& predict, std::span<const std::uint8_t> lists) {
  const Geometry& g = predict.geometry;
  const std::uint32_t pes = config_.tile_rows * config_.tile_columns;
  std::vector<PlainWord> words = predictor_words(predict, lists);
  Fifo fifo{config_.list_bytes_per_cycle, config_.list_fifo_bytes};
  for (const PlainWord& word : words) fifo.left += word.bytes;
  Outcome outcome;
  std::optional<std::uint64_t> last;
  for (std::size_t next = 0; !last || outcome.cycles < *last + 3; ++outcome.cycles) {
    CoreInputs in;
    in.geometry = g;
    in.buffer = predict.buffer;
    std::uint64_t taken = 0;
    if (next == words.size()) {
      ++outcome.causes.drain;
    } else if (PlainWord& word = words[next]; word.gap) {
      ++outcome.causes.drain;
      ++next;
    } else if (fifo.rate != 0 && fifo.held < word.bytes) {
      ++outcome.causes.stall;
      ++outcome.counters.list_stalls;
    } else {
      if (!core_.ready()) throw std::logic_error("a predictor word waits");
      in.word = word.word;
      in.word.lanes = word.lanes;
      in.word.endings = word.endings;
      taken = word.bytes;
      ++outcome.causes.predict;
      ++outcome.counters.words;
      for (std::uint32_t p = 0; p < pes; ++p) {
        const bool works = word.word.kind == WordKind::expand
                               ? word.word.pass * pes + p < g.positions()
                               : p / config_.tile_columns < g.out_rows && p % config_.tile_columns < g.out_columns;
        if (works) outcome.counters.predictor_additions += word.lanes.size();
      }
      if (++next == words.size()) last = outcome.cycles;
    }
    clock(outcome.cycles, in);
    if (fifo.rate != 0) fifo.end_cycle(taken);
  }
  return outcome;
}

std::vector<PlainSequencer::PlainWord> PlainSequencer::term_words(const FusedAccumulate& accumulate,
                                                                  std::span<const std::uint8_t> bytes) const {
  const Geometry& g = accumulate.geometry;
  std::vector<PlainWord> words;
  std::size_t at = 0;
  const auto read_list = [&](std::uint32_t tap, bool every_tap, bool constant, std::uint32_t channel,
                             std::uint32_t shift) {
    const std::size_t first = words.size();
    for (bool last = false; !last;) {
      PlainWord word;
      while (!last && word.lanes.size() < config_.lanes) {
        const std::uint32_t low = unit_16(bytes, at), high = unit_16(bytes, at + 2);
        at += 4;
        word.lanes.push_back({static_cast<std::uint16_t>(high & 0xfff), signed_16(low)});
        last = (high >> 12 & 1) != 0;
      }
      word.bytes = static_cast<std::uint32_t>(4 * word.lanes.size());
      word.word.kind = WordKind::terms;
      word.word.last = last;
      word.word.channel_end = last && every_tap;
      word.word.tap = static_cast<std::uint8_t>(tap);
      word.word.every_tap = every_tap;
      word.word.constant = constant;
      word.word.channel = static_cast<std::uint16_t>(channel);
      word.word.shift = static_cast<std::uint8_t>(shift);
      words.push_back(word);
    }
    words.back().null = words.size() == first + 1 && words.back().lanes == std::vector<Lane>{Lane{0, 0}};
  };
  for (std::uint32_t o = 0; o < accumulate.out_channels; ++o) {
    for (std::uint32_t k = 0; k < g.kernel * g.kernel; ++k) {
      for (std::uint32_t c = 0; c < g.channels; ++c) read_list(k, false, false, c, 0);
      read_list(k, false, true, 0, accumulate.expand_bias_shift);
    }
    read_list(0, true, true, 0, accumulate.depthwise_bias_shift);
  }
  if (at != bytes.size()) throw std::logic_error("term bytes are left over");
  return words;
}

Outcome PlainSequencer::accumulate(const FusedAccumulate& accumulate, std::span<const std::uint8_t> terms,
                                   std::span<const isa::machine::ChannelParameters> parameters,
                                   std::span<const std::int8_t> activations, std::span<std::int8_t> results) {
  const Geometry& g = accumulate.geometry;
  const std::uint32_t pes = config_.tile_rows * config_.tile_columns;
  const std::vector<PlainWord> words = term_words(accumulate, terms);
  Fifo fifo{
      accumulate.source == FusedSource::factors ? 4 * config_.composer_terms_per_cycle : config_.list_bytes_per_cycle,
      config_.list_fifo_bytes};
  for (const PlainWord& word : words) fifo.left += word.bytes;
  std::optional<TileLoad> next_tile;
  if (accumulate.next) next_tile.emplace(*accumulate.next, activations, config_.tile_port_bytes);

  Outcome outcome;
  std::size_t next = 0;
  std::uint32_t taken_channels = 0, written_channels = 0;
  std::optional<std::uint64_t> written;  // The cycle after the last byte's.
  std::set<std::uint32_t> live;          // PEs in which the list has a survivor so far.
  std::vector<std::int8_t> residual;
  const auto position = [&](std::uint32_t p, std::uint32_t tap) -> std::optional<std::uint32_t> {
    const std::int32_t row = static_cast<std::int32_t>(p / config_.tile_columns * g.stride + tap / g.kernel) -
                             static_cast<std::int32_t>(g.pad_top);
    const std::int32_t column = static_cast<std::int32_t>(p % config_.tile_columns * g.stride + tap % g.kernel) -
                                static_cast<std::int32_t>(g.pad_left);
    if (row < 0 || row >= static_cast<std::int32_t>(g.region_rows)) return std::nullopt;
    if (column < 0 || column >= static_cast<std::int32_t>(g.region_columns)) return std::nullopt;
    return static_cast<std::uint32_t>(row) * g.region_columns + static_cast<std::uint32_t>(column);
  };
  const auto count = [&](const PlainWord& word) {
    ++outcome.counters.words;
    outcome.counters.terms += word.lanes.size();
    if (word.null) return;
    for (std::uint32_t p = 0; p < pes; ++p) {
      if (p / config_.tile_columns >= g.out_rows || p % config_.tile_columns >= g.out_columns) continue;
      const auto at = position(p, word.word.tap);
      for (const Lane& lane : word.lanes) {
        const bool survives =
            core_.mask2(lane.index, p) && (word.word.every_tap || (at && core_.mask1(lane.index, *at)));
        if (!survives) continue;
        ++outcome.counters.survivors;
        live.insert(p);
      }
    }
    if (!word.word.last) return;
    outcome.counters.products += g.out_rows * g.out_columns;
    outcome.counters.live_products += live.size();
    live.clear();
  };

  for (std::uint64_t cycle = 0;; ++cycle) {
    const bool loaded = !next_tile || cycle >= next_tile->writes.size();
    if (written && cycle >= *written && loaded) {
      outcome.cycles = cycle;
      return outcome;
    }
    CoreInputs in;
    in.geometry = g;
    in.buffer = accumulate.buffer;
    if (next_tile) next_tile->put(in, cycle);
    std::uint64_t taken = 0;
    if (next < words.size()) {
      const PlainWord& word = words[next];
      if (fifo.rate == 0 || fifo.held >= word.bytes) {
        in.word = word.word;
        in.word.lanes = word.lanes;
      }
      if (!core_.ready()) {
        ++outcome.causes.stall;
        ++(config_.mode == isa::machine::FusedMode::elastic ? outcome.counters.queue_stalls
                                                            : outcome.counters.output_stalls);
        if (!core_.held()) throw std::logic_error("not ready, but holds nothing");
      } else if (in.word.kind == WordKind::none) {
        ++outcome.causes.stall;
        ++outcome.counters.list_stalls;
      } else {
        ++outcome.causes.compute;
        count(word);
        taken = word.bytes;
        ++next;
      }
    } else if (!written || cycle < *written) {
      ++outcome.causes.drain;
    } else {
      ++outcome.causes.fill;
    }
    if (taken_channels < accumulate.out_channels) {
      OutputParameters& p = in.parameters;
      p.bias = parameters[taken_channels].bias;
      p.multiplier = parameters[taken_channels].multiplier;
      p.shift = parameters[taken_channels].shift;
      p.zero_out = accumulate.zero_out;
      p.lowest = accumulate.lowest;
      p.highest = accumulate.highest;
      p.residual = accumulate.residual.has_value();
      if (accumulate.residual) {
        const auto& r = *accumulate.residual;
        p.zero_a = r.zero_a;
        p.zero_b = r.zero_b;
        p.residual_zero_out = r.zero_out;
        p.multiplier_a = r.multiplier_a;
        p.multiplier_b = r.multiplier_b;
        p.residual_shift = r.shift;
        p.residual_lowest = r.lowest;
        p.residual_highest = r.highest;
      }
    }
    if (const auto group = core_.output_group(); group && accumulate.residual) {
      const auto& map = accumulate.residual->map;
      residual.clear();
      for (std::uint32_t p = *group * config_.output_lanes; p < std::min(pes, (*group + 1) * config_.output_lanes);
           ++p) {
        const std::uint32_t i = p / config_.tile_columns, j = p % config_.tile_columns;
        const bool valid = i < g.out_rows && j < g.out_columns;
        residual.push_back(
            valid ? activations[map.address + (taken_channels - 1) * map.channel_pitch + i * map.line_pitch + j]
                  : std::int8_t{0});
      }
      in.residual = residual;
    }
    if (const auto out = core_.emitted()) {
      for (std::uint32_t n = 0; n < out->values.size(); ++n) {
        const std::uint32_t p = out->group * config_.output_lanes + n;
        const std::uint32_t i = p / config_.tile_columns, j = p % config_.tile_columns;
        if (i >= g.out_rows || j >= g.out_columns) continue;
        results[(written_channels * g.out_rows + i) * g.out_columns + j] = out->values[n];
      }
      if ((out->group + 1) * config_.output_lanes >= pes && ++written_channels == accumulate.out_channels)
        written = cycle + 1;
    }
    if (core_.takes()) ++taken_channels;
    clock(cycle, in);
    if (fifo.rate != 0) fifo.end_cycle(taken);
  }
}

}  // namespace fusesim::fused::test
