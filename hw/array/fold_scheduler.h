// SPDX-License-Identifier: Apache-2.0
// The array's timing law: when folds start and end. docs/timing.md derives every rule.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/array/cycle_breakdown.h"
#include "hw/array/fold.h"
#include "hw/isa/array_config.h"

namespace fusesim::array {

/// A fold's stay on the array, in cycles from the start of the run.
struct FoldTimes {
  std::uint64_t start = 0;  ///< The cycle in which the first operand enters row 0.
  std::uint64_t drain = 0;  ///< The cycle of column 0's drain strobe: all its sums are complete.
  std::uint64_t end = 0;    ///< Edges until the last sum has left through the bottom.
  bool operator==(const FoldTimes&) const = default;
};

/// `count` folds of one shape in a row.
struct FoldRun {
  FoldShape shape;
  std::uint64_t count = 0;
};

/// A sequence of runs, repeated.
struct FoldLoop {
  std::vector<FoldRun> runs;
  std::uint64_t times = 1;
};

/// Gives folds, in issue order, the earliest start at which no port, operand register or accumulator is used twice.
///
/// Times are kept for the last two folds only, so memory is constant; runs of equal folds take constant time because
/// the law is invariant under shifts in time: once the state relative to the newest fold repeats, the rest of the
/// run is a multiple of the period.
class FoldScheduler {
 public:
  explicit FoldScheduler(const isa::ArrayConfig& config) : config_(config) {}

  /// Schedules one fold that may not start before cycle `earliest`.
  FoldTimes add(const FoldShape& shape, std::uint64_t earliest = 0);
  /// Schedules a loop; only its first fold is held back by `earliest`. Returns the first fold's start.
  std::uint64_t add(const FoldLoop& loop, std::uint64_t earliest = 0);

  /// The start add() would give.
  [[nodiscard]] std::uint64_t next_start(const FoldShape& shape, std::uint64_t earliest = 0) const;
  /// Where the cycles [0, cycle) went, for a caller that splits the breakdown where an instruction starts; `cycle` is
  /// next_start() of the fold added next.
  [[nodiscard]] CycleBreakdown breakdown_before(std::uint64_t cycle);

  /// Cycles until everything scheduled so far has left the array.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::uint64_t folds() const { return folds_; }
  /// From here on span_end() speaks of the folds added from here on.
  void begin_span() { span_end_ = 0; }
  /// Cycles until every fold added since begin_span() has left the array.
  [[nodiscard]] std::uint64_t span_end() const { return span_end_; }
  /// Where the cycles [0, end()) went.
  [[nodiscard]] CycleBreakdown breakdown() const;

 private:
  /// What later folds must know of an earlier one.
  struct Recent {
    std::uint64_t feed_end = 0;
    std::uint64_t drain = 0;
    bool operator==(const Recent&) const = default;
  };

  [[nodiscard]] std::uint64_t earliest_start(const FoldShape& shape) const;
  void account_until(std::uint64_t cycle);
  void account(const FoldShape& shape, const FoldTimes& times);
  void add_run(const FoldRun& run, std::uint64_t earliest);
  /// State relative to the newest start; equal values mean equal futures.
  [[nodiscard]] std::array<std::uint64_t, 6> relative_state() const;
  void shift(std::uint64_t cycles);

  isa::ArrayConfig config_;
  std::array<Recent, 2> recent_{};  ///< [0] is the newest.
  FoldKind kind_ = FoldKind::gemm;
  std::uint64_t start_ = 0;  ///< Of the newest fold.
  std::uint64_t end_ = 0;
  std::uint64_t span_end_ = 0;
  std::uint64_t folds_ = 0;
  std::uint64_t covered_ = 0;  ///< Cycles before this one are in `cycles_`.
  CycleBreakdown cycles_;
};

}  // namespace fusesim::array
