// SPDX-License-Identifier: Apache-2.0
#include "hw/control/timing.h"

#include "hw/control/program_timer.h"

namespace fusesim::control {

std::vector<InstructionTiming> time_program(const isa::Program& program) {
  ProgramTimer timer(program);
  while (!timer.done()) timer.issue();
  return timer.finish();
}

}  // namespace fusesim::control
