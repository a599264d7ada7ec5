// SPDX-License-Identifier: Apache-2.0
#include "hw/control/event_controller.h"

#include <algorithm>

#include "hw/control/fold_plan.h"

namespace fusesim::control {

EventController::EventController(const sc_core::sc_module_name& module_name, const isa::Program& program,
                                 Options options)
    : sc_module(module_name), program_(program), options_(std::move(options)), scheduler_(program.array) {
  record_.instructions.resize(program.instructions.size());
  SC_METHOD(process);
}

std::uint64_t EventController::now() const {
  return sc_core::sc_time_stamp().value() / options_.period.value();
}

std::uint64_t EventController::ready(std::uint32_t index) const {
  // Issue is in order, so everything waited for has been scheduled and its end is known.
  std::uint64_t cycle = 0;
  for (const std::uint32_t before : program_.instructions[index].wait_for) {
    cycle = std::max(cycle, record_.instructions[before].end);
  }
  return cycle;
}

void EventController::process() {
  failure_.guard([this] { advance(); });
}

void EventController::advance() {
  const std::uint64_t cycle = now();
  std::erase_if(running_, [&](std::uint32_t index) {
    if (record_.instructions[index].end > cycle) return false;
    complete(index);
    return true;
  });
  const auto count = static_cast<std::uint32_t>(program_.instructions.size());
  while (next_ < count) {
    const FoldPlan plan(program_.instructions[next_], program_.array);
    next_start_ = scheduler_.next_start(plan.fold(0).shape, ready(next_));
    if (next_start_ > cycle) break;
    issue(next_++);
  }
  std::uint64_t wake = next_ < count ? next_start_ : UINT64_MAX;
  for (const std::uint32_t index : running_) wake = std::min(wake, record_.instructions[index].end);
  if (wake != UINT64_MAX) {
    next_trigger(options_.period * static_cast<double>(wake - cycle));
  } else {
    record_.cycles = scheduler_.end();
    if (count > 0) book(count - 1, scheduler_.breakdown());
  }
}

void EventController::book(std::uint32_t index, const CycleBreakdown& total) {
  CycleBreakdown part = total;
  part -= booked_;
  booked_ = total;
  record_.instructions[index].cycles = part;
}

void EventController::issue(std::uint32_t index) {
  const FoldPlan plan(program_.instructions[index], program_.array);
  InstructionTiming& timing = record_.instructions[index];
  timing.folds = plan.folds();
  timing.macs = program_.instructions[index].geometry.macs();
  std::uint64_t earliest = ready(index);
  timing.start = next_start_;
  const CycleBreakdown before = scheduler_.breakdown_before(timing.start);
  if (index > 0) book(index - 1, before);
  scheduler_.begin_span();
  if (options_.folds) {
    for (std::uint64_t fold = 0; fold < plan.folds(); ++fold) {
      const array::FoldTimes times = scheduler_.add(plan.fold(fold).shape, earliest);
      options_.folds(index, fold, times.start, times.end);
      earliest = 0;
    }
  } else {
    for (const array::FoldLoop& loop : plan.loops()) {
      scheduler_.add(loop, earliest);
      earliest = 0;
    }
  }
  timing.end = scheduler_.span_end();
  running_.push_back(index);
}

void EventController::complete(std::uint32_t index) {
  if (!options_.values) return;
  const isa::ArrayInstruction& instruction = program_.instructions[index];
  array::values::convolve(instruction.geometry,
                          memory->operands(instruction.input.tensor, instruction.input.channel).data(),
                          memory->operands(instruction.weights, 0).data(), instruction.pad_value,
                          memory->results(instruction.output.tensor, instruction.output.channel).data(), scratch_);
}

}  // namespace fusesim::control
