// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fused_unit/event_fused_unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <variant>

#include "hw/control/fused_unit/operands.h"
#include "hw/isa/machine/fused_lists.h"

namespace fusesim::control::machine {

using isa::machine::FusedAccumulate;
using isa::machine::FusedGeometry;
using isa::machine::FusedPredict;
using isa::machine::FusedTile;
using isa::machine::Pad;

namespace {

std::uint64_t& of(std::array<std::uint64_t, isa::machine::pad_count>& bytes, Pad pad) {
  return bytes[static_cast<std::size_t>(pad)];
}

std::uint64_t elements(const FusedTile& work) {
  return std::uint64_t{work.geometry.channels} * work.geometry.positions();
}

/// What passes the list reader: expand records as often as there are passes, depthwise records once. The records are
/// sound.
std::uint64_t predictor_bytes(const FusedPredict& work, std::span<const std::int8_t> lists, std::uint32_t pes) {
  const std::uint64_t passes = (std::uint64_t{work.geometry.positions()} + pes - 1) / pes;
  std::uint64_t bytes = 0;
  std::size_t at = 0;
  const auto skip = [&](std::uint32_t records, std::uint32_t record_bytes) {
    const std::size_t begin = at;
    for (; records > 0; --records) {
      const auto low = static_cast<std::uint8_t>(lists[at]), high = static_cast<std::uint8_t>(lists[at + 1]);
      at += record_bytes + isa::machine::fused_lane_bytes * (low | (high & 0x0fU) << 8);
    }
    return at - begin;
  };
  for (std::uint32_t first = 0; first < work.geometry.middle; first += work.round_channels) {
    const std::uint32_t channels = std::min(work.round_channels, work.geometry.middle - first);
    bytes += passes * skip(channels, isa::machine::fused_expand_record_bytes);
    bytes += skip(channels, isa::machine::fused_depthwise_record_bytes);
  }
  return bytes;
}

}  // namespace

EventFusedUnit::EventFusedUnit(const sc_core::sc_module_name& module_name, const Context& context,
                               const std::optional<fused::SyntheticMasks>& masks)
    : sc_module(module_name),
      context_(context),
      law_(context.core.fused, {.values = context.values, .synthetic = masks}),
      causes_(context.program.instructions.size()),
      wake_(Alarm::of<&EventFusedUnit::wake>(context.clock, "wake", this)),
      failure_(context.clock.loop() == nullptr) {}

void EventFusedUnit::start(std::uint32_t instruction) {
  check_fused_operands(context_, instruction);
  instruction_ = instruction;
  InstructionRecord& record = context_.records[instruction];
  fused::Outcome outcome;
  try {
    outcome = std::visit([&](const auto& work) { return run(work, record); },
                         context_.program.instructions[instruction].work);
  } catch (const isa::machine::InvalidLists& error) {
    throw std::runtime_error(fmt::format("{}: {}", context_.describe(instruction), error.what()));
  }
  record.start = context_.clock.now();
  record.end = record.start + outcome.cycles;
  record.fused = outcome.counters;
  causes_[instruction] = outcome.causes;
  wake_.notify(context_.clock.until(record.end));
  context_.listener.started(instruction, record.start);
}

std::span<const std::int8_t> EventFusedUnit::activations() const {
  if (!context_.values) return {};
  return context_.pads[Pad::activations].bytes(0, context_.core.activations.bytes);
}

fused::Outcome EventFusedUnit::run(const FusedTile& work, InstructionRecord& record) {
  of(record.read_bytes, Pad::activations) = elements(work);
  return law_.tile(work, activations());
}

fused::Outcome EventFusedUnit::run(const FusedPredict& work, InstructionRecord& record) {
  const std::span<const std::int8_t> lists = lists_of(context_, work);
  const fused::Outcome outcome = law_.predict(work, lists);
  const isa::machine::FusedConfig& config = context_.core.fused;
  of(record.read_bytes, Pad::weights) = predictor_bytes(work, lists, config.tile_rows * config.tile_columns);
  return outcome;
}

fused::Outcome EventFusedUnit::run(const FusedAccumulate& work, InstructionRecord& record) {
  const FusedGeometry& g = work.geometry;
  const std::uint64_t results = std::uint64_t{work.out_channels} * g.out_rows * g.out_columns;
  of(record.read_bytes, Pad::weights) =
      work.lists_bytes + std::uint64_t{isa::machine::channel_parameter_bytes} * work.out_channels;
  of(record.read_bytes, Pad::activations) = (work.residual ? results : 0) + (work.next ? elements(*work.next) : 0);
  of(record.written_bytes, Pad::outputs) = results;
  if (!context_.values) return law_.accumulate(work, lists_of(context_, work), {}, {});
  results_.resize(results);
  const std::vector<isa::machine::ChannelParameters> parameters = parameters_of(context_, work);
  return law_.accumulate(work, lists_of(context_, work), {parameters, activations()}, results_);
}

template <typename Other>
fused::Outcome EventFusedUnit::run(const Other&, InstructionRecord&) {
  throw std::logic_error("not an instruction of the fused block");
}

void EventFusedUnit::wake() {
  failure_.guard([this] {
    const std::uint64_t end = context_.records[instruction_].end;
    const auto& work = context_.program.instructions[instruction_].work;
    if (const auto* accumulate = std::get_if<FusedAccumulate>(&work)) {
      if (context_.values) store_results(*accumulate);
      mark_results(context_, *accumulate, end);
    }
    context_.release(instruction_, end);
    context_.listener.completed(instruction_, end);
  });
}

void EventFusedUnit::store_results(const FusedAccumulate& work) const {
  const FusedGeometry& g = work.geometry;
  auto from = results_.begin();
  for_lines(work.output, work.out_channels, g.out_rows, [&](std::uint32_t, std::uint32_t, std::uint32_t line) {
    std::copy_n(from, g.out_columns, context_.pads[Pad::outputs].bytes(line, g.out_columns).begin());
    from += g.out_columns;
  });
}

}  // namespace fusesim::control::machine
