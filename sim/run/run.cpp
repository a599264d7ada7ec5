// SPDX-License-Identifier: Apache-2.0
#include "sim/run/run.h"

#include <xxhash.h>

#include <algorithm>

#include "hw/control/timing.h"
#include "hw/memory/tensor_store.h"
#include "rtl/verilated_array.h"
#include "sim/run/wave_file.h"

namespace fusesim::run {

namespace {

std::uint64_t digest_sums(const isa::ArrayInstruction& instruction, memory::TensorStore& store) {
  const isa::ConvGeometry& g = instruction.geometry;
  const std::size_t count = std::size_t{g.out_channels} * g.out_height * g.out_width;
  const auto sums = store.sums(instruction.output.tensor, instruction.output.channel).first(count);
  return XXH3_64bits(sums.data(), sums.size_bytes());
}

double utilization(std::uint64_t macs, std::uint64_t cycles, const isa::ArrayConfig& array) {
  if (cycles == 0) return 0;
  return static_cast<double>(macs) / (static_cast<double>(array.rows) * array.cols * static_cast<double>(cycles));
}

/// Before anything is written: the window must have something to show.
void check_window(const isa::Program& program, const Waves& waves) {
  std::uint64_t cycles = 0;
  for (const control::InstructionTiming& timing : control::time_program(program)) {
    cycles = std::max(cycles, timing.end);
  }
  WaveFile::check_window(waves, cycles);
}

}  // namespace

Result run(const isa::Program& program, const Options& options) {
  if (!options.values && options.fidelity != accelerator::Fidelity::event) {
    throw OptionError(std::string("fidelity ") + name(options.fidelity) +
                      " always computes values; leave out --timing-only or use --fidelity event");
  }
  memory::TensorStore store(program);
  accelerator::Options machine;
  machine.fidelity = options.fidelity;
  machine.clock_mhz = options.clock_mhz;
  machine.values = options.values;
  // Made before anything is written: it may not exist.
  std::unique_ptr<array::ArrayModel> verilated;
  if (options.fidelity == accelerator::Fidelity::rtl) verilated = std::make_unique<rtl::VerilatedArray>(program.array);
  machine.make_rtl = [&](const isa::ArrayConfig&) { return std::move(verilated); };
  std::optional<WaveFile> waves;
  if (options.waves) {
    check_window(program, *options.waves);
    waves.emplace(program.array, *options.waves, options.clock_mhz);
    machine.window_begin = waves->observed_begin();
    machine.window_end = waves->observed_end();
    machine.observe = waves->observer();
  }
  const control::RunRecord record = accelerator::run(program, store, machine);
  Result result;
  if (waves) {
    try {
      waves->close();
    } catch (...) {
      result.waves_failure = std::current_exception();
    }
  }
  result.cycles = record.cycles;
  std::vector<std::uint64_t> digests;
  for (std::size_t i = 0; i < record.instructions.size(); ++i) {
    const isa::ArrayInstruction& instruction = program.instructions[i];
    LayerResult& layer = result.layers.emplace_back();
    layer.name = program.layers[instruction.layer];
    layer.dataflow = instruction.dataflow;
    layer.lines_per_row = instruction.lines_per_row;
    layer.timing = record.instructions[i];
    layer.utilization = utilization(layer.timing.macs, layer.timing.cycles.total(), program.array);
    if (options.values) digests.push_back(layer.digest = digest_sums(instruction, store));
    result.macs += layer.timing.macs;
    result.breakdown += layer.timing.cycles;
  }
  result.utilization = utilization(result.macs, result.cycles, program.array);
  if (options.values) result.digest = XXH3_64bits(digests.data(), digests.size() * sizeof digests[0]);
  return result;
}

}  // namespace fusesim::run
