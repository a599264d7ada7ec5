// SPDX-License-Identifier: Apache-2.0
#include "hw/waves/fused_probe.h"

#include <algorithm>
#include <string>
#include <utility>

namespace fusesim::waves {

using fused::FusedPeState;

FusedProbe::FusedProbe(VcdWriter& writer, const fused::Config& config, const FusedScope& scope)
    : writer_(writer),
      pes_(config.tile_rows * config.tile_columns),
      positions_(config.mask_positions),
      ports_(scope.pes.ports) {
  registers_ = {{"ternary_sum", 17, [](const FusedPeState& s) { return std::int64_t{s.ternary_sum}; }},
                {"sum", config.adder_bits, [](const FusedPeState& s) { return std::int64_t{s.sum}; }},
                {"multiply", 1, [](const FusedPeState& s) { return std::int64_t{s.multiply}; }},
                {"factor", config.adder_bits, [](const FusedPeState& s) { return std::int64_t{s.factor}; }},
                {"operand", 16, [](const FusedPeState& s) { return std::int64_t{s.operand}; }},
                {"multiply_end", 1, [](const FusedPeState& s) { return std::int64_t{s.multiply_end}; }},
                {"acc", 32, [](const FusedPeState& s) { return std::int64_t{s.acc}; }},
                {"result_valid", 1, [](const FusedPeState& s) { return std::int64_t{s.result_valid}; }},
                {"result", 32, [](const FusedPeState& s) { return std::int64_t{s.result}; }}};
  if (config.mode == isa::machine::FusedMode::elastic) {
    registers_.push_back({"queued", 14, [](const FusedPeState& s) { return std::int64_t{s.queued}; }});
    registers_.push_back({"started", 1, [](const FusedPeState& s) { return std::int64_t{s.started}; }});
  }
  writer_.open_scope("fusesim");
  writer_.open_scope("fused");
  declare_elements(config, scope.pes);
  declare_masks(scope.channels);
  if (ports_) declare_ports(config);
  writer_.close_scope();
  writer_.close_scope();
}

void FusedProbe::declare_elements(const fused::Config& config, const WaveScope& scope) {
  bool in_row = false;
  std::uint32_t row = 0;
  for (const WaveScope::Element& at : scope.elements) {
    if (!in_row || at.row != row) {
      if (in_row) writer_.close_scope();
      writer_.open_scope("row" + std::to_string(at.row));
      row = at.row;
      in_row = true;
    }
    Element element;
    element.index = at.row * config.tile_columns + at.col;
    writer_.open_scope("pe" + std::to_string(at.col));
    for (const Register& one : registers_) {
      element.signals.push_back(one.bits == 1 ? writer_.add_bit(one.name) : writer_.add_signed(one.name, one.bits));
    }
    writer_.close_scope();
    elements_.push_back(std::move(element));
  }
  if (in_row) writer_.close_scope();
}

void FusedProbe::declare_masks(const std::vector<std::uint32_t>& channels) {
  if (channels.empty()) return;
  writer_.open_scope("masks");
  for (const std::uint32_t channel : channels) {
    writer_.open_scope("channel" + std::to_string(channel));
    Masks masks{channel, declare_bits("mask1_", positions_), declare_bits("mask2_", pes_)};
    masks_.push_back(std::move(masks));
    writer_.close_scope();
  }
  writer_.close_scope();
}

std::vector<VcdWriter::Signal> FusedProbe::declare_bits(const char* name, std::uint32_t count) {
  std::vector<Signal> signals;
  for (std::uint32_t first = 0; first < count; first += 64) {
    signals.push_back(writer_.add_vector(name + std::to_string(first), std::min(64U, count - first)));
  }
  return signals;
}

void FusedProbe::declare_ports(const fused::Config& config) {
  writer_.open_scope("word");
  word_.kind = writer_.add_vector("kind", 2);
  word_.buffer = writer_.add_bit("buffer");
  word_.lanes = writer_.add_vector("lanes", 7);
  word_.endings = writer_.add_vector("endings", 5);
  word_.pass = writer_.add_vector("pass", 14);
  word_.last = writer_.add_bit("last");
  word_.channel_end = writer_.add_bit("channel_end");
  word_.every_tap = writer_.add_bit("every_tap");
  word_.tap = writer_.add_vector("tap", 6);
  word_.constant = writer_.add_bit("constant");
  word_.shift = writer_.add_vector("shift", 4);
  word_.channel = writer_.add_vector("channel", 12);
  for (std::uint32_t l = 0; l < config.lanes; ++l) {
    writer_.open_scope("lane" + std::to_string(l));
    Lane lane;
    lane.index = writer_.add_vector("index", 12);
    lane.weight = writer_.add_signed("weight", 16);
    lanes_.push_back(lane);
    writer_.close_scope();
  }
  writer_.close_scope();

  writer_.open_scope("unit");
  unit_.ready = writer_.add_bit("ready");
  unit_.held = writer_.add_bit("held");
  unit_.idle = writer_.add_bit("idle");
  unit_.takes = writer_.add_bit("takes");
  unit_.works = writer_.add_bit("works");
  unit_.group = writer_.add_vector("group", 15);
  unit_.emits = writer_.add_bit("emits");
  unit_.emitted_group = writer_.add_vector("emitted_group", 15);
  for (std::uint32_t i = 0; i < config.output_lanes; ++i) {
    writer_.open_scope("out" + std::to_string(i));
    out_.push_back(writer_.add_signed("value", 8));
    writer_.close_scope();
  }
  writer_.close_scope();
}

void FusedProbe::start(std::uint64_t cycle, const fused::FusedCore& core) {
  writer_.at(cycle);
  show_registers(core);
  show_masks(core);
  if (ports_) show_unit(core);
}

void FusedProbe::sample(std::uint64_t cycle, const fused::FusedCore& core, const fused::CoreInputs& inputs) {
  writer_.at(cycle);
  if (ports_) show_word(inputs);
  start(cycle + 1, core);
}

void FusedProbe::show_registers(const fused::FusedCore& core) {
  for (Element& element : elements_) {
    const FusedPeState state = core.pe(element.index);
    if (element.seen && state == element.last) continue;
    for (std::size_t i = 0; i < registers_.size(); ++i) writer_.change(element.signals[i], registers_[i].read(state));
    element.last = state;
    element.seen = true;
  }
}

void FusedProbe::show_masks(const fused::FusedCore& core) {
  for (const Masks& masks : masks_) {
    const auto show = [this](const std::vector<Signal>& signals, std::uint32_t count, auto bit) {
      for (std::size_t i = 0; i < signals.size(); ++i) {
        std::uint64_t bits = 0;
        for (std::uint32_t k = 0; k < 64 && 64 * i + k < count; ++k) {
          if (bit(static_cast<std::uint32_t>(64 * i + k))) bits |= std::uint64_t{1} << k;
        }
        writer_.change(signals[i], static_cast<std::int64_t>(bits));
      }
    };
    show(masks.mask1, positions_, [&](std::uint32_t r) { return core.mask1(masks.channel, r); });
    show(masks.mask2, pes_, [&](std::uint32_t p) { return core.mask2(masks.channel, p); });
  }
}

void FusedProbe::show_unit(const fused::FusedCore& core) {
  writer_.change(unit_.ready, core.ready());
  writer_.change(unit_.held, core.held());
  writer_.change(unit_.idle, core.idle());
  writer_.change(unit_.takes, core.takes());
  const auto group = core.output_group();
  writer_.change(unit_.works, group.has_value());
  writer_.change(unit_.group, group.value_or(0));
  const auto emitted = core.emitted();
  writer_.change(unit_.emits, emitted.has_value());
  writer_.change(unit_.emitted_group, emitted ? emitted->group : 0);
  for (std::size_t i = 0; i < out_.size(); ++i) {
    writer_.change(out_[i], emitted && i < emitted->values.size() ? emitted->values[i] : 0);
  }
}

void FusedProbe::show_word(const fused::CoreInputs& inputs) {
  static const fused::Word none;
  const fused::Word& word = inputs.word.kind == fused::WordKind::none ? none : inputs.word;
  writer_.change(word_.kind, static_cast<std::int64_t>(word.kind));
  writer_.change(word_.buffer, inputs.buffer);
  writer_.change(word_.lanes, static_cast<std::int64_t>(word.lanes.size()));
  writer_.change(word_.endings, static_cast<std::int64_t>(word.endings.size()));
  writer_.change(word_.pass, word.pass);
  writer_.change(word_.last, word.last);
  writer_.change(word_.channel_end, word.channel_end);
  writer_.change(word_.every_tap, word.every_tap);
  writer_.change(word_.tap, word.tap);
  writer_.change(word_.constant, word.constant);
  writer_.change(word_.shift, word.shift);
  writer_.change(word_.channel, word.channel);
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    const fused::Lane lane = l < word.lanes.size() ? word.lanes[l] : fused::Lane{};
    writer_.change(lanes_[l].index, lane.index);
    writer_.change(lanes_[l].weight, lane.weight);
  }
}

}  // namespace fusesim::waves
