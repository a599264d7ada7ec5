// SPDX-License-Identifier: Apache-2.0
#include "sim/run/run.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <system_error>

#include "hw/array/stepped_array.h"
#include "hw/control/timing.h"
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

/// Where a waveform is written until it is complete. A device or pipe is written in place.
std::filesystem::path unfinished(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return file;
  std::filesystem::path name = file;
  name += ".part";
  return name;
}

/// The waveform of a run: what the machine shows in the window goes to the file.
class WaveFile {
 public:
  WaveFile(const isa::Program& program, const Options& options)
      : array_(program.array),
        waves_(*options.waves),
        unfinished_(check_window(program, waves_)),
        scope_(parse_scope(waves_.scope, array_)),
        writer_(unfinished_, {"1ps", std::max<std::uint64_t>(1, std::llround(1e6 / options.clock_mhz))},
                {waves_.begin, waves_.end}),
        probe_(writer_, array_, scope_) {}
  ~WaveFile() {
    std::error_code ignored;
    if (!complete_ && unfinished_ != waves_.file) std::filesystem::remove(unfinished_, ignored);
  }
  WaveFile(const WaveFile&) = delete;
  WaveFile& operator=(const WaveFile&) = delete;

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

  void close() {
    writer_.close();
    if (unfinished_ != waves_.file) std::filesystem::rename(unfinished_, waves_.file);
    complete_ = true;
  }

 private:
  /// Before anything is written: the window must have something to show.
  static std::filesystem::path check_window(const isa::Program& program, const Waves& waves) {
    std::uint64_t cycles = 0;
    for (const control::InstructionTiming& timing : control::time_program(program)) {
      cycles = std::max(cycles, timing.end);
    }
    if (waves.begin >= cycles) {
      throw OptionError("the waveform window starts at cycle " + std::to_string(waves.begin) + " but the run has " +
                        std::to_string(cycles) + " cycles; choose an earlier window");
    }
    return unfinished(waves.file);
  }
  static waves::WaveScope parse_scope(const std::string& scope, const isa::ArrayConfig& array) {
    try {
      return waves::parse_wave_scope(scope, array);
    } catch (const std::invalid_argument& error) {
      throw OptionError(error.what());
    }
  }

  isa::ArrayConfig array_;
  Waves waves_;
  std::filesystem::path unfinished_;
  bool complete_ = false;
  waves::WaveScope scope_;
  waves::VcdWriter writer_;
  waves::ArrayProbe probe_;
};

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
    waves.emplace(program, options);
    waves->attach(machine);
  }
  const control::RunRecord record = accelerator::run(program, store, machine);
  if (waves) waves->close();

  Result result;
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
