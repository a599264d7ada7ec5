// SPDX-License-Identifier: Apache-2.0
// The fused unit at event fidelity: by its law.
#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "hw/control/failure.h"
#include "hw/control/fused_unit/fused_unit.h"
#include "hw/control/machine/alarm.h"
#include "hw/control/machine/context.h"
#include "hw/fused/law.h"

namespace fusesim::control::machine {

/// One event an instruction, its end. Operands are read when it starts; results are there when it ends.
class EventFusedUnit final : public sc_core::sc_module, public FusedUnitIf {
 public:
  /// `masks`: those of a run without values; see fused::LawOptions.
  EventFusedUnit(const sc_core::sc_module_name& module_name, const Context& context,
                 const std::optional<fused::SyntheticMasks>& masks);

  void start(std::uint32_t instruction) override;
  [[nodiscard]] const fused::Causes& causes(std::uint32_t instruction) const override { return causes_[instruction]; }

  /// Throws what stopped the simulation, if this unit did.
  void rethrow() const { failure_.rethrow(); }

 private:
  void wake();
  [[nodiscard]] fused::Outcome run(const isa::machine::FusedTile& work, InstructionRecord& record);
  [[nodiscard]] fused::Outcome run(const isa::machine::FusedPredict& work, InstructionRecord& record);
  [[nodiscard]] fused::Outcome run(const isa::machine::FusedAccumulate& work, InstructionRecord& record);
  template <typename Other>
  [[nodiscard]] fused::Outcome run(const Other& work, InstructionRecord& record);
  [[nodiscard]] std::span<const std::int8_t> activations() const;
  void store_results(const isa::machine::FusedAccumulate& work) const;

  const Context& context_;
  fused::Law law_;
  std::uint32_t instruction_ = 0;     ///< Under way.
  std::vector<std::int8_t> results_;  ///< Of it.
  std::vector<fused::Causes> causes_;
  Alarm wake_;
  Failure failure_;
};

}  // namespace fusesim::control::machine
