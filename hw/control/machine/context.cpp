// SPDX-License-Identifier: Apache-2.0
#include "hw/control/machine/context.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace fusesim::control::machine {

Clock::Clock(double mhz) {
  if (!(mhz >= 1 && mhz <= 1e6)) {
    throw std::invalid_argument(fmt::format("clock: {} MHz is not a frequency from 1 to 1000000 MHz", mhz));
  }
  period_ = sc_core::sc_time(std::round(1e6 / mhz), sc_core::SC_PS);
}

const char* name(Cause cause) {
  constexpr const char* names[cause_count] = {"compute", "fill",   "drain", "conflict",
                                              "load",    "vector", "store", "control"};
  return names[static_cast<std::size_t>(cause)];
}

std::string Context::describe(std::uint32_t instruction) const {
  const isa::machine::Instruction& what = program.instructions[instruction];
  return fmt::format("instruction {} ({}, layer '{}')", instruction, name(what.queue()), program.layers[what.layer]);
}

void Context::check_written(std::uint32_t instruction, isa::machine::Pad pad, std::uint32_t address,
                            std::uint64_t count) const {
  if (const auto missing = pads[pad].first_unwritten(address, count)) {
    throw std::runtime_error(
        fmt::format("{} reads byte {:#x} of the {} scratchpad, which was never written or has been released; a load or "
                    "a token is missing before it",
                    describe(instruction), *missing, name(pad)));
  }
}

void Context::write(isa::machine::Pad pad, std::uint32_t address, std::uint64_t count, std::uint64_t cycle) const {
  pads[pad].mark_written(address, count);
  if (observer.occupancy) observer.occupancy(cycle, pad, pads[pad].occupied());
}

void Context::release(std::uint32_t instruction, std::uint64_t cycle) const {
  for (const isa::machine::Release& range : program.instructions[instruction].releases) {
    pads[range.pad].release(range.address, range.bytes);
    if (observer.occupancy) observer.occupancy(cycle, range.pad, pads[range.pad].occupied());
  }
}

}  // namespace fusesim::control::machine
