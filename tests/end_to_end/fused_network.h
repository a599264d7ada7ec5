// SPDX-License-Identifier: Apache-2.0
// Networks that mix both dataflows from DRAM to DRAM: every tensor is what the integer reference computes, the DMA
// moves the bytes that the compiler planned, every cycle has one cause, and the fidelities agree on all of it.
#pragma once

#include <string>
#include <vector>

#include "hw/accelerator/machine.h"
#include "workloads/tile/compile.h"

namespace fusesim::end_to_end {

/// Runs the network in every fidelity given; the first is compared with the reference, the others with the first, which
/// is returned.
accelerator::MachineResult expect_fused_network_runs(const reference::QuantizedGraph& network,
                                                     const tile::Compiled& compiled,
                                                     const accelerator::MachineOptions& options,
                                                     const std::vector<accelerator::Fidelity>& fidelities);

/// A network of the zoo with all its suitable blocks predicted, on the 8x8 machine.
struct PredictedCase {
  std::string network;
  double survival = 0.3;
  isa::machine::FusedMode mode = isa::machine::FusedMode::elastic;
  isa::machine::FusedSource source = isa::machine::FusedSource::lists;
  tile::FusedSchedule schedule = tile::FusedSchedule::best;
  std::string memory = "DDR4-2400";
};
[[nodiscard]] std::string title(const PredictedCase& c);

/// As above. Returns how many blocks were predicted.
std::size_t expect_predicted_case_runs(const PredictedCase& c, const std::vector<accelerator::Fidelity>& fidelities);

}  // namespace fusesim::end_to_end
