// SPDX-License-Identifier: Apache-2.0
// A network from DRAM to DRAM: every tensor that the machine leaves in DRAM is what the integer reference computes, the
// DMA moves exactly the bytes that the compiler planned, every cycle has one cause, and the fidelities agree on all of
// it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/accelerator/machine.h"

namespace fusesim::end_to_end {

struct NetworkCase {
  std::string network, variant;
  std::uint32_t input_side;  ///< Pixels.
  std::uint32_t rows, cols;
  isa::Dataflow depthwise = isa::Dataflow::depthwise_broadcast;
  std::string memory = "DDR4-2400";
};

/// "mobilenet_v2_baseline_224_on_64x64_depthwise_broadcast_DDR4_2400".
[[nodiscard]] std::string title(const NetworkCase& c);

/// Runs the case in every fidelity given; the first is compared with the reference, the others with the first.
void expect_network_runs(const NetworkCase& c, const std::vector<accelerator::Fidelity>& fidelities);

/// Every network of the ARCHON study, at the size it was made for, on this array.
[[nodiscard]] std::vector<NetworkCase> archon_networks(std::uint32_t rows, std::uint32_t cols);

/// Every network and variant of the FuSeConv study, at this size on this array.
[[nodiscard]] std::vector<NetworkCase> every_network(std::uint32_t input_side, std::uint32_t rows, std::uint32_t cols);

}  // namespace fusesim::end_to_end
