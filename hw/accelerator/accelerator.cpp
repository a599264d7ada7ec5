// SPDX-License-Identifier: Apache-2.0
#include "hw/accelerator/accelerator.h"

#include <stdexcept>
#include <systemc>

#include "hw/accelerator/kernel.h"
#include "hw/array/pe_array.h"
#include "hw/array/stepped_array.h"
#include "hw/control/clocked_controller.h"
#include "hw/control/event_controller.h"
#include "hw/control/window_replay.h"
#include "hw/memory/tensor_memory.h"

namespace fusesim::accelerator {

namespace {

sc_core::sc_time period(const Options& options) {
  return {1000.0 / options.clock_mhz, sc_core::SC_NS};
}

struct EventMachine {
  EventMachine(const isa::Program& program, memory::TensorStore& store, const Options& options)
      : memory("memory", store), controller("controller", program, {period(options), options.values, options.folds}) {
    controller.memory.bind(memory.port);
  }
  memory::IdealMemory memory;
  control::EventController controller;
};

struct ClockedMachine {
  ClockedMachine(const isa::Program& program, memory::TensorStore& store, const Options& options,
                 std::unique_ptr<array::ArrayModel> model)
      : memory("memory", store),
        array("array", std::move(model)),
        controller("controller", program, {period(options), options.folds}) {
    controller.memory.bind(memory.port);
    controller.array.bind(array.port);
  }
  memory::IdealMemory memory;
  array::PeArray array;
  control::ClockedController controller;
};

}  // namespace

const char* name(Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::event:
      return "event";
    case Fidelity::stepped:
      return "stepped";
    case Fidelity::rtl:
      return "rtl";
  }
  return "";
}

control::RunRecord run(const isa::Program& program, memory::TensorStore& store, const Options& options) {
  const Kernel kernel;
  if (options.fidelity == Fidelity::event) {
    control::RunRecord record;
    {
      EventMachine machine(program, store, options);
      sc_core::sc_start();
      record = machine.controller.record();
    }
    if (options.observe)
      control::replay_window(program, store, options.window_begin, options.window_end, options.observe);
    return record;
  }
  std::unique_ptr<array::ArrayModel> model;
  if (options.fidelity == Fidelity::rtl) {
    if (!options.make_rtl) throw std::invalid_argument("rtl fidelity: no Verilated array was given");
    model = options.make_rtl(program.array);
  } else {
    model = std::make_unique<array::SteppedArray>(program.array);
  }
  ClockedMachine machine(program, store, options, std::move(model));
  if (options.observe) {
    machine.array.observe(
        [&](const array::ArrayModel& registers, const array::EdgeInputs& in, const array::EdgeOutputs& out) {
          const std::uint64_t cycle = machine.controller.cycle();
          if (cycle >= options.window_begin && cycle < options.window_end) options.observe(cycle, registers, in, out);
        });
  }
  sc_core::sc_start();
  return machine.controller.record();
}

}  // namespace fusesim::accelerator
