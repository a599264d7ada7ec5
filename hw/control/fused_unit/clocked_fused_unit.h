// SPDX-License-Identifier: Apache-2.0
// The fused unit that clocks every register: the stepped core, or the Verilated RTL.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <systemc>
#include <vector>

#include "hw/control/failure.h"
#include "hw/control/fused_unit/fused_unit.h"
#include "hw/control/fused_unit/sequencer.h"
#include "hw/control/machine/context.h"
#include "hw/fused/fused_core.h"

namespace fusesim::control::machine {

/// Clock edges are taken in the middle of a cycle, and only while an instruction runs.
class ClockedFusedUnit final : public sc_core::sc_module, public FusedUnitIf {
 public:
  SC_HAS_PROCESS(ClockedFusedUnit);
  /// `context` has values. Throws std::invalid_argument when the clock is so fast that simulated time cannot tell half
  /// a period.
  ClockedFusedUnit(const sc_core::sc_module_name& module_name, const Context& context,
                   std::unique_ptr<fused::FusedCore> core);

  /// Called in each clocked cycle after its edge, with the state that the edge produced.
  using Observer =
      std::function<void(std::uint64_t cycle, const fused::FusedCore& core, const fused::CoreInputs& inputs)>;
  void observe(Observer observer);

  void start(std::uint32_t instruction) override;
  [[nodiscard]] const fused::Causes& causes(std::uint32_t instruction) const override { return causes_[instruction]; }

  /// Throws what stopped the simulation, if this unit did.
  void rethrow() const { failure_.rethrow(); }

 private:
  void edge();
  void tell();

  const Context& context_;
  std::unique_ptr<fused::FusedCore> core_;
  FusedSequencer sequencer_;
  sc_core::sc_time half_;
  std::uint32_t instruction_ = 0;  ///< Under way.
  std::vector<fused::Causes> causes_;
  sc_core::sc_event edge_, tell_;
  Failure failure_;
};

}  // namespace fusesim::control::machine
