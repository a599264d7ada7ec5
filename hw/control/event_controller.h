// SPDX-License-Identifier: Apache-2.0
// The dataflow controller of the event model: the array advanced by its timing law.
#pragma once

#include <deque>
#include <systemc>
#include <vector>

#include "hw/array/fold_scheduler.h"
#include "hw/array/values/convolve.h"
#include "hw/control/failure.h"
#include "hw/control/run_record.h"
#include "hw/isa/program.h"
#include "hw/memory/tensor_memory.h"

namespace fusesim::control {

/// Issues instructions in order. Two events per instruction (its start and its end), however many folds it has; the
/// values of an instruction are computed when it ends.
class EventController final : public sc_core::sc_module {
 public:
  sc_core::sc_port<memory::TensorMemoryIf> memory{"memory"};

  struct Options {
    sc_core::sc_time period{1, sc_core::SC_NS};
    bool values = true;  ///< Compute sums; timing is the same without.
    FoldObserver folds;  ///< When set, folds are scheduled one by one.
  };

  SC_HAS_PROCESS(EventController);
  EventController(const sc_core::sc_module_name& module_name, const isa::Program& program, Options options);

  /// Valid when the simulation has ended. Throws what stopped it.
  [[nodiscard]] const RunRecord& record() const {
    failure_.rethrow();
    return record_;
  }

 private:
  void process();
  void advance();
  void issue(std::uint32_t index);
  void complete(std::uint32_t index);
  void book(std::uint32_t index, const CycleBreakdown& now);
  [[nodiscard]] std::uint64_t now() const;
  [[nodiscard]] std::uint64_t ready(std::uint32_t index) const;

  const isa::Program& program_;
  Options options_;
  array::FoldScheduler scheduler_;
  array::values::Scratch scratch_;
  std::uint32_t next_ = 0;              ///< The instruction to issue next,
  std::uint64_t next_start_ = 0;        ///< and when.
  std::vector<std::uint32_t> running_;  ///< Issued, not ended.
  CycleBreakdown booked_;
  RunRecord record_;
  Failure failure_;
};

}  // namespace fusesim::control
