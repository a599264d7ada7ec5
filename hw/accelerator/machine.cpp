// SPDX-License-Identifier: Apache-2.0
#include "hw/accelerator/machine.h"

#include <fmt/format.h>

#include <stdexcept>
#include <systemc>
#include <utility>

#include "hw/accelerator/kernel.h"
#include "hw/accelerator/memory_system.h"
#include "hw/array/pe_array.h"
#include "hw/array/stepped_array.h"
#include "hw/control/array_unit/clocked_array_unit.h"
#include "hw/control/array_unit/event_array_unit.h"
#include "hw/control/machine/controller.h"
#include "hw/control/transfer/transfer_unit.h"
#include "hw/memory/dram/dram_standards.h"
#include "hw/vector/event_vector_unit.h"
#include "hw/vector/stepped_vector_unit.h"

namespace fusesim::accelerator {

using control::machine::Record;
using isa::machine::CoreConfig;
using isa::machine::Pad;
using isa::machine::Program;
using isa::machine::Section;
using memory::DmaDirection;

namespace {

/// Only the event model can do without values: the others feed their arrays.
bool with_values(const MachineOptions& options) {
  return options.fidelity != Fidelity::event || options.values;
}

control::machine::TransferOptions transfer_options(const MemoryConfig& config) {
  control::machine::TransferOptions options;
  options.dma.burst_bytes = config.dma_request_bytes;
  options.dma.outstanding = config.dma_outstanding;
  options.descriptors = config.dma_descriptors;
  return options;
}

/// The vector unit and the array of the event model.
struct EventUnits {
  EventUnits(const control::machine::Context& context, const MachineOptions&)
      : vector("vector", context), array("array", context) {}
  void rethrow() const { array.rethrow(); }
  vector::EventVectorUnit vector;
  control::machine::EventArrayUnit array;
};

std::unique_ptr<array::ArrayModel> array_model(const isa::ArrayConfig& config, const MachineOptions& options) {
  if (options.fidelity == Fidelity::rtl) return options.make_rtl(config);
  return std::make_unique<array::SteppedArray>(config);
}

/// Those whose registers are clocked.
struct ClockedUnits {
  ClockedUnits(const control::machine::Context& context, const MachineOptions& options)
      : vector("vector", context),
        array("array", context),
        registers("registers", array_model(context.core.array, options)) {
    array.array.bind(registers.port);
    if (!options.observe) return;
    registers.observe(
        [this, &options](const array::ArrayModel& model, const array::EdgeInputs& in, const array::EdgeOutputs& out) {
          const std::uint64_t cycle = array.cycle();
          if (cycle >= options.window_begin && cycle < options.window_end) options.observe(cycle, model, in, out);
        });
  }
  void rethrow() const { array.rethrow(); }
  vector::SteppedVectorUnit vector;
  control::machine::ClockedArrayUnit array;
  array::PeArray registers;
};

/// The whole machine; the array and the vector unit come in two kinds, all else is the same in every fidelity.
template <typename Units>
class Machine {
 public:
  Machine(const Program& program, const CoreConfig& core, const MachineOptions& options)
      : program_(program),
        clock_(options.clock_mhz),
        pads_(core, with_values(options)),
        occupancy_(options.observer),
        controller_("controller", program, core.control, clock_, record_.instructions),
        context_{.program = program,
                 .core = core,
                 .pads = pads_,
                 .clock = clock_,
                 .values = with_values(options),
                 .listener = controller_,
                 .records = record_.instructions,
                 .observer = options.observer,
                 .occupancy = &occupancy_},
        load_("load", DmaDirection::load, context_, transfer_options(options.memory)),
        store_("store", DmaDirection::store, context_, transfer_options(options.memory)),
        memory_("memory", options.memory, program, with_values(options)),
        units_(context_, options) {
    record_.instructions.resize(program.instructions.size());
    record_.dram_peak_bytes_per_cycle =
        peak_bytes_per_second(options.memory) * (clock_.period() / sc_core::sc_time(1, sc_core::SC_SEC));
    memory_.bind(load_.channel, store_.channel);
    controller_.load.bind(load_);
    controller_.compute.bind(units_.array);
    controller_.vector.bind(units_.vector);
    controller_.store.bind(store_);
  }

  MachineResult run(bool keep_tensors) {
    sc_core::sc_start();
    load_.rethrow();
    store_.rethrow();
    units_.rethrow();
    controller_.finish(record_);
    occupancy_.finish();
    for (std::size_t pad = 0; pad < isa::machine::pad_count; ++pad) {
      record_.pads[pad].peak_bytes = occupancy_.peak(static_cast<Pad>(pad));
    }
    record_.statistics = memory_.statistics();
    record_.dram_bytes_read = add_statistics("dma.load", load_);
    record_.dram_bytes_written = add_statistics("dma.store", store_);

    MachineResult result;
    if (keep_tensors) {
      for (const Section& section : program_.sections) {
        const bool constant = section.role == isa::machine::Role::constant;
        result.tensors.push_back(constant ? std::vector<std::int8_t>{} : memory_.read(section.address, section.bytes));
      }
    }
    result.record = std::move(record_);
    return result;
  }

 private:
  /// Returns the bytes that the unit moved.
  std::uint64_t add_statistics(const char* name, const control::machine::TlmTransferUnit& unit) {
    const auto& [_, statistics] = record_.statistics.emplace_back(name, unit.channel.statistics());
    for (const memory::Statistic& statistic : statistics) {
      if (statistic.name == "bytes") return statistic.value;
    }
    throw std::logic_error("the DMA does not count its bytes");
  }

  const Program& program_;
  Record record_;
  control::machine::Clock clock_;
  memory::Scratchpads pads_;
  control::machine::Occupancy occupancy_;
  control::machine::Controller controller_;
  control::machine::Context context_;
  control::machine::TlmTransferUnit load_, store_;
  MemorySystem memory_;
  Units units_;
};

void check(const Program& program, const CoreConfig& core, const MachineOptions& options) {
  isa::machine::validate(program, core);
  validate(options.memory);
  if (with_values(options) && !program.has_values()) {
    throw std::invalid_argument(
        fmt::format("program '{}' was made for timing only and holds no weights; compile it with values, or run it "
                    "without them (event fidelity)",
                    program.network));
  }
  if (options.keep_tensors && !with_values(options)) {
    throw std::invalid_argument("tensors cannot be kept of a run without values; ask for one of the two");
  }
  if (options.fidelity == Fidelity::rtl && !options.make_rtl) {
    throw std::invalid_argument("rtl fidelity: no Verilated array was given");
  }
  if (options.fidelity == Fidelity::event && options.observe) {
    throw std::invalid_argument("event fidelity has no registers to observe; use stepped or rtl");
  }
  if (options.memory.standard != "fixed") {
    const std::uint64_t size = memory::dram_standard(options.memory.standard).bytes();
    if (program.dram_bytes() > size) {
      throw std::invalid_argument(fmt::format(
          "program '{}' uses {} bytes of DRAM, but {} has {}; choose a larger one (dram.standard) or \"fixed\"",
          program.network, program.dram_bytes(), options.memory.standard, size));
    }
  }
}

template <typename Units>
MachineResult run_on(const Program& program, const CoreConfig& core, const MachineOptions& options) {
  const Kernel kernel;
  try {
    return Machine<Units>(program, core, options).run(options.keep_tensors);
  } catch (const sc_core::sc_report& report) {
    // What a unit did not catch itself, and what SystemC had to say of the modules.
    throw std::runtime_error(report.get_msg());
  }
}

}  // namespace

MachineResult run(const Program& program, const CoreConfig& core, const MachineOptions& options) {
  check(program, core, options);
  // A unit that fails stops the simulation, which SystemC would announce on the standard output.
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  if (options.fidelity == Fidelity::event) return run_on<EventUnits>(program, core, options);
  return run_on<ClockedUnits>(program, core, options);
}

}  // namespace fusesim::accelerator
