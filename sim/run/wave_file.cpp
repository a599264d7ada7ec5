// SPDX-License-Identifier: Apache-2.0
#include "sim/run/wave_file.h"

#include <algorithm>
#include <cmath>
#include <system_error>

#include "hw/array/stepped_array.h"
#include "hw/fused/stepped_fused_core.h"

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

waves::FusedScope fused_scope(const std::string& scope, const fused::Config& config) {
  constexpr std::uint32_t shown_channels = 16;
  isa::ArrayConfig tile;
  tile.rows = config.tile_rows;
  tile.cols = config.tile_columns;
  waves::FusedScope shown{parse_scope(scope, tile), {}};
  for (std::uint32_t channel = 0; channel < std::min(shown_channels, config.mask_channels); ++channel) {
    shown.channels.push_back(channel);
  }
  return shown;
}

}  // namespace

void WaveFile::check_window(const Waves& waves, std::uint64_t cycles) {
  if (waves.begin >= cycles) {
    throw OptionError("the waveform window starts at cycle " + std::to_string(waves.begin) + " but the run has " +
                      std::to_string(cycles) + " cycles; choose an earlier window");
  }
}

WaveFile::WaveFile(const isa::ArrayConfig& array, const Waves& waves, double clock_mhz,
                   const std::optional<fused::Config>& fused)
    : waves_(waves),
      unfinished_(unfinished(waves.file)),
      scope_(parse_scope(waves.scope, array)),
      writer_(unfinished_,
              {"1ps", std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(1e6 / clock_mhz)))},
              {waves.begin, waves.end}),
      probe_(writer_, array, scope_) {
  if (fused) fused_probe_.emplace(writer_, *fused, fused_scope(waves.scope, *fused));
  // Before the first edge every register is as after reset.
  if (waves.begin != 0) return;
  probe_.start(0, array::SteppedArray(array));
  if (fused) fused_probe_->start(0, fused::SteppedFusedCore(*fused));
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

accelerator::FusedObserver WaveFile::fused_observer() {
  return [this](std::uint64_t cycle, const fused::FusedCore& core, const fused::CoreInputs& inputs) {
    // Told after the edge: what the edge before the window leaves is what the window begins with.
    if (cycle < waves_.begin) {
      fused_probe_->start(waves_.begin, core);
    } else {
      fused_probe_->sample(cycle, core, inputs);
    }
  };
}

void WaveFile::close() {
  writer_.close();
  if (unfinished_ != waves_.file) std::filesystem::rename(unfinished_, waves_.file);
  complete_ = true;
}

}  // namespace fusesim::run
