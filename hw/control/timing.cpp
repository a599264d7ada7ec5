// SPDX-License-Identifier: Apache-2.0
#include "hw/control/timing.h"

#include <algorithm>

#include "hw/array/fold_scheduler.h"
#include "hw/control/fold_plan.h"

namespace fusesim::control {

std::vector<InstructionTiming> time_program(const isa::Program& program) {
  array::FoldScheduler scheduler(program.array);
  std::vector<InstructionTiming> timings;
  timings.reserve(program.instructions.size());
  CycleBreakdown booked;
  auto book = [&](const CycleBreakdown& now) {
    CycleBreakdown part = now;
    part -= booked;
    booked = now;
    return part;
  };
  for (const isa::ArrayInstruction& instruction : program.instructions) {
    const FoldPlan plan(instruction, program.array);
    const std::vector<array::FoldLoop> loops = plan.loops();
    std::uint64_t earliest = 0;
    for (const std::uint32_t index : instruction.wait_for) earliest = std::max(earliest, timings.at(index).end);

    InstructionTiming timing;
    timing.folds = plan.folds();
    timing.macs = instruction.geometry.macs();
    timing.start = scheduler.next_start(loops.front().runs.front().shape, earliest);
    const CycleBreakdown before = scheduler.breakdown_before(timing.start);
    if (!timings.empty()) timings.back().cycles = book(before);
    scheduler.begin_span();
    for (const array::FoldLoop& loop : loops) {
      scheduler.add(loop, earliest);
      earliest = 0;
    }
    timing.end = scheduler.span_end();
    timings.push_back(timing);
  }
  if (!timings.empty()) timings.back().cycles = book(scheduler.breakdown());
  return timings;
}

}  // namespace fusesim::control
