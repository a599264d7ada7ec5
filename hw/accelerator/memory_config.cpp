// SPDX-License-Identifier: Apache-2.0
#include "hw/accelerator/memory_config.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "hw/isa/names.h"
#include "hw/memory/dram/address_map.h"
#include "hw/memory/dram/dram_controller.h"
#include "hw/memory/dram/dram_standards.h"

namespace fusesim::accelerator {

namespace {

void check_range(const char* field, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  if (value >= low && value <= high) return;
  throw std::invalid_argument(fmt::format("{} is {}; it must be from {} to {}", field, value, low, high));
}

void check_range(const char* field, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw std::invalid_argument(fmt::format("{} is {}; it must be from {} to {}", field, value, low, high));
}

void check_choice(const char* field, std::string_view value, std::vector<std::string_view> valid) {
  for (const std::string_view each : valid) {
    if (each == value) return;
  }
  isa::throw_unknown_name(field, value, valid);
}

std::vector<std::string_view> standards() {
  std::vector<std::string_view> names{"fixed"};
  for (const memory::DramSpec& spec : memory::dram_standards()) names.push_back(spec.name);
  return names;
}

}  // namespace

void validate(const MemoryConfig& config) {
  check_choice("dram.standard", config.standard, standards());
  if (config.standard == "fixed") {
    check_range("dram.bandwidth_gbps", config.fixed_gigabytes_per_second, 0.001, 100000);
    check_range("dram.latency_ns", config.fixed_latency_ns, 0, 1000000);
  } else {
    check_choice("dram.scheduler", config.scheduler, {"fcfs", "fr_fcfs"});
    check_range("dram.queue_bursts", std::uint64_t{config.queue_bursts}, 1, 4096);
    try {
      static_cast<void>(memory::AddressMap(memory::dram_standard(config.standard), config.address_map));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(fmt::format("dram.address_map: {}", error.what()));
    }
  }
  check_range("dma.request_bytes", std::uint64_t{config.dma_request_bytes}, 16, 65536);
  if (!std::has_single_bit(config.dma_request_bytes)) {
    throw std::invalid_argument(fmt::format("dma.request_bytes is {}; it must be a power of two, such as {} or {}",
                                            config.dma_request_bytes, std::bit_floor(config.dma_request_bytes),
                                            std::bit_ceil(config.dma_request_bytes)));
  }
  check_range("dma.outstanding", std::uint64_t{config.dma_outstanding}, 1, 1024);
  check_range("dma.descriptors", std::uint64_t{config.dma_descriptors}, 1, 1024);
  check_choice("dma.arbitration", config.dma_arbitration, {"round_robin", "load_first", "store_first"});
}

double peak_bytes_per_second(const MemoryConfig& config) {
  if (config.standard == "fixed") return config.fixed_gigabytes_per_second * 1e9;
  return memory::dram_standard(config.standard).peak_bytes_per_second();
}

}  // namespace fusesim::accelerator
