// SPDX-License-Identifier: Apache-2.0
// What lies behind the DMA: the arbiter of its two channels, and the memory with a program's sections.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>
#include <utility>
#include <vector>

#include "hw/accelerator/memory_config.h"
#include "hw/isa/machine/program.h"
#include "hw/memory/dma/dma_channel.h"
#include "hw/memory/dram/dram.h"
#include "hw/memory/dram/fixed_memory.h"
#include "hw/memory/interconnect/arbiter.h"
#include "hw/memory/statistics/statistic.h"

namespace fusesim::accelerator {

using Statistics = std::vector<std::pair<std::string, std::vector<memory::Statistic>>>;

/// The controller of a configured DRAM.
[[nodiscard]] memory::DramControllerOptions dram_options(const MemoryConfig& config);

class MemorySystem final : public sc_core::sc_module {
 public:
  /// `config` must be valid, and `program`, which must outlive it, fit the memory. With `values` its sections are in
  /// the memory when the simulation starts; without, nothing is, and nothing moves.
  MemorySystem(const sc_core::sc_module_name& module_name, const MemoryConfig& config,
               const isa::machine::Program& program, bool values);

  /// Connects the channels of the DMA.
  void bind(memory::DmaChannel& load, memory::DmaChannel& store);
  /// What lies in the memory now.
  [[nodiscard]] std::vector<std::int8_t> read(std::uint64_t address, std::uint64_t bytes);

  /// Of the memory and the arbiter, by unit.
  [[nodiscard]] Statistics statistics() const;

 private:
  void start_of_simulation() override;
  void access(tlm::tlm_command command, std::uint64_t address, std::int8_t* data, std::uint64_t bytes);

  const isa::machine::Program& program_;
  bool values_;
  std::size_t load_input_, store_input_;
  memory::Arbiter arbiter_;
  std::unique_ptr<memory::Dram> dram_;  ///< One of these two.
  std::unique_ptr<memory::FixedMemory> fixed_;
};

}  // namespace fusesim::accelerator
