// SPDX-License-Identifier: Apache-2.0
// Runs a program on the machine and gathers what a user wants to know of it.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "hw/accelerator/accelerator.h"
#include "hw/isa/program.h"
#include "sim/run/waves.h"

namespace fusesim::run {

struct Options {
  accelerator::Fidelity fidelity = accelerator::Fidelity::event;
  bool values = true;  ///< Compute and digest the sums; cycles are the same without. Only event fidelity can leave it.
  double clock_mhz = 1000;
  std::optional<Waves> waves;
};

struct LayerResult {
  std::string name;
  isa::Dataflow dataflow = isa::Dataflow::gemm;
  std::uint32_t lines_per_row = 1;  ///< Row packing: image lines side by side in an array row.
  control::InstructionTiming timing;
  /// Useful multiply-accumulates / (rows * cols * cycles booked on the layer).
  double utilization = 0;
  /// XXH3 (64 bit) of the layer's int32 sums in C,H,W order, little endian; 0 without values.
  std::uint64_t digest = 0;
};

struct Result {
  std::uint64_t cycles = 0;
  std::uint64_t macs = 0;
  double utilization = 0;
  control::CycleBreakdown breakdown;
  std::vector<LayerResult> layers;
  std::uint64_t digest = 0;                    ///< Of the layers' digests in order.
  std::exception_ptr waves_failure = nullptr;  ///< Why there is no waveform at the end; the run stands all the same.
};

/// Throws OptionError, or std::runtime_error when a file cannot be written or no Verilated array of the program's
/// configuration exists. A waveform appears under its name only when the run has ended well.
[[nodiscard]] Result run(const isa::Program& program, const Options& options);

}  // namespace fusesim::run
