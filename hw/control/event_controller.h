// SPDX-License-Identifier: Apache-2.0
// The dataflow controller of the event model: the array advanced by its timing law.
#pragma once

#include <systemc>
#include <vector>

#include "hw/array/values/convolve.h"
#include "hw/control/failure.h"
#include "hw/control/program_timer.h"
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
  void complete(std::uint32_t index);
  [[nodiscard]] std::uint64_t now() const;

  const isa::Program& program_;
  Options options_;
  ProgramTimer timer_;
  std::uint64_t last_cycle_;  ///< The latest that SystemC's clock can tell.
  array::values::Scratch scratch_;
  std::vector<std::uint32_t> running_;  ///< Issued, not ended.
  RunRecord record_;
  Failure failure_;
};

}  // namespace fusesim::control
