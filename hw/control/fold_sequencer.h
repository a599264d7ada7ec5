// SPDX-License-Identifier: Apache-2.0
// Turns folds into what crosses the array's edge clock by clock, and what comes out of the bottom into sums.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "hw/array/cycle_breakdown.h"
#include "hw/array/edge.h"
#include "hw/control/fold_operands.h"

namespace fusesim::control {

/// A fold that has left the array.
struct FinishedFold {
  std::uint64_t number = 0;        ///< 0, 1, ... in the order offered.
  std::uint64_t start = 0;         ///< Cycle in which its first operand entered.
  std::uint64_t end = 0;           ///< Edges until its last sum was seen at the bottom.
  std::vector<std::int32_t> sums;  ///< [rows][cols]; zero in columns not in use.
};

/// The dataflow controller's edge logic. It decides when a fold may start the way hardware would, with a few counters
/// that tick down (no absolute time, no knowledge of the whole run): an independent statement of the timing law that
/// FoldScheduler gives in closed form.
///
/// Per cycle: offer() a fold while wants_fold(); drive(); clock the array; take().
class FoldSequencer {
 public:
  explicit FoldSequencer(const isa::ArrayConfig& config);

  [[nodiscard]] bool wants_fold() const { return !waiting_.has_value(); }
  /// The next fold. It starts as soon as the array is free for it, or exactly in cycle `forced_start` (for replaying a
  /// part of a run whose starts are known).
  void offer(FoldOperands fold, std::optional<std::uint64_t> forced_start = std::nullopt);

  /// Fills the ports for the current cycle; may start the fold that waits.
  void drive(array::EdgeInputs& in);
  /// Takes the outputs of the same cycle and steps to the next cycle.
  void take(const array::EdgeOutputs& out);

  /// Folds completed so far, oldest first; the caller removes them.
  [[nodiscard]] std::deque<FinishedFold>& finished() { return finished_; }
  /// Nothing waits and nothing is on the array.
  [[nodiscard]] bool idle() const { return !waiting_ && in_flight_.empty(); }
  /// Number of enabled cycles so far.
  [[nodiscard]] std::uint64_t cycle() const { return cycle_; }
  /// Starts counting cycles here; for replays.
  void set_cycle(std::uint64_t cycle) { cycle_ = cycle; }
  /// Number of folds started; its parity picks the accumulator bank.
  void set_folds_started(std::uint64_t folds) { folds_started_ = next_taken_ = folds; }
  [[nodiscard]] std::uint64_t folds_started() const { return folds_started_; }
  /// Where the cycles so far went, counted cycle by cycle.
  [[nodiscard]] const array::CycleBreakdown& breakdown() const { return breakdown_; }

 private:
  struct InFlight {
    FoldOperands fold;
    FinishedFold result;
    std::uint8_t bank = 0;
    std::uint32_t lead = 0;  ///< Cycles from start to column 0's drain strobe.
    std::size_t next_tap = 0;
    std::uint32_t columns_left = 0;  ///< Columns in use that have not handed out all their sums.
  };
  /// Where the next word of a column goes.
  struct Column {
    std::int32_t* sum = nullptr;
    std::uint32_t words_left = 0;  ///< Words of its fold still to come.
    std::uint32_t row_length = 0;
  };

  [[nodiscard]] bool may_start() const;
  void start();
  void feed(array::EdgeInputs& in, InFlight& fold);
  void count_cycle();
  void next_fold(std::uint32_t col);

  isa::ArrayConfig config_;
  std::optional<FoldOperands> waiting_;
  std::optional<std::uint64_t> forced_start_;
  std::deque<InFlight> in_flight_;
  std::deque<FinishedFold> finished_;
  std::uint64_t cycle_ = 0;
  std::uint64_t folds_started_ = 0;
  array::FoldKind kind_ = array::FoldKind::gemm;

  // Down-counters in cycles; they run on below zero, where they tell how long ago.
  std::int64_t feed_left_ = 0;      ///< Until the left edge is free.
  std::int64_t port_wait_ = 0;      ///< Until the newest fold's drain strobe.
  std::int64_t bank_wait_[2] = {};  ///< Until the drain strobe of the newest fold in this bank.
  std::int64_t drain_left_ = 0;     ///< Until the array is empty.
  bool bank_used_[2] = {};
  bool started_any_ = false;

  std::uint64_t next_taken_ = 0;            ///< Number of in_flight_.front().
  std::vector<std::uint64_t> column_fold_;  ///< Which fold the next word of each column belongs to.
  std::vector<Column> columns_;
  array::CycleBreakdown breakdown_;
};

}  // namespace fusesim::control
