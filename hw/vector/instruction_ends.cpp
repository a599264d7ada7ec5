// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/instruction_ends.h"

#include <fmt/format.h>

#include <stdexcept>
#include <variant>

#include "hw/vector/operands.h"
#include "hw/vector/values/channel_parameters.h"

namespace fusesim::vector {

using isa::machine::Pad;
using isa::machine::Vector;

namespace {

void check_shifts(const control::machine::Context& context, std::uint32_t instruction, const Vector& vector) {
  constexpr std::uint32_t each = isa::machine::channel_parameter_bytes;
  const auto bytes = context.pads[Pad::weights].bytes(vector.parameters, std::size_t{vector.channels} * each);
  for (std::uint32_t c = 0; c < vector.channels; ++c) {
    const isa::machine::ChannelParameters parameters = channel_parameters(bytes.data() + std::size_t{c} * each);
    if (parameters.shift >= 1 && parameters.shift <= 62) continue;
    throw std::runtime_error(fmt::format(
        "{}: the parameters of channel {}, at {:#x} of the weights scratchpad, have the shift {}; it must be "
        "1 .. 62",
        context.describe(instruction), c, vector.parameters + c * each, parameters.shift));
  }
}

}  // namespace

void check_start(const control::machine::Context& context, std::uint32_t instruction) {
  const auto& vector = std::get<Vector>(context.program.instructions[instruction].work);
  if (clobbers(vector)) {
    throw std::runtime_error(fmt::format(
        "{} writes its result over bytes it has yet to read; its place must be free, or one where each element lies no "
        "higher than the operand it is made of",
        context.describe(instruction)));
  }
  for_read_bytes(vector,
                 [&](Pad pad, const memory::ByteGrid& bytes) { context.check_written(instruction, pad, bytes); });
  if (context.values && vector.kind == isa::machine::VectorKind::requantize) check_shifts(context, instruction, vector);
}

void complete(const control::machine::Context& context, std::uint32_t instruction, std::uint64_t cycle) {
  const auto& vector = std::get<Vector>(context.program.instructions[instruction].work);
  context.write(vector.result.pad, written_bytes(vector), cycle);
  context.release(instruction, cycle);
  context.listener.completed(instruction, cycle);
}

}  // namespace fusesim::vector
