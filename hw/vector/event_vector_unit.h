// SPDX-License-Identifier: Apache-2.0
// The vector unit of the event model: its law, and the cycles that DMA takes from it.
#pragma once

#include <cstdint>
#include <systemc>

#include "hw/control/machine/alarm.h"
#include "hw/control/machine/context.h"
#include "hw/control/machine/unit.h"
#include "hw/vector/law.h"

namespace fusesim::vector {

/// Wakes when an instruction would end, and again when as many cycles have passed as it stood still until then. The
/// values are computed when it ends.
class EventVectorUnit final : public sc_core::sc_module, public control::machine::UnitIf {
 public:
  EventVectorUnit(const sc_core::sc_module_name& module_name, const control::machine::Context& context);

  [[nodiscard]] bool ready() const override { return !busy_; }
  void issue(std::uint32_t instruction) override;

 private:
  void wake();

  const control::machine::Context& context_;
  control::machine::Alarm wake_;
  bool busy_ = false;
  std::uint32_t instruction_ = 0;
  PortsUsed ports_{};
  std::uint64_t accounted_ = 0;  ///< Cycles before this one have been searched for taken ports.
};

}  // namespace fusesim::vector
