// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fused_unit/sequencer.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <variant>

#include "hw/control/fused_unit/operands.h"
#include "hw/fused/output_value.h"
#include "hw/fused/tile.h"
#include "hw/isa/machine/instruction_lists.h"

namespace fusesim::control::machine {

using isa::machine::FusedAccumulate;
using isa::machine::FusedGeometry;
using isa::machine::FusedMode;
using isa::machine::FusedPredict;
using isa::machine::FusedSource;
using isa::machine::FusedTile;
using isa::machine::Pad;

namespace {

std::span<const std::uint8_t> as_unsigned(std::span<const std::int8_t> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

// ---- Tiles ----

FusedSequencer::TileLoader::TileLoader(const FusedTile& work, std::uint32_t port_bytes)
    : work_(&work), port_bytes_(port_bytes), copies_(fused::predictor_copies(work)), x_(port_bytes), v_(port_bytes) {}

std::uint32_t FusedSequencer::TileLoader::put(fused::CoreInputs& in, memory::Scratchpad& activations) {
  const FusedGeometry& g = work_->geometry;
  const std::uint32_t count = std::min(port_bytes_, g.region_columns - column_);
  const std::uint32_t line =
      work_->input.address + channel_ * work_->input.channel_pitch + row_ * work_->input.line_pitch;
  const std::span<const std::int8_t> bytes = activations.bytes(line + column_, count);
  for (std::uint32_t i = 0; i < count; ++i) {
    x_[i] = static_cast<std::int16_t>(bytes[i] - work_->zero_point);
    v_[i] = copies_[static_cast<std::uint8_t>(bytes[i])];
  }
  in.tile = fused::TileWrite{.buffer = work_->buffer,
                             .channel = static_cast<std::uint16_t>(channel_),
                             .position = static_cast<std::uint16_t>(row_ * g.region_columns + column_),
                             .positions = static_cast<std::uint16_t>(g.positions()),
                             .x = std::span(x_).first(count),
                             .v = std::span(v_).first(count)};
  column_ += count;
  if (column_ == g.region_columns) column_ = 0, ++row_;
  if (row_ == g.region_rows) row_ = 0, ++channel_;
  return count;
}

void FusedSequencer::load_tile() {
  read(Pad::activations) += loader_->put(in_, context_.pads[Pad::activations]);
}

// ---- Instructions ----

FusedSequencer::FusedSequencer(fused::FusedCore& core, const Context& context)
    : core_(core), context_(context), config_(core.config()), pes_(config_.tile_rows * config_.tile_columns) {}

void FusedSequencer::begin(std::uint32_t instruction) {
  instruction_ = instruction;
  causes_ = {};
  counters_ = {};
  read_ = written_ = {};
  loader_.reset();
  predictor_.reset();
  terms_.reset();
  in_ = {};
  try {
    std::visit([this](const auto& work) { begin(work); }, context_.program.instructions[instruction].work);
  } catch (const isa::machine::InvalidLists& error) {
    throw std::runtime_error(fmt::format("{}: {}", context_.describe(instruction), error.what()));
  }
}

template <typename Other>
void FusedSequencer::begin(const Other&) {
  throw std::logic_error("not an instruction of the fused block");
}

void FusedSequencer::begin(const FusedTile& work) {
  in_.geometry = work.geometry;
  in_.buffer = work.buffer;
  loader_.emplace(work, config_.tile_port_bytes);
}

void FusedSequencer::begin(const FusedPredict& work) {
  in_.geometry = work.geometry;
  in_.buffer = work.buffer;
  predictor_.emplace(isa::machine::read_lists(work, as_unsigned(lists_of(context_, work))), work, config_);
  reader_.emplace(config_.list_bytes_per_cycle, config_.list_fifo_bytes, predictor_->total_bytes());
  after_last_ = 0;
}

void FusedSequencer::begin(const FusedAccumulate& work) {
  in_.geometry = work.geometry;
  in_.buffer = work.buffer;
  accumulate_ = &work;
  const bool composes = work.source == FusedSource::factors;
  isa::machine::FusedTerms terms =
      isa::machine::read_lists(work, as_unsigned(lists_of(context_, work)), config_.adder_bits);
  counters_.composer_products = terms.composer_products;
  const std::uint64_t stream = std::uint64_t{isa::machine::fused_term_bytes} * terms.terms.size();
  const std::uint32_t rate =
      composes ? isa::machine::fused_term_bytes * config_.composer_terms_per_cycle : config_.list_bytes_per_cycle;
  reader_.emplace(rate, config_.list_fifo_bytes, stream);
  if (composes) read(Pad::weights) += work.lists_bytes;  // Terms do not come from the scratchpad.
  terms_.emplace(std::move(terms), work, config_.lanes);
  prepare_parameters(work);
  taken_channels_ = written_channels_ = 0;
  if (work.next) loader_.emplace(*work.next, config_.tile_port_bytes);
  find_tap_positions(work.geometry);
  live_.assign(pes_, 0);
}

bool FusedSequencer::clock() {
  in_.word = {};
  in_.tile.reset();
  in_.residual = {};
  if (predictor_) return clock_predict();
  if (terms_) return clock_accumulate();
  load_tile();
  ++causes_.fill;
  edge();
  return loader_->done();
}

void FusedSequencer::edge() {
  core_.clock(in_);
  if (watch) watch(in_);
}

// ---- Predict ----

bool FusedSequencer::clock_predict() {
  fused::PredictorSource& source = *predictor_;
  if (source.done()) {
    ++causes_.drain;
    edge();
    if (++after_last_ < 2) return false;
    keep_masks(in_.geometry);
    return true;
  }
  if (source.empty_cycle()) {
    ++causes_.drain;
    reader_->clock(0);
    edge();
    source.advance();
    return false;
  }
  if (!reader_->available(source.bytes())) {
    ++causes_.stall;
    ++counters_.list_stalls;
    reader_->clock(0);
    edge();
    return false;
  }
  if (!core_.ready()) throw std::logic_error("the fused core is not ready for a word of the predictor");
  in_.word = source.word();
  ++causes_.predict;
  ++counters_.words;
  counters_.predictor_additions += std::uint64_t{in_.word.lanes.size()} * source.working();
  read(Pad::weights) += source.bytes();
  reader_->clock(source.bytes());
  edge();
  source.advance();
  return false;
}

void FusedSequencer::keep_masks(const FusedGeometry& g) {
  mask_positions_ = g.positions();
  mask1_.resize(std::size_t{g.middle} * mask_positions_);
  mask2_.resize(std::size_t{g.middle} * pes_);
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    for (std::uint32_t r = 0; r < mask_positions_; ++r)
      mask1_[m * std::size_t{mask_positions_} + r] = core_.mask1(m, r);
    for (std::uint32_t p = 0; p < pes_; ++p) mask2_[m * std::size_t{pes_} + p] = core_.mask2(m, p);
  }
}

// ---- Accumulate ----

bool FusedSequencer::has_output(std::uint32_t pe) const {
  const FusedGeometry& g = in_.geometry;
  return pe / config_.tile_columns < g.out_rows && pe % config_.tile_columns < g.out_columns;
}

void FusedSequencer::prepare_parameters(const FusedAccumulate& work) {
  parameters_.clear();
  const fused::OutputParameters common = fused::output_parameters(work);
  for (const isa::machine::ChannelParameters& channel : parameters_of(context_, work)) {
    fused::OutputParameters& to = parameters_.emplace_back(common);
    to.bias = channel.bias;
    to.multiplier = channel.multiplier;
    to.shift = channel.shift;
  }
}

void FusedSequencer::find_tap_positions(const FusedGeometry& g) {
  const std::uint32_t taps = g.kernel * g.kernel;
  tap_positions_.assign(std::size_t{taps} * pes_, -1);
  for (std::uint32_t k = 0; k < taps; ++k) {
    for (std::uint32_t p = 0; p < pes_; ++p) {
      const std::optional<std::uint32_t> r = fused::tap_position(g, config_.tile_columns, p, k);
      if (r) tap_positions_[std::size_t{k} * pes_ + p] = static_cast<std::int32_t>(*r);
    }
  }
}

bool FusedSequencer::clock_accumulate() {
  const bool written = written_channels_ == accumulate_->out_channels;
  if (!terms_->done()) {
    present_terms();
  } else if (!written) {
    ++causes_.drain;
  } else {
    ++causes_.fill;
  }
  if (loader_ && !loader_->done()) load_tile();
  take_results();
  edge();
  return written_channels_ == accumulate_->out_channels && (!loader_ || loader_->done());
}

void FusedSequencer::present_terms() {
  fused::TermSource& source = *terms_;
  const bool available = reader_->available(source.bytes());
  if (available) in_.word = source.word();
  if (core_.ready() && available) {
    ++causes_.compute;
    count(source.word());
    if (accumulate_->source == FusedSource::lists) read(Pad::weights) += source.bytes();
    reader_->clock(source.bytes());
    source.advance();
    return;
  }
  ++causes_.stall;
  ++(core_.ready()                        ? counters_.list_stalls
     : config_.mode == FusedMode::elastic ? counters_.queue_stalls
                                          : counters_.output_stalls);
  reader_->clock(0);
}

void FusedSequencer::count(const fused::Word& word) {
  ++counters_.words;
  counters_.terms += word.lanes.size();
  if (terms_->null()) return;
  const std::int32_t* const positions = tap_positions_.data() + std::size_t{word.tap} * pes_;
  for (const fused::Lane& lane : word.lanes) {
    const std::uint8_t* const mask1 = mask1_.data() + std::size_t{lane.index} * mask_positions_;
    const std::uint8_t* const mask2 = mask2_.data() + std::size_t{lane.index} * pes_;
    for (std::uint32_t p = 0; p < pes_; ++p) {
      if (mask2[p] == 0) continue;
      if (!word.every_tap && (positions[p] < 0 || mask1[positions[p]] == 0)) continue;
      ++counters_.survivors;
      live_[p] = 1;
    }
  }
  if (!word.last) return;
  counters_.products += std::uint64_t{in_.geometry.out_rows} * in_.geometry.out_columns;
  counters_.live_products += static_cast<std::uint64_t>(std::ranges::count(live_, 1));
  std::ranges::fill(live_, std::uint8_t{0});
}

/// Parameters, residual and results of this cycle.
void FusedSequencer::take_results() {
  if (const auto group = core_.output_group(); group && accumulate_->residual) feed_residual(*group);
  if (const auto emitted = core_.emitted()) write(*emitted);
  if (taken_channels_ == accumulate_->out_channels) return;
  in_.parameters = parameters_[taken_channels_];
  if (!core_.takes()) return;
  read(Pad::weights) += isa::machine::channel_parameter_bytes;
  ++taken_channels_;
}

void FusedSequencer::feed_residual(std::uint32_t group) {
  const isa::machine::FusedMap& map = accumulate_->residual->map;
  const std::uint32_t first = group * config_.output_lanes, end = std::min(pes_, first + config_.output_lanes);
  residual_.assign(end - first, 0);
  for (std::uint32_t p = first; p < end; ++p) {
    if (!has_output(p)) continue;
    const std::uint32_t address = map.address + (taken_channels_ - 1) * map.channel_pitch +
                                  p / config_.tile_columns * map.line_pitch + p % config_.tile_columns;
    residual_[p - first] = context_.pads[Pad::activations].bytes(address, 1)[0];
    ++read(Pad::activations);
  }
  in_.residual = residual_;
}

void FusedSequencer::write(const fused::Emitted& emitted) {
  const isa::machine::FusedMap& map = accumulate_->output;
  const std::uint32_t first = emitted.group * config_.output_lanes;
  for (std::uint32_t i = 0; i < emitted.values.size(); ++i) {
    const std::uint32_t p = first + i;
    if (!has_output(p)) continue;
    const std::uint32_t address = map.address + written_channels_ * map.channel_pitch +
                                  p / config_.tile_columns * map.line_pitch + p % config_.tile_columns;
    context_.pads[Pad::outputs].bytes(address, 1)[0] = emitted.values[i];
    ++written_[static_cast<std::size_t>(Pad::outputs)];
  }
  if (first + emitted.values.size() == pes_) ++written_channels_;
}

}  // namespace fusesim::control::machine
