// SPDX-License-Identifier: Apache-2.0
#include "hw/accelerator/engine_memory.h"

#include <span>

#include "hw/memory/dram/dram_standards.h"

namespace fusesim::accelerator {

using memory::DmaTurns;
using memory::MemoryEngine;

namespace {

MemoryEngine make_engine(const MemoryConfig& config, bool values) {
  memory::MemoryEngineOptions options;
  options.request_bytes = config.dma_request_bytes;
  options.outstanding = config.dma_outstanding;
  options.turns = config.dma_arbitration == "load_first"    ? DmaTurns::load_first
                  : config.dma_arbitration == "store_first" ? DmaTurns::store_first
                                                            : DmaTurns::alternate;
  options.move_bytes = values;
  if (config.standard == "fixed") {
    return {options, memory::FixedService(config.fixed_gigabytes_per_second, config.fixed_latency_ns)};
  }
  return {options, memory::dram_standard(config.standard), dram_options(config)};
}

}  // namespace

EngineMemory::EngineMemory(const MemoryConfig& config, const isa::machine::Program& program, bool values)
    : fixed_(config.standard == "fixed"), engine_(make_engine(config, values)) {
  if (!values) return;
  for (const isa::machine::Section& section : program.sections) {
    engine_.write(section.address,
                  {reinterpret_cast<const std::uint8_t*>(section.values.data()), section.values.size()});
  }
}

std::vector<std::int8_t> EngineMemory::read(std::uint64_t address, std::uint64_t bytes) const {
  std::vector<std::int8_t> data(bytes);
  engine_.read(address, {reinterpret_cast<std::uint8_t*>(data.data()), data.size()});
  return data;
}

Statistics EngineMemory::statistics() const {
  return {{fixed_ ? "fixed" : "dram", engine_.memory_statistics()},
          {"arbiter.load", engine_.arbiter_counters(MemoryEngine::kLoad).statistics()},
          {"arbiter.store", engine_.arbiter_counters(MemoryEngine::kStore).statistics()},
          {"dma.load", engine_.dma_counters(MemoryEngine::kLoad).statistics()},
          {"dma.store", engine_.dma_counters(MemoryEngine::kStore).statistics()}};
}

}  // namespace fusesim::accelerator
