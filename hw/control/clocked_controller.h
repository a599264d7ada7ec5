// SPDX-License-Identifier: Apache-2.0
// The dataflow controller that clocks every register of an array: the stepped model, or the Verilated RTL.
#pragma once

#include <systemc>
#include <vector>

#include "hw/array/pe_array.h"
#include "hw/control/failure.h"
#include "hw/control/fold_sequencer.h"
#include "hw/control/run_record.h"
#include "hw/isa/program.h"
#include "hw/memory/tensor_memory.h"

namespace fusesim::control {

/// Issues instructions in order, fold by fold, and learns when they end from the words that leave the array. Its clock
/// runs only from the first fold to the last word.
class ClockedController final : public sc_core::sc_module {
 public:
  sc_core::sc_port<array::ArrayPortIf> array{"array"};
  sc_core::sc_port<memory::TensorMemoryIf> memory{"memory"};

  struct Options {
    sc_core::sc_time period{1, sc_core::SC_NS};
    FoldObserver folds;
  };

  SC_HAS_PROCESS(ClockedController);
  ClockedController(const sc_core::sc_module_name& module_name, const isa::Program& program, Options options);

  /// Valid when the simulation has ended. Throws what stopped it.
  [[nodiscard]] const RunRecord& record() const {
    failure_.rethrow();
    return record_;
  }
  /// The cycle that is being clocked, for observers of the array.
  [[nodiscard]] std::uint64_t cycle() const { return sequencer_.cycle(); }

 private:
  void process();
  void tick();
  void offer_next();
  void finish(const FinishedFold& fold);
  [[nodiscard]] bool may_issue(const isa::ArrayInstruction& instruction) const;

  const isa::Program& program_;
  Options options_;
  std::vector<FoldPlan> plans_;
  std::vector<std::uint64_t> left_;  ///< Folds of each instruction not yet finished.
  FoldSequencer sequencer_;
  array::EdgeInputs in_;
  array::EdgeOutputs out_;
  std::uint32_t offer_instruction_ = 0;  ///< Next fold to offer.
  std::uint64_t offer_fold_ = 0;
  std::uint32_t finish_instruction_ = 0;  ///< Next fold to finish.
  std::uint64_t finish_fold_ = 0;
  std::uint32_t counting_ = 0;  ///< The instruction that cycles are booked on.
  CycleBreakdown booked_;
  RunRecord record_;
  Failure failure_;
};

}  // namespace fusesim::control
