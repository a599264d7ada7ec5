// SPDX-License-Identifier: Apache-2.0
// Issues a program's instructions to the timing law, in order. Everything that advances by the law walks a program
// through this: sweeps, the event controller, the replay of a window.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "hw/array/fold_scheduler.h"
#include "hw/control/fold_plan.h"
#include "hw/control/timing.h"
#include "hw/isa/program.h"

namespace fusesim::control {

class ProgramTimer {
 public:
  /// The program must outlive the timer.
  explicit ProgramTimer(const isa::Program& program);

  [[nodiscard]] bool done() const { return timings_.size() == program_->instructions.size(); }
  /// The cycle in which the next instruction starts. Not when done().
  [[nodiscard]] std::uint64_t next_start() const { return next_start_; }

  /// Called with each fold of an instruction, in order.
  using EachFold =
      std::function<void(std::uint64_t fold, const array::FoldShape& shape, const array::FoldTimes& times)>;
  /// Schedules the next instruction: in runs of equal folds, or fold by fold when `each` is given. `cycles` of the
  /// result is known when the next one has been issued, or after finish().
  const InstructionTiming& issue(const EachFold& each = nullptr);

  /// Books the rest of the run on the last instruction and returns all timings.
  const std::vector<InstructionTiming>& finish();
  [[nodiscard]] const std::vector<InstructionTiming>& timings() const { return timings_; }
  /// Cycles until everything issued so far has left the array.
  [[nodiscard]] std::uint64_t end() const { return scheduler_.end(); }

 private:
  void prepare();
  void book(const CycleBreakdown& now);
  [[nodiscard]] std::uint64_t ready() const;

  const isa::Program* program_;
  array::FoldScheduler scheduler_;
  std::vector<FoldPlan> next_;  ///< The plan of the next instruction; none when done.
  std::uint64_t next_start_ = 0;
  CycleBreakdown booked_;
  std::vector<InstructionTiming> timings_;
};

}  // namespace fusesim::control
