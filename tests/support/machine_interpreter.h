// SPDX-License-Identifier: Apache-2.0
// Runs machine programs one instruction after the other in program order, by the definition of each instruction,
// without time, tokens or hardware: what a program means.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/isa/machine/program.h"
#include "tests/support/fused_interpreter.h"

namespace fusesim::test {

class MachineInterpreter {
 public:
  /// DRAM holds the sections' values, and zeros elsewhere.
  explicit MachineInterpreter(const isa::machine::Program& program);

  void run();

  [[nodiscard]] const std::vector<std::int8_t>& dram() const { return dram_; }

 private:
  void execute(const isa::machine::Load& load);
  void execute(const isa::machine::Store& store);
  void execute(const isa::machine::Compute& compute);
  void execute(const isa::machine::Vector& vector);
  void execute(const isa::machine::FusedTile& tile) { fused_.execute(tile); }
  void execute(const isa::machine::FusedPredict& predict) { fused_.execute(predict); }
  void execute(const isa::machine::FusedAccumulate& accumulate) { fused_.execute(accumulate); }

  std::vector<std::int8_t>& pad(isa::machine::Pad which) { return pads_[static_cast<std::size_t>(which)]; }
  [[nodiscard]] std::int32_t word(isa::machine::Pad which, std::uint32_t address);

  const isa::machine::Program& program_;
  std::vector<std::int8_t> dram_;
  std::array<std::vector<std::int8_t>, isa::machine::pad_count> pads_;
  FusedInterpreter fused_{pads_};
};

}  // namespace fusesim::test
