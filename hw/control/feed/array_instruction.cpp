// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/array_instruction.h"

namespace fusesim::control {

isa::ArrayInstruction array_instruction(const isa::machine::Compute& compute) {
  isa::ArrayInstruction instruction;
  instruction.dataflow = compute.dataflow;
  instruction.geometry = compute.geometry;
  instruction.lines_per_row = compute.lines_per_row;
  instruction.pad_value = compute.pad_value;
  return instruction;
}

}  // namespace fusesim::control
