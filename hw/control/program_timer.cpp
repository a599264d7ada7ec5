// SPDX-License-Identifier: Apache-2.0
#include "hw/control/program_timer.h"

#include <algorithm>

namespace fusesim::control {

ProgramTimer::ProgramTimer(const isa::Program& program) : program_(&program), scheduler_(program.array) {
  timings_.reserve(program.instructions.size());
  prepare();
}

std::uint64_t ProgramTimer::ready() const {
  // Issue is in order, so everything waited for has been scheduled and its end is known.
  std::uint64_t cycle = 0;
  for (const std::uint32_t before : program_->instructions[timings_.size()].wait_for) {
    cycle = std::max(cycle, timings_[before].end);
  }
  return cycle;
}

void ProgramTimer::prepare() {
  next_.clear();
  if (done()) return;
  const FoldPlan& plan = next_.emplace_back(program_->instructions[timings_.size()], program_->array);
  next_start_ = scheduler_.next_start(plan.fold(0).shape, ready());
}

void ProgramTimer::book(const CycleBreakdown& now) {
  if (timings_.empty()) return;
  timings_.back().cycles = now;
  timings_.back().cycles -= booked_;
  booked_ = now;
}

const InstructionTiming& ProgramTimer::issue(const EachFold& each) {
  const FoldPlan& plan = next_.front();
  InstructionTiming timing;
  timing.folds = plan.folds();
  timing.macs = plan.instruction().geometry.macs();
  timing.start = next_start_;
  book(scheduler_.breakdown_before(timing.start));
  std::uint64_t earliest = timing.start;
  scheduler_.begin_span();
  if (each) {
    for (std::uint64_t fold = 0; fold < plan.folds(); ++fold) {
      const array::FoldShape shape = plan.fold(fold).shape;
      each(fold, shape, scheduler_.add(shape, earliest));
      earliest = 0;
    }
  } else {
    for (const array::FoldLoop& loop : plan.loops()) {
      scheduler_.add(loop, earliest);
      earliest = 0;
    }
  }
  timing.end = scheduler_.span_end();
  timings_.push_back(timing);
  prepare();
  return timings_.back();
}

const std::vector<InstructionTiming>& ProgramTimer::finish() {
  book(scheduler_.breakdown());
  return timings_;
}

}  // namespace fusesim::control
