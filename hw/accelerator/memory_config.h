// SPDX-License-Identifier: Apache-2.0
// DRAM, interconnect and DMA of a machine, as its description gives them.
#pragma once

#include <cstdint>
#include <string>

namespace fusesim::accelerator {

/// DRAM, interconnect and DMA.
struct MemoryConfig {
  /// "DDR4-2400", "LPDDR4-3200", "HBM2-2000" (hw/memory/dram/dram_standards.h), or "fixed": a memory that moves
  /// fixed_gigabytes_per_second after fixed_latency_ns, reads and writes alike.
  std::string standard = "DDR4-2400";
  double fixed_gigabytes_per_second = 16;
  double fixed_latency_ns = 50;
  std::string address_map = "row:bank:column:bankgroup";
  std::string scheduler = "fr_fcfs";
  std::uint32_t queue_bursts = 32;
  bool refresh = true;

  std::uint32_t dma_request_bytes = 4096;       ///< Largest request; a power of two.
  std::uint32_t dma_outstanding = 8;            ///< Requests under way in each direction.
  std::uint32_t dma_descriptors = 4;            ///< Transfers under way in each direction.
  std::string dma_arbitration = "round_robin";  ///< Or "load_first", "store_first".

  bool operator==(const MemoryConfig&) const = default;
};

/// Throws std::invalid_argument naming the field, the value and the cure.
void validate(const MemoryConfig& config);
/// Bytes that the memory's data bus moves in a second at most.
[[nodiscard]] double peak_bytes_per_second(const MemoryConfig& config);

}  // namespace fusesim::accelerator
