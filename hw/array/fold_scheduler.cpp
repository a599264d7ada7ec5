// SPDX-License-Identifier: Apache-2.0
#include "hw/array/fold_scheduler.h"

#include <algorithm>

#include "hw/array/delay.h"

namespace fusesim::array {

namespace {

/// Cycles from a fold's start to column 0's drain strobe.
std::uint64_t lead(const FoldShape& shape) {
  return shape.kind == FoldKind::gemm ? std::uint64_t{shape.feed} + shape.rows : std::uint64_t{shape.feed} + 1;
}

/// Extra cycles until the strobe reaches the last column in use.
std::uint64_t last_column_delay(const isa::ArrayConfig& config, const FoldShape& shape) {
  return shape.kind == FoldKind::gemm ? hop_delay(config, shape.cols - 1) : wire_delay(config, shape.cols - 1);
}

/// max(0, a - b).
std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

std::uint64_t FoldScheduler::earliest_start(const FoldShape& shape) const {
  if (folds_ == 0) return 0;
  if (config_.folds == isa::FoldOverlap::serial || shape.kind != kind_) return end_;
  const Recent& previous = recent_[0];
  std::uint64_t start = previous.feed_end;
  // Output port: row r' - 1 of this fold follows row 0 of the previous one out of each column.
  start = std::max(start, minus(previous.drain + shape.rows, lead(shape)));
  // Accumulators: the last word that moves through a PE leaves before the PE's first sum starts.
  if (folds_ >= config_.banks()) {
    const Recent& bank = recent_[config_.banks() - 1];
    start = std::max(start,
                     shape.kind == FoldKind::gemm ? bank.drain : minus(bank.drain + shape.rows, shape.first_tap + 1));
  }
  return start;
}

std::uint64_t FoldScheduler::next_start(const FoldShape& shape, std::uint64_t earliest) const {
  return std::max(earliest, earliest_start(shape));
}

FoldTimes FoldScheduler::add(const FoldShape& shape, std::uint64_t earliest) {
  FoldTimes times;
  times.start = next_start(shape, earliest);
  times.drain = times.start + lead(shape);
  times.end = times.drain + last_column_delay(config_, shape) + config_.rows;
  account_until(times.start);
  account(shape, times);
  recent_[1] = recent_[0];
  recent_[0] = {times.start + shape.feed, times.drain};
  kind_ = shape.kind;
  start_ = times.start;
  end_ = std::max(end_, times.end);
  span_end_ = std::max(span_end_, times.end);
  ++folds_;
  return times;
}

void FoldScheduler::account_until(std::uint64_t cycle) {
  if (cycle <= covered_) return;
  // What is left of the last drain, then nothing.
  const std::uint64_t drained = std::clamp(end_, covered_, cycle);
  cycles_.drain += drained - covered_;
  cycles_.idle += cycle - drained;
  covered_ = cycle;
}

void FoldScheduler::account(const FoldShape& shape, const FoldTimes& times) {
  const std::uint64_t last_sum = times.drain + last_column_delay(config_, shape);  // one past the last accumulation
  if (last_sum <= covered_) return;
  if (shape.kind == FoldKind::gemm) {
    if (covered_ == times.start) {
      ++cycles_.fill;
      ++covered_;
    }
    cycles_.compute += last_sum - covered_;
  } else {
    // A tap on the wire in cycle t is accumulated in cycles t + 1 ... t + 1 + g(c - 1), segment after segment.
    const std::uint64_t spread = wire_delay(config_, shape.cols - 1);
    std::uint64_t compute = 0;
    std::uint64_t counted = covered_;
    for (const CycleSpan& burst : shape.taps) {
      const std::uint64_t begin = std::max(counted, times.start + burst.begin + 1);
      const std::uint64_t end = times.start + burst.end + 1 + spread;
      if (end <= begin) continue;
      compute += end - begin;
      counted = end;
    }
    cycles_.compute += compute;
    cycles_.fill += last_sum - covered_ - compute;
  }
  covered_ = last_sum;
}

std::array<std::uint64_t, 6> FoldScheduler::relative_state() const {
  // Everything the law reads, measured from the newest start; differences may wrap around and still compare.
  return {recent_[0].feed_end - start_,
          recent_[0].drain - start_,
          start_ - recent_[1].drain,
          end_ - start_,
          span_end_ > start_ ? span_end_ - start_ : 0,
          covered_ - start_};
}

void FoldScheduler::shift(std::uint64_t cycles) {
  for (Recent& fold : recent_) {
    fold.feed_end += cycles;
    fold.drain += cycles;
  }
  start_ += cycles;
  end_ += cycles;
  span_end_ += cycles;
  covered_ += cycles;
}

void FoldScheduler::add_run(const FoldRun& run, std::uint64_t earliest) {
  std::uint64_t left = run.count;
  while (left > 0) {
    const auto state = relative_state();
    const bool same_kind = folds_ >= 2 && kind_ == run.shape.kind;
    const std::uint64_t start = start_;
    const CycleBreakdown cycles = cycles_;
    add(run.shape, earliest);
    --left;
    if (left > 0 && same_kind && earliest == 0 && relative_state() == state) {
      CycleBreakdown period = cycles_;
      period -= cycles;
      cycles_ += period.times(left);
      shift((start_ - start) * left);
      folds_ += left;
      return;
    }
    earliest = 0;
  }
}

std::uint64_t FoldScheduler::add(const FoldLoop& loop, std::uint64_t earliest) {
  std::uint64_t first = 0;
  bool first_known = false;
  for (std::uint64_t pass = 0; pass < loop.times; ++pass) {
    const auto state = relative_state();
    const std::uint64_t start = start_, folds = folds_;
    const CycleBreakdown cycles = cycles_;
    for (const FoldRun& run : loop.runs) {
      if (run.count == 0) continue;
      if (!first_known) {
        first = add(run.shape, earliest).start;
        first_known = true;
        add_run({run.shape, run.count - 1}, 0);
      } else {
        add_run(run, 0);
      }
    }
    const std::uint64_t left = loop.times - pass - 1;
    // From the second pass on: the pass before it ended with the same run, so equal relative state means equal future.
    if (pass > 0 && folds >= 2 && left > 0 && relative_state() == state) {
      CycleBreakdown period = cycles_;
      period -= cycles;
      cycles_ += period.times(left);
      shift((start_ - start) * left);
      folds_ += (folds_ - folds) * left;
      break;
    }
  }
  return first;
}

CycleBreakdown FoldScheduler::breakdown_before(std::uint64_t cycle) {
  account_until(cycle);
  CycleBreakdown before = cycles_;
  // Where the next fold starts under the last sums of this one, those cycles are all compute.
  before.compute -= covered_ - cycle;
  return before;
}

CycleBreakdown FoldScheduler::breakdown() const {
  CycleBreakdown all = cycles_;
  all.drain += end_ - covered_;
  return all;
}

}  // namespace fusesim::array
