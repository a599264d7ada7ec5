// SPDX-License-Identifier: Apache-2.0
// What a run of a program leaves behind.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "hw/control/timing.h"

namespace fusesim::control {

struct RunRecord {
  std::uint64_t cycles = 0;
  std::vector<InstructionTiming> instructions;
};

/// Told of every fold once its times are known (event: when its instruction is issued; clocked: when it has left the
/// array); folds of an instruction come in order.
using FoldObserver =
    std::function<void(std::uint32_t instruction, std::uint64_t fold, std::uint64_t start, std::uint64_t end)>;

}  // namespace fusesim::control
