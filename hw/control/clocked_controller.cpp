// SPDX-License-Identifier: Apache-2.0
#include "hw/control/clocked_controller.h"

#include <algorithm>

namespace fusesim::control {

ClockedController::ClockedController(const sc_core::sc_module_name& module_name, const isa::Program& program,
                                     Options options)
    : sc_module(module_name),
      program_(program),
      options_(std::move(options)),
      sequencer_(program.array),
      in_(program.array),
      out_(program.array) {
  for (const isa::ArrayInstruction& instruction : program.instructions) {
    const FoldPlan& plan = plans_.emplace_back(instruction, program.array);
    left_.push_back(plan.folds());
    record_.instructions.push_back({0, 0, plan.folds(), instruction.geometry.macs(), {}});
  }
  SC_METHOD(process);
}

bool ClockedController::may_issue(const isa::ArrayInstruction& instruction) const {
  return std::all_of(instruction.wait_for.begin(), instruction.wait_for.end(),
                     [&](std::uint32_t before) { return left_[before] == 0; });
}

void ClockedController::offer_next() {
  if (!sequencer_.wants_fold() || offer_instruction_ == plans_.size()) return;
  const isa::ArrayInstruction& instruction = program_.instructions[offer_instruction_];
  if (offer_fold_ == 0 && !may_issue(instruction)) return;
  const FoldPlan& plan = plans_[offer_instruction_];
  sequencer_.offer(fetch_operands(plan, plan.fold(offer_fold_),
                                  memory->operands(instruction.input.tensor, instruction.input.channel),
                                  memory->operands(instruction.weights, 0)));
  if (++offer_fold_ == plan.folds()) {
    ++offer_instruction_;
    offer_fold_ = 0;
  }
}

void ClockedController::process() {
  failure_.guard([this] { tick(); });
}

void ClockedController::tick() {
  if (plans_.empty()) return;  // nothing to clock
  offer_next();
  const std::uint64_t started = sequencer_.folds_started();
  sequencer_.drive(in_);
  if (sequencer_.folds_started() != started) {
    // The fold that just started is the one offered last; a new instruction begins with its first.
    const bool first = offer_fold_ == 1 || (offer_fold_ == 0 && plans_[offer_instruction_ - 1].folds() == 1);
    if (first) {
      const std::uint32_t index = offer_fold_ == 0 ? offer_instruction_ - 1 : offer_instruction_;
      record_.instructions[index].start = sequencer_.cycle();
      if (index > 0) {
        CycleBreakdown part = sequencer_.breakdown();
        part -= booked_;
        booked_ = sequencer_.breakdown();
        record_.instructions[index - 1].cycles = part;
      }
    }
  }
  array->clock(in_, out_);
  sequencer_.take(out_);
  while (!sequencer_.finished().empty()) {
    finish(sequencer_.finished().front());
    sequencer_.finished().pop_front();
  }
  if (offer_instruction_ < plans_.size() || !sequencer_.idle()) {
    next_trigger(options_.period);
    return;
  }
  record_.cycles = sequencer_.cycle();
  if (!record_.instructions.empty()) {
    CycleBreakdown part = sequencer_.breakdown();
    part -= booked_;
    record_.instructions.back().cycles = part;
  }
}

void ClockedController::finish(const FinishedFold& fold) {
  const isa::ArrayInstruction& instruction = program_.instructions[finish_instruction_];
  const FoldPlan& plan = plans_[finish_instruction_];
  store_sums(plan, plan.fold(finish_fold_), fold.sums,
             memory->results(instruction.output.tensor, instruction.output.channel));
  InstructionTiming& timing = record_.instructions[finish_instruction_];
  timing.end = std::max(timing.end, fold.end);
  if (options_.folds) options_.folds(finish_instruction_, finish_fold_, fold.start, fold.end);
  --left_[finish_instruction_];
  if (++finish_fold_ == plan.folds()) {
    ++finish_instruction_;
    finish_fold_ = 0;
  }
}

}  // namespace fusesim::control
