// SPDX-License-Identifier: Apache-2.0
#include "hw/control/machine/context.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace fusesim::control::machine {

sc_core::sc_time Clock::period_of(double mhz) {
  if (!(mhz >= 1 && mhz <= 1e6)) {
    throw std::invalid_argument(fmt::format("clock: {} MHz is not a frequency from 1 to 1000000 MHz", mhz));
  }
  return {std::round(1e6 / mhz), sc_core::SC_PS};
}

void Clock::stop() const {
  if (loop_ != nullptr) {
    loop_->stop();
  } else {
    sc_core::sc_pause();
  }
}

void Clock::overflow() const {
  throw std::runtime_error(
      fmt::format("the run is longer than the simulated clock can count ({} cycles at this frequency); raise "
                  "clock.frequency_mhz or split the program",
                  last_));
}

const char* name(Cause cause) {
  constexpr const char* names[cause_count] = {"compute", "fill", "drain",  "conflict", "predict",
                                              "stall",   "load", "vector", "store",    "control"};
  return names[static_cast<std::size_t>(cause)];
}

std::string Context::describe(std::uint32_t instruction) const {
  const isa::machine::Instruction& what = program.instructions[instruction];
  return fmt::format("instruction {} ({}, layer '{}')", instruction, name(what), program.layers[what.layer]);
}

void Context::refuse_unwritten(std::uint32_t instruction, isa::machine::Pad pad, const memory::ByteGrid& grid) const {
  memory::for_runs(grid, [&](std::uint64_t address, std::uint64_t count) {
    const auto first = pads[pad].first_unwritten(static_cast<std::uint32_t>(address), count);
    if (!first) return;
    throw std::runtime_error(
        fmt::format("{} reads byte {:#x} of the {} scratchpad, which was never written or has been released; a load "
                    "or a token is missing before it",
                    describe(instruction), *first, name(pad)));
  });
}

void Context::changed(isa::machine::Pad pad, std::uint64_t before, std::uint64_t cycle) const {
  const std::uint64_t now = pads[pad].occupied();
  if (now == before) return;
  if (occupancy != nullptr) {
    occupancy->change(cycle, pad, static_cast<std::int64_t>(now - before));
  } else if (observer.occupancy) {
    observer.occupancy(cycle, pad, now);
  }
}

void Context::write(isa::machine::Pad pad, const memory::ByteGrid& grid, std::uint64_t cycle) const {
  const std::uint64_t before = pads[pad].occupied();
  pads[pad].mark_written(grid);
  changed(pad, before, cycle);
}

void Context::release(std::uint32_t instruction, std::uint64_t cycle) const {
  for (const isa::machine::Release& range : program.instructions[instruction].releases) {
    const std::uint64_t before = pads[range.pad].occupied();
    pads[range.pad].release(range.address, range.bytes);
    changed(range.pad, before, cycle);
  }
}

}  // namespace fusesim::control::machine
