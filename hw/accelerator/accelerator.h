// SPDX-License-Identifier: Apache-2.0
// The whole machine: elaborates the units from a configuration and runs one program on them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "hw/array/array_model.h"
#include "hw/control/run_record.h"
#include "hw/isa/program.h"
#include "hw/memory/tensor_store.h"

namespace fusesim::accelerator {

enum class Fidelity : std::uint8_t {
  event,    ///< The units advanced by their timing law, an event per instruction or less.
  stepped,  ///< Every register at every clock edge.
  rtl,      ///< The array is the Verilated SystemVerilog, the rest as in stepped.
};

[[nodiscard]] const char* name(Fidelity fidelity);

/// Called in each cycle of a window with the state after that cycle's edge.
using CycleObserver = std::function<void(std::uint64_t cycle, const array::ArrayModel& model,
                                         const array::EdgeInputs& in, const array::EdgeOutputs& out)>;

struct Options {
  Fidelity fidelity = Fidelity::event;
  double clock_mhz = 1000;
  bool values = true;  ///< event only: compute sums.
  control::FoldObserver folds;
  /// Registers are observed in cycles [window_begin, window_end). In event fidelity the folds that matter for the
  /// window are stepped after the run.
  CycleObserver observe;
  std::uint64_t window_begin = 0, window_end = 0;
  /// rtl: makes the array's registers for a configuration. Passed in because hw does not know rtl.
  std::function<std::unique_ptr<array::ArrayModel>(const isa::ArrayConfig&)> make_rtl;
};

/// Runs a valid program to its end on a SystemC kernel of its own. `store` holds the program's tensors and afterwards
/// its results. Throws what the units throw. Not reentrant: SystemC has one kernel per process at a time.
control::RunRecord run(const isa::Program& program, memory::TensorStore& store, const Options& options);

}  // namespace fusesim::accelerator
