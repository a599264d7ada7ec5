// SPDX-License-Identifier: Apache-2.0
// What the compute unit asks of a fused unit, in whatever fidelity.
#pragma once

#include <cstdint>

#include "hw/control/machine/record.h"

namespace fusesim::control::machine {

class FusedUnitIf {
 public:
  virtual ~FusedUnitIf() = default;
  /// Starts an instruction of the fused block in this cycle; the one before has completed. Called at a multiple of P.
  /// Tells the listener. Throws std::runtime_error naming the instruction when it reads bytes that were never written,
  /// or lists that break a rule.
  virtual void start(std::uint32_t instruction) = 0;
  /// After the run: where the cycles of an instruction of the fused block went.
  [[nodiscard]] virtual const fused::Causes& causes(std::uint32_t instruction) const = 0;
};

}  // namespace fusesim::control::machine
