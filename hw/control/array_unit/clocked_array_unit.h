// SPDX-License-Identifier: Apache-2.0
// The unit of the array that clocks every register: the stepped model, or the Verilated RTL.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "hw/array/pe_array.h"
#include "hw/control/array_unit/busy_cycles.h"
#include "hw/control/array_unit/operands.h"
#include "hw/control/failure.h"
#include "hw/control/feed/banked_reads.h"
#include "hw/control/feed/fold_addresses.h"
#include "hw/control/fold_plan.h"
#include "hw/control/fold_sequencer.h"
#include "hw/control/machine/context.h"

namespace fusesim::control::machine {

/// In each array-local cycle the sequencer drives the array's edge, the banks are asked how long they need for what the
/// feeders read, and the array is clocked that many times: with its enable low, and once, at last, high. It learns when
/// instructions end from the words that leave. Clock edges are taken in the middle of a cycle, and only while something
/// is on the array or at its door.
class ClockedArrayUnit final : public sc_core::sc_module, public ArrayUnitIf {
 public:
  sc_core::sc_port<array::ArrayPortIf> array{"array"};

  SC_HAS_PROCESS(ClockedArrayUnit);
  /// Throws std::invalid_argument when the clock is so fast that simulated time cannot tell half a period.
  ClockedArrayUnit(const sc_core::sc_module_name& module_name, const Context& context);

  [[nodiscard]] bool ready() const override { return !at_door_; }
  void issue(std::uint32_t instruction) override;
  [[nodiscard]] std::uint64_t empty_cycles_before(std::uint64_t cycle) override { return busy_.empty_before(cycle); }
  [[nodiscard]] const std::vector<CauseCycles>& booked() override;

  /// The cycle that is being clocked, for observers of the array (PeArray::observe). Cycles in which the array is empty
  /// are not clocked.
  [[nodiscard]] std::uint64_t cycle() const { return cycle_; }
  /// Throws what stopped the simulation, if this unit did.
  void rethrow() const { failure_.rethrow(); }

 private:
  /// An instruction with folds that have not left the array.
  struct Running {
    std::uint32_t instruction = 0;
    std::unique_ptr<const FoldPlan> plan;
    std::uint64_t offered = 0;         ///< Folds handed to the sequencer,
    std::uint64_t started = 0;         ///< on the array,
    std::uint64_t finished = 0;        ///< and off it.
    std::deque<std::uint64_t> starts;  ///< Cycles in which folds not yet off the array started.
  };
  /// The fold that is being fed.
  struct Feeding {
    FoldAddresses addresses;
    std::uint64_t start = 0;  ///< Array-local.
    std::uint32_t feed = 0;
  };
  struct Completion {
    std::uint32_t instruction = 0;
    std::uint64_t cycle = 0;
  };

  void edge();
  void clock_edge();
  void begin_local_cycle();
  void offer();
  void start_fold();
  [[nodiscard]] std::uint32_t read_operands();
  void finish_folds();
  void tell();
  void tell_completions();
  void book();

  const Context& context_;
  sc_core::sc_time half_;
  FoldSequencer sequencer_;
  array::EdgeInputs in_;
  array::EdgeOutputs out_;
  BankedReads activation_reads_, weight_reads_;

  std::optional<std::uint32_t> at_door_;  ///< Issued and not started.
  std::deque<Running> running_;           ///< In order; the last one may still be at the door.
  std::optional<std::uint32_t> newest_;   ///< Started last.
  Feeding feeding_;
  std::deque<Completion> completions_;  ///< To be told.
  bool clocking_ = false;
  std::uint64_t cycle_ = 0;
  std::uint32_t edges_left_ = 0;  ///< Of this local cycle; all but the last one with the enable low.
  /// The cycle that ended local cycle n is at n modulo its size: enough for the words of a wide fold that still leave
  /// when those of a narrow one behind it have.
  std::vector<std::uint64_t> recent_cycles_;
  BusyCycles busy_;
  array::CycleBreakdown counted_;
  std::vector<CauseCycles> booked_;

  DenseOperands operands_;
  std::span<const std::int8_t> input_, weights_;  ///< Of the instruction that is being offered.
  std::vector<std::int8_t> nothing_;              ///< Operands without values.
  sc_core::sc_event edge_, tell_;
  Failure failure_;
};

}  // namespace fusesim::control::machine
