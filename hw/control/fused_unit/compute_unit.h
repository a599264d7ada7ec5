// SPDX-License-Identifier: Apache-2.0
// What stands in the compute queue: the array, and the fused unit where there is one. They have the PEs in turn.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hw/control/array_unit/busy_cycles.h"
#include "hw/control/fused_unit/fused_unit.h"
#include "hw/control/machine/context.h"

namespace fusesim::control::machine {

/// Hands array instructions to the array and those of the fused block to the fused unit. One that finds the PEs with
/// the other unit, or a fused one that finds anything under way, waits at the door and goes on in the cycle in which
/// the last instruction before it completes. It listens to both units and passes on what they tell.
class ComputeUnit final : public ArrayUnitIf, public UnitListener {
 public:
  /// `context` with its listener is that of the machine; units are given context().
  explicit ComputeUnit(const Context& context);
  ComputeUnit(const ComputeUnit&) = delete;
  ComputeUnit& operator=(const ComputeUnit&) = delete;

  /// The same but for the listener, which is this unit.
  [[nodiscard]] const Context& context() const { return own_; }
  /// Before the run; `fused` is null on a machine without a fused unit.
  void bind(ArrayUnitIf& array, FusedUnitIf* fused);

  [[nodiscard]] bool ready() const override { return !at_door_ && array_->ready(); }
  void issue(std::uint32_t instruction) override;
  [[nodiscard]] std::uint64_t empty_cycles_before(std::uint64_t cycle) override;
  [[nodiscard]] const std::vector<CauseCycles>& booked() override;

  void started(std::uint32_t instruction, std::uint64_t cycle) override;
  void completed(std::uint32_t instruction, std::uint64_t cycle) override;

 private:
  [[nodiscard]] bool is_fused(std::uint32_t instruction) const;
  /// Whether the instruction may go to its unit now.
  [[nodiscard]] bool may_pass(std::uint32_t instruction) const;
  void pass(std::uint32_t instruction);

  const Context& outer_;
  Context own_;
  ArrayUnitIf* array_ = nullptr;
  FusedUnitIf* fused_ = nullptr;
  std::optional<std::uint32_t> at_door_;
  std::uint32_t under_way_ = 0;               ///< Instructions with their units that have not completed.
  std::optional<std::uint64_t> fused_start_;  ///< Of the fused instruction among them.
  BusyCycles fused_busy_;                     ///< With instructions that have completed.
  std::vector<CauseCycles> booked_;
};

}  // namespace fusesim::control::machine
