// SPDX-License-Identifier: Apache-2.0
#include "hw/accelerator/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <systemc>
#include <type_traits>
#include <utility>

#include "hw/accelerator/engine_memory.h"
#include "hw/accelerator/kernel.h"
#include "hw/accelerator/memory_system.h"
#include "hw/array/pe_array.h"
#include "hw/array/stepped_array.h"
#include "hw/control/array_unit/clocked_array_unit.h"
#include "hw/control/array_unit/event_array_unit.h"
#include "hw/control/fused_unit/clocked_fused_unit.h"
#include "hw/control/fused_unit/compute_unit.h"
#include "hw/control/fused_unit/event_fused_unit.h"
#include "hw/control/machine/controller.h"
#include "hw/control/transfer/transfer_unit.h"
#include "hw/fused/stepped_fused_core.h"
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

/// Whether a run needs the fused unit's registers, or its law.
bool runs_fused(const Program& program) {
  return std::ranges::any_of(program.instructions, &isa::machine::Instruction::is_fused);
}

/// The vector unit, the array and the fused unit of the event model.
struct EventUnits {
  EventUnits(const control::machine::Context& context, const MachineOptions& options)
      : vector("vector", context), compute(context), array("array", compute.context()) {
    if (runs_fused(context.program)) fused.emplace("fused", compute.context(), options.synthetic_masks);
    compute.bind(array, fused ? &*fused : nullptr);
  }
  void rethrow() const {
    array.rethrow();
    if (fused) fused->rethrow();
  }
  vector::EventVectorUnit vector;
  control::machine::ComputeUnit compute;
  control::machine::EventArrayUnit array;
  std::optional<control::machine::EventFusedUnit> fused;
};

std::unique_ptr<array::ArrayModel> array_model(const isa::ArrayConfig& config, const MachineOptions& options) {
  if (options.fidelity == Fidelity::rtl) return options.make_rtl(config);
  return std::make_unique<array::SteppedArray>(config);
}

std::unique_ptr<fused::FusedCore> fused_core(const isa::machine::FusedConfig& config, const MachineOptions& options) {
  if (options.fidelity == Fidelity::rtl) return options.make_rtl_fused(config);
  return std::make_unique<fused::SteppedFusedCore>(config);
}

/// Those whose registers are clocked.
struct ClockedUnits {
  ClockedUnits(const control::machine::Context& context, const MachineOptions& options)
      : vector("vector", context),
        compute(context),
        array("array", compute.context()),
        registers("registers", array_model(context.core.array, options)) {
    array.array.bind(registers.port);
    if (runs_fused(context.program)) make_fused(context, options);
    compute.bind(array, fused ? &*fused : nullptr);
    if (!options.observe) return;
    registers.observe(
        [this, &options](const array::ArrayModel& model, const array::EdgeInputs& in, const array::EdgeOutputs& out) {
          const std::uint64_t cycle = array.cycle();
          if (cycle >= options.window_begin && cycle < options.window_end) options.observe(cycle, model, in, out);
        });
  }
  void make_fused(const control::machine::Context& context, const MachineOptions& options) {
    fused.emplace("fused", compute.context(), fused_core(context.core.fused, options));
    if (!options.observe_fused) return;
    fused->observe([&options](std::uint64_t cycle, const fused::FusedCore& core, const fused::CoreInputs& inputs) {
      if (cycle >= options.window_begin && cycle < options.window_end) options.observe_fused(cycle, core, inputs);
    });
  }
  void rethrow() const {
    array.rethrow();
    if (fused) fused->rethrow();
  }
  vector::SteppedVectorUnit vector;
  control::machine::ComputeUnit compute;
  control::machine::ClockedArrayUnit array;
  array::PeArray registers;
  std::optional<control::machine::ClockedFusedUnit> fused;
};

/// The DMA's units and the memory, as modules that speak TLM-2.0: for processes of SystemC.
struct TlmTransfers {
  TlmTransfers(const control::machine::Context& context, const MachineOptions& options)
      : load("load", DmaDirection::load, context, transfer_options(options.memory)),
        store("store", DmaDirection::store, context, transfer_options(options.memory)),
        memory("memory", options.memory, context.program, context.values) {
    memory.bind(load.channel, store.channel);
  }
  [[nodiscard]] Statistics statistics() const {
    Statistics all = memory.statistics();
    all.emplace_back("dma.load", load.channel.statistics());
    all.emplace_back("dma.store", store.channel.statistics());
    return all;
  }
  control::machine::TlmTransferUnit load, store;
  MemorySystem memory;
};

/// The same by law: for the loop of the context's clock.
struct EngineTransfers {
  EngineTransfers(const control::machine::Context& context, const MachineOptions& options)
      : memory(options.memory, context.program, context.values),
        process(*context.clock.loop(), memory.engine()),
        load("load", DmaDirection::load, context, options.memory.dma_descriptors, process),
        store("store", DmaDirection::store, context, options.memory.dma_descriptors, process) {}
  [[nodiscard]] Statistics statistics() const { return memory.statistics(); }
  EngineMemory memory;
  control::machine::EngineProcess process;
  control::machine::EngineTransferUnit load, store;
};

/// The whole machine. The array and the vector unit come in two kinds, and so do the DMA and the memory: all that is
/// called Engine runs on a loop of its own, which keeps the time of the event model; the rest on SystemC's kernel.
template <typename Units, typename Transfers>
class Machine {
  static constexpr bool kOnLoop = std::is_same_v<Transfers, EngineTransfers>;

 public:
  Machine(const Program& program, const CoreConfig& core, const MachineOptions& options)
      : program_(program),
        clock_(options.clock_mhz, kOnLoop ? &loop_ : nullptr),
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
        transfers_(context_, options),
        units_(context_, options) {
    record_.instructions.resize(program.instructions.size());
    record_.dram_peak_bytes_per_cycle =
        peak_bytes_per_second(options.memory) * (clock_.period() / sc_core::sc_time(1, sc_core::SC_SEC));
    controller_.load.bind(transfers_.load);
    controller_.compute.bind(units_.compute);
    controller_.vector.bind(units_.vector);
    controller_.store.bind(transfers_.store);
  }

  MachineResult run(bool keep_tensors) {
    if (kOnLoop) {
      sc_core::sc_start(sc_core::SC_ZERO_TIME);  // Binds ports, no more.
      loop_.run();
    } else {
      sc_core::sc_start();
    }
    transfers_.load.rethrow();
    transfers_.store.rethrow();
    units_.rethrow();
    controller_.finish(record_);
    occupancy_.finish();
    for (std::size_t pad = 0; pad < isa::machine::pad_count; ++pad) {
      record_.pads[pad].peak_bytes = occupancy_.peak(static_cast<Pad>(pad));
    }
    record_.statistics = transfers_.statistics();
    record_.dram_bytes_read = bytes_moved("dma.load");
    record_.dram_bytes_written = bytes_moved("dma.store");

    MachineResult result;
    if (keep_tensors) {
      for (const Section& section : program_.sections) {
        const bool constant = section.role == isa::machine::Role::constant || section.role == isa::machine::Role::lists;
        result.tensors.push_back(constant ? std::vector<std::int8_t>{}
                                          : transfers_.memory.read(section.address, section.bytes));
      }
    }
    result.record = std::move(record_);
    return result;
  }

 private:
  [[nodiscard]] std::uint64_t bytes_moved(std::string_view unit) const {
    for (const auto& [name, statistics] : record_.statistics) {
      if (name != unit) continue;
      for (const memory::Statistic& statistic : statistics) {
        if (statistic.name == "bytes") return statistic.value;
      }
    }
    throw std::logic_error("the DMA does not count its bytes");
  }

  const Program& program_;
  Record record_;
  control::machine::Loop loop_;
  control::machine::Clock clock_;
  memory::Scratchpads pads_;
  control::machine::Occupancy occupancy_;
  control::machine::Controller controller_;
  control::machine::Context context_;
  Transfers transfers_;
  Units units_;
};

void check_fused(const Program& program, const CoreConfig& core, const MachineOptions& options) {
  if (options.fidelity == Fidelity::rtl && !options.make_rtl_fused) {
    throw std::invalid_argument("rtl fidelity: no Verilated fused unit was given");
  }
  if (options.synthetic_masks) {
    const double survival = options.synthetic_masks->survival;
    if (!(survival >= 0 && survival <= 1)) {
      throw std::invalid_argument(
          fmt::format("the survival of synthetic masks is {}; it must be from 0 to 1", survival));
    }
    if (with_values(options)) {
      throw std::invalid_argument(
          "synthetic masks are for runs without values; run without them (event fidelity), or leave the survival out");
    }
  } else if (!with_values(options) && core.fused.mode == isa::machine::FusedMode::elastic) {
    throw std::invalid_argument(fmt::format(
        "program '{}' has fused blocks, whose time on an elastic unit depends on masks; run it with values, "
        "give the survival of synthetic masks, or set fused.mode to fixed",
        program.network));
  }
}

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
  if (runs_fused(program)) check_fused(program, core, options);
  if (options.fidelity == Fidelity::event && (options.observe || options.observe_fused)) {
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

template <typename Units, typename Transfers>
MachineResult run_on(const Program& program, const CoreConfig& core, const MachineOptions& options) {
  const Kernel kernel;
  try {
    return Machine<Units, Transfers>(program, core, options).run(options.keep_tensors);
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
  // Of a machine on a loop, which has the kernel bind its ports and nothing else.
  sc_core::sc_report_handler::set_actions(sc_core::SC_ID_NO_SC_START_ACTIVITY_, sc_core::SC_DO_NOTHING);
  if (options.fidelity != Fidelity::event) return run_on<ClockedUnits, TlmTransfers>(program, core, options);
  if (options.tlm) return run_on<EventUnits, TlmTransfers>(program, core, options);
  return run_on<EventUnits, EngineTransfers>(program, core, options);
}

}  // namespace fusesim::accelerator
