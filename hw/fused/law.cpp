// SPDX-License-Identifier: Apache-2.0
#include "hw/fused/law.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <vector>

#include "hw/array/values/convolve.h"
#include "hw/array/values/instruction_set.h"
#include "hw/fused/fused_core.h"
#include "hw/fused/list_reader.h"
#include "hw/fused/output_value.h"
#include "hw/fused/parsed_lists.h"
#include "hw/fused/tile.h"
#include "hw/fused/values/kernels.h"

namespace fusesim::fused {

using isa::machine::FusedAccumulate;
using isa::machine::FusedMap;
using isa::machine::FusedMode;
using isa::machine::FusedPredict;
using isa::machine::FusedSource;
using isa::machine::FusedTile;

namespace {

std::size_t divided_up(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

/// Bits by chance, 64 at a time.
class BitSource {
 public:
  BitSource(std::uint64_t seed, double probability)
      : state_(seed), threshold_(static_cast<std::uint64_t>(std::llround(probability * 65536))) {}
  std::uint64_t word() {
    std::uint64_t bits = 0;
    for (int i = 0; i < 64; i += 4) {
      std::uint64_t random = next();
      for (int j = 0; j < 4; ++j, random >>= 16) {
        bits |= std::uint64_t{(random & 0xffff) < threshold_} << (i + j);
      }
    }
    return bits;
  }

 private:
  std::uint64_t next() {  // splitmix64
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  std::uint64_t state_, threshold_;
};

}  // namespace

class Law::Implementation {
 public:
  Implementation(const Config& config, const LawOptions& options)
      : config_(config),
        options_(options),
        has_masks_(options.values || options.synthetic),
        pes_(config.tile_rows * config.tile_columns),
        blocks_(divided_up(pes_, values::block_pes)),
        position_words_(divided_up(config.mask_positions, 64)),
        output_cycles_(static_cast<std::uint32_t>(divided_up(pes_, config.output_lanes))),
        lists_(config),
        kernels_(values::kernels(options.instruction_set.value_or(array::values::default_instruction_set()))),
        pe_bits_(blocks_, ~std::uint64_t{0}) {
    if (pes_ % 64 != 0) pe_bits_.back() = (std::uint64_t{1} << pes_ % 64) - 1;
    if (!has_masks_) return;
    mask1_.resize(config.mask_channels * position_words_);
    mask2_.resize(config.mask_channels * blocks_);
    if (!options.values) return;
    for (Tile& tile : tiles_) {
      tile.x.resize(config.tile_bytes);
      tile.v.resize(config.tile_bytes);
    }
    levels_.resize(std::size_t{config.level_channels} * config.mask_positions);
  }

  Outcome tile(const FusedTile& tile, std::span<const std::int8_t> activations) {
    if (options_.values) load(tile, activations);
    Outcome outcome;
    outcome.causes.fill = outcome.cycles = tile_cycles(tile.geometry);
    return outcome;
  }

  Outcome predict(const FusedPredict& predict, std::span<const std::int8_t> bytes) {
    const ParsedPredictor& lists = lists_.predictor(predict, bytes);
    if (options_.values) {
      find_masks(predict, lists);
    } else if (options_.synthetic) {
      make_masks(predict.geometry);
    }
    ++predicts_;
    return predict_timing(predict, lists);
  }

  Outcome accumulate(const FusedAccumulate& accumulate, std::span<const std::int8_t> bytes, const AccumulateData& data,
                     std::span<std::int8_t> results) {
    const ParsedTerms& lists = lists_.terms(accumulate, bytes);
    if (has_masks_) prepare_sets(accumulate.geometry);
    Outcome outcome;
    Counters& counters = outcome.counters;
    counters.words = lists.words.size();
    counters.terms = lists.terms.terms.size();
    counters.products = lists.lists * accumulate.geometry.out_rows * accumulate.geometry.out_columns;
    counters.composer_products = lists.terms.composer_products;
    values::Survivors survivors;
    std::uint64_t end = 0;
    if (config_.mode == FusedMode::elastic) {
      const values::ElasticTiming timing = time_elastic(accumulate, lists);
      end = timing.end;
      counters.list_stalls = timing.list_stalls;
      counters.queue_stalls = timing.queue_stalls;
      survivors = timing.survivors;
    } else {
      if (!lists.fixed) lists.fixed = time_fixed(accumulate, lists);
      end = lists.fixed->end;
      counters.list_stalls = lists.fixed->list_stalls;
      counters.output_stalls = lists.fixed->output_stalls;
      if (has_masks_) {
        kernels_.count_survivors(lists.words.data(), lists.words.size(), lists.terms.terms.data(), sets(), survivors);
      }
    }
    counters.survivors = survivors.additions;
    counters.live_products = survivors.live_products;
    if (options_.values) {
      compute(accumulate, lists, data, results);
      if (accumulate.next) load(*accumulate.next, data.activations);
    }
    outcome.causes.compute = counters.words;
    outcome.causes.stall = counters.list_stalls + counters.queue_stalls + counters.output_stalls;
    outcome.causes.drain = end - outcome.causes.compute - outcome.causes.stall;
    if (accumulate.next) {
      const std::uint64_t loaded = tile_cycles(accumulate.next->geometry);
      outcome.causes.fill = loaded > end ? loaded - end : 0;
    }
    outcome.cycles = outcome.causes.total();
    return outcome;
  }

  [[nodiscard]] bool mask1(std::uint32_t channel, std::uint32_t position) const {
    return has_masks_ && (mask1_[channel * position_words_ + position / 64] >> position % 64 & 1) != 0;
  }
  [[nodiscard]] bool mask2(std::uint32_t channel, std::uint32_t pe) const {
    return has_masks_ && (mask2_[channel * blocks_ + pe / 64] >> pe % 64 & 1) != 0;
  }
  [[nodiscard]] std::uint8_t level(std::uint32_t place, std::uint32_t position) const {
    return options_.values ? levels_[std::size_t{place} * config_.mask_positions + position] : std::uint8_t{0};
  }

 private:
  struct Tile {
    std::vector<std::int16_t> x, v;  // Channel c, position r at c * positions + r.
  };

  // ---- Tiles ----

  [[nodiscard]] std::uint64_t tile_cycles(const Geometry& geometry) const {
    return std::uint64_t{geometry.channels} * geometry.region_rows *
           divided_up(geometry.region_columns, config_.tile_port_bytes);
  }

  void load(const FusedTile& tile, std::span<const std::int8_t> activations) {
    const std::array<std::int8_t, 256> copies = predictor_copies(tile);
    Tile& to = tiles_[tile.buffer];
    std::size_t at = 0;
    for (std::uint32_t c = 0; c < tile.geometry.channels; ++c) {
      for (std::uint32_t y = 0; y < tile.geometry.region_rows; ++y) {
        const std::int8_t* const line = activations.data() + tile.input.address +
                                        std::size_t{c} * tile.input.channel_pitch +
                                        std::size_t{y} * tile.input.line_pitch;
        for (std::uint32_t x = 0; x < tile.geometry.region_columns; ++x, ++at) {
          to.x[at] = static_cast<std::int16_t>(line[x] - tile.zero_point);
          to.v[at] = copies[static_cast<std::uint8_t>(line[x])];
        }
      }
    }
  }

  // ---- Predictor ----

  [[nodiscard]] Outcome predict_timing(const FusedPredict& predict, const ParsedPredictor& lists) const {
    const Geometry& geometry = predict.geometry;
    const std::uint64_t passes = divided_up(geometry.positions(), pes_);
    std::uint64_t words = 0, bytes = 0, list_stalls = 0;
    for (const isa::machine::PredictorRound& round : lists.words.rounds) {
      words += passes * (round.depthwise_begin - round.expand_begin) + (round.end - round.depthwise_begin);
    }
    if (config_.list_bytes_per_cycle != 0) {
      for (const isa::machine::PredictorWord& word : lists.words.words) {
        bytes += (word.depthwise ? 1 : passes) * word.bytes();
      }
      list_stalls = wait_for_predictor(lists.words, passes, bytes);
    }
    Outcome outcome;
    outcome.causes.predict = words;
    outcome.causes.stall = list_stalls;
    outcome.causes.drain = lists.words.rounds.size() + 2;  // An empty cycle each, and two behind the last word.
    outcome.cycles = outcome.causes.total();
    outcome.counters.words = words;
    outcome.counters.list_stalls = list_stalls;
    outcome.counters.predictor_additions =
        lists.expand_lanes * geometry.positions() + lists.depthwise_lanes * geometry.out_rows * geometry.out_columns;
    return outcome;
  }

  /// Cycles in which the list reader has no word.
  [[nodiscard]] std::uint64_t wait_for_predictor(const isa::machine::PredictorWords& lists, std::uint64_t passes,
                                                 std::uint64_t bytes) const {
    ListReader reader(config_.list_bytes_per_cycle, config_.list_fifo_bytes, bytes);
    std::uint64_t stalls = 0;
    const auto present = [&](std::uint32_t begin, std::uint32_t end) {
      for (std::uint32_t i = begin; i < end; ++i) {
        for (; !reader.available(lists.words[i].bytes()); ++stalls) reader.clock(0);
        reader.clock(lists.words[i].bytes());
      }
    };
    for (const isa::machine::PredictorRound& round : lists.rounds) {
      for (std::uint64_t pass = 0; pass < passes; ++pass) present(round.expand_begin, round.depthwise_begin);
      reader.clock(0);
      present(round.depthwise_begin, round.end);
    }
    return stalls;
  }

  void find_masks(const FusedPredict& predict, const ParsedPredictor& lists) {
    const Geometry& g = predict.geometry;
    const std::uint32_t positions = g.positions();
    // The region with what its taps reach of the padding, row after row: along it a tap is a constant offset.
    const std::size_t pitch = std::size_t{config_.tile_columns - 1} * g.stride + g.kernel;
    const std::size_t rows = std::size_t{g.out_rows - 1} * g.stride + g.kernel;
    const std::size_t span = (std::size_t{g.out_rows - 1} * pitch + g.out_columns - 1) * g.stride + 1;
    image_.assign(rows * pitch, 0);
    sums_.resize(divided_up(std::max<std::size_t>(positions, span), 64) * 64);
    level_line_.resize(sums_.size());
    bits_.resize(sums_.size() / 64);
    channel_offsets_.resize(g.channels);
    for (std::uint32_t c = 0; c < g.channels; ++c) channel_offsets_[c] = c * positions;
    tap_offsets_.resize(std::size_t{g.kernel} * g.kernel);
    for (std::uint32_t k = 0; k < tap_offsets_.size(); ++k) {
      tap_offsets_[k] = static_cast<std::uint32_t>(k / g.kernel * pitch + k % g.kernel);
    }
    for (std::uint32_t m = 0; m < g.middle; ++m) {
      find_mask1(g, lists.predictor.expand[m], m, tiles_[predict.buffer]);
      std::copy_n(level_line_.begin(), positions,
                  levels_.begin() + std::ptrdiff_t{m % predict.round_channels} * config_.mask_positions);
      find_mask2(g, lists.predictor.depthwise[m], m, pitch, span);
    }
    masks_changed_ = true;
  }

  void find_mask1(const Geometry& g, const isa::machine::FusedSum& record, std::uint32_t m, const Tile& tile) {
    const values::LadderTask task{record.lanes.data(),  record.lanes.size(), record.falling,          record.mask,
                                  record.levels.data(), tile.v.data(),       channel_offsets_.data(), g.positions()};
    kernels_.ladder(task, sums_.data(), level_line_.data(), bits_.data());
    std::copy_n(bits_.begin(), divided_up(g.positions(), 64),
                mask1_.begin() + static_cast<std::ptrdiff_t>(m * position_words_));
  }

  void find_mask2(const Geometry& g, const isa::machine::FusedSum& record, std::uint32_t m, std::size_t pitch,
                  std::size_t span) {
    const std::size_t rows = image_.size() / pitch;
    for (std::uint32_t y = 0; y < g.region_rows && y + g.pad_top < rows; ++y) {
      const std::size_t columns = std::min<std::size_t>(g.region_columns, pitch - g.pad_left);
      std::copy_n(level_line_.begin() + std::ptrdiff_t{y} * g.region_columns, columns,
                  image_.begin() + static_cast<std::ptrdiff_t>((y + g.pad_top) * pitch + g.pad_left));
    }
    const values::LadderTask task{record.lanes.data(),
                                  record.lanes.size(),
                                  record.falling,
                                  record.mask,
                                  nullptr,
                                  image_.data(),
                                  tap_offsets_.data(),
                                  span};
    kernels_.ladder(task, sums_.data(), nullptr, bits_.data());
    std::uint64_t* const to = mask2_.data() + m * blocks_;
    std::fill_n(to, blocks_, 0);
    for (std::uint32_t i = 0; i < g.out_rows; ++i) {
      for (std::uint32_t j = 0; j < g.out_columns; ++j) {
        const std::size_t at = (i * pitch + j) * g.stride, pe = std::size_t{i} * config_.tile_columns + j;
        to[pe / 64] |= (bits_[at / 64] >> at % 64 & 1) << pe % 64;
      }
    }
  }

  void make_masks(const Geometry& g) {
    BitSource bits(options_.synthetic->seed * 0x2545f4914f6cdd1d + predicts_, std::sqrt(options_.synthetic->survival));
    const std::size_t words = divided_up(g.positions(), 64);
    std::vector<std::uint64_t> outputs(blocks_);
    for (std::uint32_t i = 0; i < g.out_rows; ++i) {
      for (std::uint32_t j = 0; j < g.out_columns; ++j) {
        const std::size_t pe = std::size_t{i} * config_.tile_columns + j;
        outputs[pe / 64] |= std::uint64_t{1} << pe % 64;
      }
    }
    for (std::uint32_t m = 0; m < g.middle; ++m) {
      for (std::size_t w = 0; w < words; ++w) mask1_[m * position_words_ + w] = bits.word();
      for (std::size_t b = 0; b < blocks_; ++b) mask2_[m * blocks_ + b] = bits.word() & outputs[b];
    }
    masks_changed_ = true;
  }

  // ---- Masks as the words meet them ----

  [[nodiscard]] values::MaskSets sets() const { return {sets_.data(), blocks_, sets_middle_}; }

  /// Lays out, for the taps of `g` and for mask 2 alone, in which PEs a middle channel survives.
  void prepare_sets(const Geometry& g) {
    if (!masks_changed_ && sets_geometry_ == g) return;
    masks_changed_ = false;
    sets_geometry_ = g;
    sets_middle_ = g.middle;
    const std::uint32_t taps = g.kernel * g.kernel;
    sets_.assign((taps + 1) * blocks_ * g.middle, 0);
    tap_positions_.assign(std::size_t{taps} * blocks_ * values::block_pes, -1);
    std::vector<std::uint64_t> select(position_words_), place(blocks_), gathered(blocks_);
    for (std::uint32_t k = 0; k <= taps; ++k) {
      if (k < taps) {
        find_tap(g, k, select, place);
      }
      for (std::uint32_t m = 0; m < g.middle; ++m) {
        if (k < taps) {
          kernels_.gather_bits(mask1_.data() + m * position_words_, select.data(), position_words_, place.data(),
                               blocks_, gathered.data());
        }
        for (std::size_t b = 0; b < blocks_; ++b) {
          sets_[(k * blocks_ + b) * g.middle + m] =
              mask2_[m * blocks_ + b] & (k < taps ? gathered[b] : ~std::uint64_t{0});
        }
      }
    }
  }

  /// Positions that tap k reads and the PEs that read them. Both ascend together.
  void find_tap(const Geometry& g, std::uint32_t k, std::vector<std::uint64_t>& select,
                std::vector<std::uint64_t>& place) {
    std::ranges::fill(select, 0);
    std::ranges::fill(place, 0);
    for (std::uint32_t p = 0; p < pes_; ++p) {
      const std::optional<std::uint32_t> r = tap_position(g, config_.tile_columns, p, k);
      if (!r) continue;
      select[*r / 64] |= std::uint64_t{1} << *r % 64;
      place[p / 64] |= std::uint64_t{1} << p % 64;
      tap_positions_[k * blocks_ * values::block_pes + p] = static_cast<std::int32_t>(*r);
    }
  }

  // ---- Accumulation ----

  [[nodiscard]] std::uint32_t list_rate(const FusedAccumulate& accumulate) const {
    return accumulate.source == FusedSource::factors ? isa::machine::fused_term_bytes * config_.composer_terms_per_cycle
                                                     : config_.list_bytes_per_cycle;
  }

  [[nodiscard]] values::ElasticTiming time_elastic(const FusedAccumulate& accumulate, const ParsedTerms& lists) {
    if (!has_masks_) throw std::logic_error("mode elastic depends on masks: run with values or with synthetic masks");
    values::ElasticTask task;
    task.words = lists.words.data();
    task.word_count = lists.words.size();
    task.terms = lists.terms.terms.data();
    task.masks = sets();
    task.pes = pe_bits_.data();
    task.adders = config_.adders;
    task.queue_depth = config_.queue_depth;
    task.output_cycles = output_cycles_;
    task.out_channels = accumulate.out_channels;
    task.list_rate = list_rate(accumulate);
    task.list_fifo = config_.list_fifo_bytes;
    task.list_bytes = lists.bytes;
    values::ElasticTiming timing;
    kernels_.elastic(task, scratch_.reserve(kernels_.elastic_scratch(task)), timing);
    return timing;
  }

  /// Nothing depends on data. Of a channel's last word let e be the cycle in which it leaves R0: the results are valid
  /// from e + 2 on and taken in q, and R0 may let the next such word go from q + 1 on.
  [[nodiscard]] ParsedTerms::Fixed time_fixed(const FusedAccumulate& accumulate, const ParsedTerms& lists) const {
    ParsedTerms::Fixed timing;
    const std::uint32_t rate = list_rate(accumulate);
    ListReader reader(rate, config_.list_fifo_bytes, lists.bytes);
    const values::BroadcastWord* word = lists.words.data();
    std::uint64_t cycle = 0;        // In which the next word may be presented.
    std::uint64_t result_free = 0;  // The first cycle in which no result of the channel before is in the way.
    std::uint64_t output_idle = 0;
    for (std::size_t o = 0; o < lists.channel_words.size(); ++o) {
      const std::uint64_t words = lists.channel_words[o];
      if (rate == 0) {
        cycle += words;
      } else {
        for (std::uint64_t i = 0; i < words; ++i, ++word, ++cycle) {
          const std::uint32_t bytes = word->count * isa::machine::fused_term_bytes;
          for (; !reader.available(bytes); ++cycle, ++timing.list_stalls) reader.clock(0);
          reader.clock(bytes);
        }
      }
      // The last word was presented in the cycle before and is in R0 now.
      const std::uint64_t leaves = std::max(cycle, result_free);
      if (o + 1 < lists.channel_words.size()) {  // Words are left, and wait.
        timing.output_stalls += leaves - cycle;
        for (; rate != 0 && cycle < leaves; ++cycle) reader.clock(0);
      }
      cycle = leaves;
      const std::uint64_t q = std::max(leaves + 2, output_idle);
      result_free = q + 1;
      output_idle = q + 1 + output_cycles_;
    }
    timing.end = output_idle + 1;
    return timing;
  }

  void compute(const FusedAccumulate& accumulate, const ParsedTerms& lists, const AccumulateData& data,
               std::span<std::int8_t> results) {
    const Geometry& g = accumulate.geometry;
    const std::size_t padded = blocks_ * values::block_pes;
    lay_out_operands(g, tiles_[accumulate.buffer]);
    channel_sums_.resize(padded);
    values::ChannelTask task;
    task.terms = lists.terms.terms.data();
    task.taps = g.kernel * g.kernel;
    task.channels = g.channels;
    task.masks = sets();
    task.operands = operands_.data();
    task.operand_pitch = padded;
    task.expand_unit = 1 << accumulate.expand_bias_shift;
    task.depthwise_unit = 1 << accumulate.depthwise_bias_shift;
    const std::size_t lists_per_channel = std::size_t{task.taps} * (g.channels + 1) + 1;
    OutputParameters parameters = output_parameters(accumulate);
    std::int8_t* result = results.data();
    for (std::uint32_t o = 0; o < accumulate.out_channels; ++o) {
      task.ends = lists.terms.ends.data() + o * lists_per_channel;
      task.begin = o == 0 ? 0 : task.ends[-1];
      for (task.block = 0; task.block < blocks_; ++task.block) {
        kernels_.channel_sums(task, channel_sums_.data() + task.block * values::block_pes);
      }
      parameters.bias = data.parameters[o].bias;
      parameters.multiplier = data.parameters[o].multiplier;
      parameters.shift = data.parameters[o].shift;
      for (std::uint32_t i = 0; i < g.out_rows; ++i) {
        const std::int8_t* residual = nullptr;
        if (accumulate.residual) {
          const FusedMap& map = accumulate.residual->map;
          residual = data.activations.data() + map.address + std::size_t{o} * map.channel_pitch +
                     std::size_t{i} * map.line_pitch;
        }
        for (std::uint32_t j = 0; j < g.out_columns; ++j) {
          const std::int8_t byte = residual == nullptr ? std::int8_t{0} : residual[j];
          *result++ = output_value(channel_sums_[i * config_.tile_columns + j], byte, parameters);
        }
      }
    }
  }

  /// x of every tap and channel as the PEs read it; 0 outside the region.
  void lay_out_operands(const Geometry& g, const Tile& tile) {
    const std::size_t padded = blocks_ * values::block_pes;
    const std::size_t taps = std::size_t{g.kernel} * g.kernel;
    operands_.assign(taps * g.channels * padded, 0);
    for (std::size_t k = 0; k < taps; ++k) {
      const std::int32_t* const at = tap_positions_.data() + k * padded;
      for (std::uint32_t c = 0; c < g.channels; ++c) {
        const std::int16_t* const x = tile.x.data() + std::size_t{c} * g.positions();
        std::int16_t* const to = operands_.data() + (k * g.channels + c) * padded;
        for (std::size_t p = 0; p < pes_; ++p) {
          if (at[p] >= 0) to[p] = x[at[p]];
        }
      }
    }
  }

  Config config_;
  LawOptions options_;
  bool has_masks_;
  std::size_t pes_, blocks_, position_words_;
  std::uint32_t output_cycles_;  // N.
  ParsedLists lists_;
  const values::Kernels& kernels_;
  std::vector<std::uint64_t> pe_bits_;

  // What stands between instructions.
  Tile tiles_[2];
  std::vector<std::uint64_t> mask1_;  // A bit a position, position_words_ a channel.
  std::vector<std::uint64_t> mask2_;  // A bit a PE, blocks_ a channel.
  std::vector<std::uint8_t> levels_;
  std::uint64_t predicts_ = 0;

  // Made of the masks for a geometry.
  bool masks_changed_ = true;
  Geometry sets_geometry_;
  std::size_t sets_middle_ = 0;
  std::vector<std::uint64_t> sets_;          // values::MaskSets.
  std::vector<std::int32_t> tap_positions_;  // [tap][PE]; -1 outside the region.

  // Working memory.
  std::vector<std::int16_t> image_, sums_, level_line_, operands_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint32_t> channel_offsets_, tap_offsets_;
  std::vector<std::int32_t> channel_sums_;
  array::values::Scratch scratch_;
};

Law::Law(const Config& config, const LawOptions& options)
    : implementation_(std::make_unique<Implementation>(config, options)) {}
Law::~Law() = default;
Law::Law(Law&&) noexcept = default;
Law& Law::operator=(Law&&) noexcept = default;

Outcome Law::tile(const FusedTile& tile, std::span<const std::int8_t> activations) {
  return implementation_->tile(tile, activations);
}
Outcome Law::predict(const FusedPredict& predict, std::span<const std::int8_t> lists) {
  return implementation_->predict(predict, lists);
}
Outcome Law::accumulate(const FusedAccumulate& accumulate, std::span<const std::int8_t> lists,
                        const AccumulateData& data, std::span<std::int8_t> results) {
  return implementation_->accumulate(accumulate, lists, data, results);
}
bool Law::mask1(std::uint32_t channel, std::uint32_t position) const {
  return implementation_->mask1(channel, position);
}
bool Law::mask2(std::uint32_t channel, std::uint32_t pe) const {
  return implementation_->mask2(channel, pe);
}
std::uint8_t Law::level(std::uint32_t place, std::uint32_t position) const {
  return implementation_->level(place, position);
}

}  // namespace fusesim::fused
