// SPDX-License-Identifier: Apache-2.0
// Keys that must fit each other. Each on its own is checked where it is set (keys.cpp).
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>

#include "hw/memory/dram/address_map.h"
#include "hw/memory/dram/dram_standards.h"
#include "sim/config/keys.h"
#include "sim/config/machine_config.h"

namespace fusesim::config {
namespace {

using isa::machine::CoreConfig;
using isa::machine::ScratchpadConfig;

/// A value that differs from its default although the chosen memory has no use for it would be misread by whoever set
/// it.
template <typename T>
void check_unused(const char* key, const T& value, const T& unset, const std::string& why) {
  if (value == unset) return;
  throw ConfigError(fmt::format("{} is {}, but {}; leave it out or set it to {}", key, toml_text(Value{value}), why,
                                toml_text(Value{unset})));
}

void check_memory(const MachineConfig& config) {
  const accelerator::MemoryConfig& memory = config.memory;
  const accelerator::MemoryConfig unset;
  if (memory.standard != "fixed") {
    const std::string why =
        fmt::format("only dram.standard = \"fixed\" takes it and this machine's is \"{}\"", memory.standard);
    check_unused("dram.bandwidth_gbps", memory.fixed_gigabytes_per_second, unset.fixed_gigabytes_per_second, why);
    check_unused("dram.latency_ns", memory.fixed_latency_ns, unset.fixed_latency_ns, why);
  } else {
    const std::string why = "a memory with dram.standard = \"fixed\" has no banks, queue or refresh";
    check_unused("dram.address_map", memory.address_map, unset.address_map, why);
    check_unused("dram.scheduler", memory.scheduler, unset.scheduler, why);
    check_unused("dram.queue_bursts", std::int64_t{memory.queue_bursts}, std::int64_t{unset.queue_bursts}, why);
    check_unused("dram.refresh", memory.refresh, unset.refresh, why);
  }
  try {
    // Any standard's fields do: the order of their names is what is checked.
    static_cast<void>(memory::AddressMap(memory::dram_standards().front(), memory.address_map));
  } catch (const std::invalid_argument& error) {
    throw ConfigError(fmt::format("dram.address_map: {}", error.what()));
  }
  if (!std::has_single_bit(memory.dma_request_bytes)) {
    throw ConfigError(fmt::format("dma.request_bytes is {}; it must be a power of two, such as {} or {}",
                                  memory.dma_request_bytes, std::bit_floor(memory.dma_request_bytes),
                                  std::bit_ceil(memory.dma_request_bytes)));
  }
  if (config.has_dram() && config.frequency_mhz < 1) {
    throw ConfigError(fmt::format(
        "clock.frequency_mhz is {}, but a machine with a DRAM needs 1 or more; set it, or dram.standard = \"none\"",
        config.frequency_mhz));
  }
}

}  // namespace

CoreConfig core_of(const MachineConfig& config) {
  CoreConfig core = config.core;
  constexpr std::uint32_t fewest = 32;
  const std::uint32_t chosen = std::max(fewest, std::bit_ceil(std::max(core.array.rows, core.array.cols)));
  for (ScratchpadConfig* pad : {&core.activations, &core.weights, &core.outputs}) {
    if (pad->banks == 0) pad->banks = chosen;
  }
  // So that a machine can be tried without its unit by one key.
  if (!core.fused.present) core.fused = {};
  return core;
}

void validate(const MachineConfig& config) {
  try {
    isa::machine::validate(core_of(config));
    check_memory(config);
  } catch (const std::invalid_argument& error) {
    throw ConfigError(error.what());
  }
}

}  // namespace fusesim::config
