// SPDX-License-Identifier: Apache-2.0
// The unit of the array at event fidelity: folds by the timing law, stalls by the closed form of the scratchpads' law.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <systemc>
#include <unordered_map>
#include <vector>

#include "hw/array/fold_scheduler.h"
#include "hw/array/values/convolve.h"
#include "hw/control/array_unit/busy_cycles.h"
#include "hw/control/array_unit/operands.h"
#include "hw/control/failure.h"
#include "hw/control/feed/feed_cost.h"
#include "hw/control/fold_plan.h"
#include "hw/control/machine/alarm.h"
#include "hw/control/machine/context.h"

namespace fusesim::control::machine {

/// Array-local time stands still while the array is held for banks and runs on while it is empty, so that local cycle n
/// begins in cycle
///
///     G(n) = n + cycles held in local cycles before n.
///
/// Folds are scheduled in local time, where banks do not exist. Feeds of folds never overlap, so all holds of earlier
/// instructions lie before a later one's start: start and end of an instruction are its local ones plus a running sum.
/// Only sums that still drain when the next instruction's feed is held are delayed further.
///
/// Two events an instruction, its start and its end. Operators that differ in nothing but addresses, by whole words,
/// share one cost.
class EventArrayUnit final : public sc_core::sc_module, public ArrayUnitIf {
 public:
  EventArrayUnit(const sc_core::sc_module_name& module_name, const Context& context);

  [[nodiscard]] bool ready() const override;
  /// Throws, besides what UnitIf says, std::runtime_error when the run gets longer than simulated time can count.
  void issue(std::uint32_t instruction) override;
  [[nodiscard]] std::uint64_t empty_cycles_before(std::uint64_t cycle) override { return busy_.empty_before(cycle); }
  [[nodiscard]] const std::vector<CauseCycles>& booked() override;

  /// Throws what stopped the simulation, if this unit did.
  void rethrow() const { failure_.rethrow(); }

 private:
  /// What all instructions of one shape have in common.
  struct Operator {
    Operator(const isa::machine::Compute& compute, const isa::machine::CoreConfig& core);
    FoldPlan plan;
    std::vector<array::FoldLoop> loops;
    FeedCost feed;
  };
  struct Hash {
    std::size_t operator()(const isa::machine::Compute& compute) const;
  };
  /// An instruction whose end is to come.
  struct Pending {
    std::uint32_t instruction = 0;
    std::uint64_t local_end = 0;
    std::uint64_t end = 0;  ///< With all holds known so far.
  };
  /// A fold to be reported with its instruction.
  struct Stay {
    std::uint64_t start = 0;
    std::uint64_t local_end = 0;
    std::uint64_t end = 0;         ///< With all holds known so far.
    std::uint64_t local_last = 0;  ///< No local_end of this fold or an earlier one is larger.
  };

  void process();
  void advance();
  void complete(const Pending& done);
  void wake();
  [[nodiscard]] const Operator& operator_of(const isa::machine::Compute& compute);
  void delay_pending(const Operator& op, std::uint64_t start);
  void schedule(const Operator& op, std::uint64_t start);
  void book(const array::CycleBreakdown& now);

  const Context& context_;
  array::FoldScheduler scheduler_;
  std::unordered_map<isa::machine::Compute, std::unique_ptr<const Operator>, Hash> operators_;

  std::uint64_t held_ = 0;  ///< Cycles for which the instructions issued so far hold the array.
  bool any_issued_ = false;
  bool at_door_ = false;
  std::uint32_t newest_ = 0;        ///< Issued last,
  std::uint64_t newest_start_ = 0;  ///< and when it starts.
  std::vector<Pending> pending_;    ///< In order.
  std::deque<Stay> stays_;          ///< Of pending instructions, with an observer of folds.
  BusyCycles busy_;

  array::CycleBreakdown counted_;  ///< Local cycles before the newest instruction's start.
  std::vector<CauseCycles> booked_;

  DenseOperands operands_;
  array::values::Scratch scratch_;
  Alarm wake_;
  Failure failure_;
};

}  // namespace fusesim::control::machine
