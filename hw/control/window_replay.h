// SPDX-License-Identifier: Apache-2.0
// Every register of the array during a part of a run that was simulated by the timing law.
#pragma once

#include <cstdint>
#include <functional>

#include "hw/array/array_model.h"
#include "hw/isa/program.h"
#include "hw/memory/tensor_store.h"

namespace fusesim::control {

/// Steps the folds that determine the registers in cycles [begin, end) and calls `observe` for each of these cycles
/// that the run has, with exactly the state that a run stepped from cycle 0 has there. docs/timing.md shows why it is
/// enough to start `pipeline depth` cycles early and to preset accumulators from earlier folds.
void replay_window(const isa::Program& program, memory::TensorStore& store, std::uint64_t begin, std::uint64_t end,
                   const std::function<void(std::uint64_t cycle, const array::ArrayModel& model,
                                            const array::EdgeInputs& in, const array::EdgeOutputs& out)>& observe);

}  // namespace fusesim::control
