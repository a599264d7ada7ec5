// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/event_vector_unit.h"

#include <variant>

#include "hw/vector/instruction_ends.h"
#include "hw/vector/operands.h"
#include "hw/vector/port_cycles.h"
#include "hw/vector/values/compute.h"

namespace fusesim::vector {

using isa::machine::Vector;

EventVectorUnit::EventVectorUnit(const sc_core::sc_module_name& module_name, const control::machine::Context& context)
    : sc_module(module_name),
      context_(context),
      wake_(control::machine::Alarm::of<&EventVectorUnit::wake>(context.clock, "wake", this)) {}

void EventVectorUnit::issue(std::uint32_t instruction) {
  check_start(context_, instruction);
  const auto& vector = std::get<Vector>(context_.program.instructions[instruction].work);
  busy_ = true;
  instruction_ = instruction;
  ports_ = ports_used(vector);
  accounted_ = context_.clock.now();
  control::machine::InstructionRecord& record = context_.records[instruction];
  const Traffic bytes = traffic(vector);
  record.start = accounted_;
  record.end = accounted_ + cycles(vector, context_.core).total;
  record.read_bytes = bytes.read;
  record.written_bytes = bytes.written;
  wake_.notify(context_.clock.until(record.end));
  context_.listener.started(instruction, record.start);
}

void EventVectorUnit::wake() {
  control::machine::InstructionRecord& record = context_.records[instruction_];
  const std::uint64_t stood = taken_cycles(context_.pads, ports_, accounted_, record.end);
  if (stood != 0) {
    accounted_ = record.end;
    record.end += stood;
    record.conflict_cycles += stood;
    wake_.notify(context_.clock.until(record.end));
    return;
  }
  if (context_.values) compute(std::get<Vector>(context_.program.instructions[instruction_].work), context_.pads);
  busy_ = false;
  complete(context_, instruction_, record.end);
}

}  // namespace fusesim::vector
