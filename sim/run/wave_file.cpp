// SPDX-License-Identifier: Apache-2.0
#include "sim/run/wave_file.h"

#include <algorithm>
#include <cmath>
#include <system_error>

#include "hw/array/stepped_array.h"

namespace fusesim::run {

namespace {

/// Where a waveform is written until it is complete. A device or pipe is written in place.
std::filesystem::path unfinished(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return file;
  std::filesystem::path name = file;
  name += ".part";
  return name;
}

waves::WaveScope parse_scope(const std::string& scope, const isa::ArrayConfig& array) {
  try {
    return waves::parse_wave_scope(scope, array);
  } catch (const std::invalid_argument& error) {
    throw OptionError(error.what());
  }
}

}  // namespace

void WaveFile::check_window(const Waves& waves, std::uint64_t cycles) {
  if (waves.begin >= cycles) {
    throw OptionError("the waveform window starts at cycle " + std::to_string(waves.begin) + " but the run has " +
                      std::to_string(cycles) + " cycles; choose an earlier window");
  }
}

WaveFile::WaveFile(const isa::ArrayConfig& array, const Waves& waves, double clock_mhz)
    : waves_(waves),
      unfinished_(unfinished(waves.file)),
      scope_(parse_scope(waves.scope, array)),
      writer_(unfinished_,
              {"1ps", std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(1e6 / clock_mhz)))},
              {waves.begin, waves.end}),
      probe_(writer_, array, scope_) {
  // Before the first edge every register is as after reset.
  if (waves.begin == 0) probe_.start(0, array::SteppedArray(array));
}

WaveFile::~WaveFile() {
  std::error_code ignored;
  if (!complete_ && unfinished_ != waves_.file) std::filesystem::remove(unfinished_, ignored);
}

accelerator::CycleObserver WaveFile::observer() {
  return [this](std::uint64_t cycle, const array::ArrayModel& model, const array::EdgeInputs& in,
                const array::EdgeOutputs& out) {
    if (cycle < waves_.begin) {
      probe_.start(waves_.begin, model);
    } else {
      probe_.sample(cycle, model, in, out);
    }
  };
}

void WaveFile::close() {
  writer_.close();
  if (unfinished_ != waves_.file) std::filesystem::rename(unfinished_, waves_.file);
  complete_ = true;
}

}  // namespace fusesim::run
