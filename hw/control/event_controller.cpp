// SPDX-License-Identifier: Apache-2.0
#include "hw/control/event_controller.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace fusesim::control {

EventController::EventController(const sc_core::sc_module_name& module_name, const isa::Program& program,
                                 Options options)
    : sc_module(module_name),
      program_(program),
      options_(std::move(options)),
      timer_(program),
      last_cycle_(sc_core::sc_max_time().value() / options_.period.value()) {
  SC_METHOD(process);
}

std::uint64_t EventController::now() const {
  return sc_core::sc_time_stamp().value() / options_.period.value();
}

void EventController::process() {
  failure_.guard([this] { advance(); });
}

void EventController::advance() {
  const std::uint64_t cycle = now();
  std::erase_if(running_, [&](std::uint32_t index) {
    if (timer_.timings()[index].end > cycle) return false;
    complete(index);
    return true;
  });
  while (!timer_.done() && timer_.next_start() <= cycle) {
    const auto index = static_cast<std::uint32_t>(timer_.timings().size());
    if (options_.folds) {
      timer_.issue([&](std::uint64_t fold, const array::FoldShape&, const array::FoldTimes& times) {
        options_.folds(index, fold, times.start, times.end);
      });
    } else {
      timer_.issue();
    }
    if (timer_.end() > last_cycle_) {
      throw std::runtime_error("the run is longer than the simulated clock can count (" + std::to_string(last_cycle_) +
                               " cycles at this frequency); raise clock.frequency_mhz or split the program");
    }
    running_.push_back(index);
  }
  std::uint64_t wake = timer_.done() ? UINT64_MAX : timer_.next_start();
  for (const std::uint32_t index : running_) wake = std::min(wake, timer_.timings()[index].end);
  if (wake != UINT64_MAX) {
    next_trigger(sc_core::sc_time::from_value((wake - cycle) * options_.period.value()));
    return;
  }
  record_.instructions = timer_.finish();
  record_.cycles = timer_.end();
}

void EventController::complete(std::uint32_t index) {
  if (!options_.values) return;
  const isa::ArrayInstruction& instruction = program_.instructions[index];
  array::values::convolve(instruction.geometry,
                          memory->operands(instruction.input.tensor, instruction.input.channel).data(),
                          memory->operands(instruction.weights, 0).data(), instruction.pad_value,
                          memory->results(instruction.output.tensor, instruction.output.channel).data(), scratch_);
}

}  // namespace fusesim::control
