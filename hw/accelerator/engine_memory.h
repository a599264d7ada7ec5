// SPDX-License-Identifier: Apache-2.0
// What MemorySystem is to SystemC, for a memory engine: DMA channels, arbiter and the memory with a program's sections.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/accelerator/memory_config.h"
#include "hw/accelerator/memory_system.h"
#include "hw/isa/machine/program.h"
#include "hw/memory/engine/memory_engine.h"

namespace fusesim::accelerator {

class EngineMemory {
 public:
  /// `config` must be valid, and `program` fit the memory. With `values` its sections are in the memory; without,
  /// nothing is, and nothing moves.
  EngineMemory(const MemoryConfig& config, const isa::machine::Program& program, bool values);

  [[nodiscard]] memory::MemoryEngine& engine() { return engine_; }
  /// What lies in the memory now.
  [[nodiscard]] std::vector<std::int8_t> read(std::uint64_t address, std::uint64_t bytes) const;
  /// Of the memory, the arbiter and the channels, by unit.
  [[nodiscard]] Statistics statistics() const;

 private:
  bool fixed_;
  memory::MemoryEngine engine_;
};

}  // namespace fusesim::accelerator
