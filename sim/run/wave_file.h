// SPDX-License-Identifier: Apache-2.0
// The waveform of a run: what the array, and the fused unit where there is one, show in a window goes to a file.
#pragma once

#include <filesystem>
#include <optional>

#include "hw/accelerator/accelerator.h"
#include "hw/accelerator/machine.h"
#include "hw/isa/array_config.h"
#include "hw/waves/array_probe.h"
#include "hw/waves/fused_probe.h"
#include "hw/waves/vcd_writer.h"
#include "sim/run/waves.h"

namespace fusesim::run {

class WaveFile {
 public:
  /// Throws OptionError when a run of so many cycles has nothing to show in the window.
  static void check_window(const Waves& waves, std::uint64_t cycles);

  /// With `fused`, the fused unit is shown too: the scope's PEs are those of the tile, and of its masks those of the
  /// first 16 middle channels. Throws OptionError for a wrong scope, waves::VcdError when the file cannot be written.
  WaveFile(const isa::ArrayConfig& array, const Waves& waves, double clock_mhz,
           const std::optional<fused::Config>& fused = {});
  /// What is not complete is removed.
  ~WaveFile();
  WaveFile(const WaveFile&) = delete;
  WaveFile& operator=(const WaveFile&) = delete;

  /// The cycles that observer() wants to see: one more than the window, because registers in the window's first cycle
  /// are what the edge before it left.
  [[nodiscard]] std::uint64_t observed_begin() const { return waves_.begin == 0 ? 0 : waves_.begin - 1; }
  [[nodiscard]] std::uint64_t observed_end() const { return waves_.end; }
  [[nodiscard]] accelerator::CycleObserver observer();
  /// The same of the fused unit.
  [[nodiscard]] accelerator::FusedObserver fused_observer();

  /// Ends the file and gives it its name.
  void close();

 private:
  Waves waves_;
  std::filesystem::path unfinished_;
  bool complete_ = false;
  waves::WaveScope scope_;
  waves::VcdWriter writer_;
  waves::ArrayProbe probe_;
  std::optional<waves::FusedProbe> fused_probe_;
};

}  // namespace fusesim::run
