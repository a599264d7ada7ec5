// SPDX-License-Identifier: Apache-2.0
// The trained network on a machine with a fused unit, picture by picture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw/accelerator/machine.h"
#include "integer_network.h"
#include "workloads/tile/compile.h"

namespace fusesim::trained {

class MachineNetwork {
 public:
  /// Compiles the network once, for the machine of that name with some keys changed ("fused.adders=1"), at event
  /// fidelity; pictures only change the input's bytes. `network` must outlive this.
  MachineNetwork(const IntegerNetwork& network, const std::string& machine,
                 const std::vector<std::string>& changes = {});

  struct Run {
    control::machine::Record record;
    fused::Counters fused;                  ///< Of all instructions.
    std::uint32_t label = 0;                ///< The greatest logit that lies in DRAM after the run.
    std::optional<std::string> difference;  ///< From the tensors given, the first in order of execution.
    std::size_t compared = 0;               ///< Tensors.
  };
  /// Runs a picture DRAM to DRAM and compares every tensor that lies there with `expected`.
  [[nodiscard]] Run run(const Picture& picture, const std::vector<reference::Tensor>& expected);

  [[nodiscard]] const tile::Compiled& compiled() const { return compiled_; }

 private:
  const IntegerNetwork& network_;
  isa::machine::CoreConfig core_;
  accelerator::MachineOptions options_;
  tile::Compiled compiled_;
};

}  // namespace fusesim::trained
