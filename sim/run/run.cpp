// SPDX-License-Identifier: Apache-2.0
#include "sim/run/run.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "hw/array/stepped_array.h"
#include "hw/memory/tensor_store.h"
#include "hw/waves/array_probe.h"
#include "rtl/verilated_array.h"

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

/// The waveform of a run: what the machine shows in the window goes to the file.
class WaveFile {
 public:
  WaveFile(const isa::ArrayConfig& array, const Options& options)
      : array_(array),
        waves_(*options.waves),
        scope_(waves::parse_wave_scope(waves_.scope, array)),
        writer_(waves_.file, {"1ps", std::max<std::uint64_t>(1, std::llround(1e6 / options.clock_mhz))},
                {waves_.begin, waves_.end}),
        probe_(writer_, array, scope_) {}

  void attach(accelerator::Options& machine) {
    // Registers in the window's first cycle are what the edge before it left; cycle 0 has no edge before it.
    if (waves_.begin == 0) probe_.start(0, array::SteppedArray(array_));
    machine.window_begin = waves_.begin == 0 ? 0 : waves_.begin - 1;
    machine.window_end = waves_.end;
    machine.observe = [this](std::uint64_t cycle, const array::ArrayModel& model, const array::EdgeInputs& in,
                             const array::EdgeOutputs& out) {
      if (cycle < waves_.begin) {
        probe_.start(waves_.begin, model);
      } else {
        probe_.sample(cycle, model, in, out);
      }
    };
  }

  void close(std::uint64_t cycles) {
    if (waves_.begin >= cycles) {
      writer_.close();
      std::error_code ignored;
      if (std::filesystem::is_regular_file(waves_.file, ignored)) std::filesystem::remove(waves_.file, ignored);
      throw std::invalid_argument("--vcd-window starts at cycle " + std::to_string(waves_.begin) + " but the run has " +
                                  std::to_string(cycles) + "; choose an earlier window");
    }
    writer_.close();
  }

 private:
  isa::ArrayConfig array_;
  Waves waves_;
  waves::WaveScope scope_;
  waves::VcdWriter writer_;
  waves::ArrayProbe probe_;
};

}  // namespace

Result run(const isa::Program& program, const Options& options) {
  if (!options.values && options.fidelity != accelerator::Fidelity::event) {
    throw std::invalid_argument(std::string("fidelity ") + name(options.fidelity) +
                                " always computes values; leave out --timing-only or use --fidelity event");
  }
  memory::TensorStore store(program);
  accelerator::Options machine;
  machine.fidelity = options.fidelity;
  machine.clock_mhz = options.clock_mhz;
  machine.values = options.values;
  machine.make_rtl = [](const isa::ArrayConfig& config) { return std::make_unique<rtl::VerilatedArray>(config); };
  std::optional<WaveFile> waves;
  if (options.waves) {
    waves.emplace(program.array, options);
    waves->attach(machine);
  }
  const control::RunRecord record = accelerator::run(program, store, machine);
  if (waves) waves->close(record.cycles);

  Result result;
  result.cycles = record.cycles;
  std::vector<std::uint64_t> digests;
  for (std::size_t i = 0; i < record.instructions.size(); ++i) {
    const isa::ArrayInstruction& instruction = program.instructions[i];
    LayerResult& layer = result.layers.emplace_back();
    layer.name = program.layers[instruction.layer];
    layer.dataflow = instruction.dataflow;
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
