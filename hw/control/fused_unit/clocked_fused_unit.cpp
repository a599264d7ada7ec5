// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fused_unit/clocked_fused_unit.h"

#include <stdexcept>
#include <utility>
#include <variant>

#include "hw/control/fused_unit/operands.h"

namespace fusesim::control::machine {

ClockedFusedUnit::ClockedFusedUnit(const sc_core::sc_module_name& module_name, const Context& context,
                                   std::unique_ptr<fused::FusedCore> core)
    : sc_module(module_name),
      context_(context),
      core_(std::move(core)),
      sequencer_(*core_, context),
      half_(sc_core::sc_time::from_value(context.clock.period().value() / 2)),
      causes_(context.program.instructions.size()) {
  if (half_ == sc_core::SC_ZERO_TIME) {
    throw std::invalid_argument(
        "clock: a period of one unit of simulated time has no middle to clock the fused unit in; lower "
        "clock.frequency_mhz");
  }
  core_->reset();
  SC_METHOD(edge);
  sensitive << edge_;
  dont_initialize();
  SC_METHOD(tell);
  sensitive << tell_;
  dont_initialize();
}

void ClockedFusedUnit::observe(Observer observer) {
  sequencer_.watch = [this, observer = std::move(observer)](const fused::CoreInputs& inputs) {
    observer(context_.clock.now(), *core_, inputs);
  };
}

void ClockedFusedUnit::start(std::uint32_t instruction) {
  check_fused_operands(context_, instruction);
  sequencer_.begin(instruction);
  instruction_ = instruction;
  context_.records[instruction].start = context_.clock.now();
  edge_.notify(half_);
  context_.listener.started(instruction, context_.clock.now());
}

void ClockedFusedUnit::edge() {
  failure_.guard([this] {
    if (!sequencer_.clock()) {
      edge_.notify(context_.clock.period());
      return;
    }
    if (!core_->idle()) throw std::logic_error("the fused core is at work after an instruction's end");
    InstructionRecord& record = context_.records[instruction_];
    record.end = context_.clock.now() + 1;
    record.fused = sequencer_.counters();
    record.read_bytes = sequencer_.read_bytes();
    record.written_bytes = sequencer_.written_bytes();
    causes_[instruction_] = sequencer_.causes();
    tell_.notify(context_.clock.until(record.end));
  });
}

void ClockedFusedUnit::tell() {
  failure_.guard([this] {
    const std::uint64_t end = context_.records[instruction_].end;
    const auto& work = context_.program.instructions[instruction_].work;
    if (const auto* accumulate = std::get_if<isa::machine::FusedAccumulate>(&work)) {
      mark_results(context_, *accumulate, end);
    }
    context_.release(instruction_, end);
    context_.listener.completed(instruction_, end);
  });
}

}  // namespace fusesim::control::machine
