// SPDX-License-Identifier: Apache-2.0
#include "hw/array/fold_scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "hw/array/delay.h"

namespace fusesim::array {
namespace {

isa::ArrayConfig make_array(std::uint32_t rows, std::uint32_t cols, isa::Accumulators accumulators,
                            isa::FoldOverlap folds = isa::FoldOverlap::pipelined) {
  isa::ArrayConfig config;
  config.rows = rows;
  config.cols = cols;
  config.accumulators = accumulators;
  config.folds = folds;
  return config;
}

FoldShape gemm(std::uint32_t rows, std::uint32_t cols, std::uint32_t inner) {
  FoldShape shape;
  shape.rows = rows;
  shape.cols = cols;
  shape.feed = inner;
  return shape;
}

/// `lines` lines of a stride-s convolution with K >= s taps, c outputs: what docs/timing.md says of its stream.
FoldShape line_fold(std::uint32_t rows, std::uint32_t c, std::uint32_t taps, std::uint32_t stride = 1,
                    std::uint32_t lines = 1) {
  FoldShape shape;
  shape.kind = FoldKind::row_conv;
  shape.rows = rows;
  shape.cols = c;
  shape.feed = 0;
  shape.first_tap = c - 1;
  for (std::uint32_t line = 0; line < lines; ++line) {
    for (std::uint32_t phase = 0; phase < stride; ++phase) {
      const std::uint32_t members = (taps - phase + stride - 1) / stride;
      shape.taps.push_back({shape.feed + c - 1, shape.feed + c - 1 + members});
      shape.feed += c + members - 1;
    }
  }
  return shape;
}

std::uint64_t run_cycles(const isa::ArrayConfig& config, const FoldShape& shape, std::uint64_t folds) {
  FoldScheduler scheduler(config);
  scheduler.add(FoldLoop{{{shape, folds}}, 1});
  EXPECT_EQ(scheduler.folds(), folds);
  EXPECT_EQ(scheduler.breakdown().total(), scheduler.end());
  return scheduler.end();
}

using isa::Accumulators;
using isa::FoldOverlap;

TEST(FoldScheduler, GivesTheCheckedGemmFigures) {
  for (const std::uint64_t r : {1, 2, 5, 8, 64}) {
    for (const std::uint64_t c : {1, 3, 8, 48}) {
      for (const std::uint64_t t : {1, 2, 9, 27, 64, 300}) {
        const auto rows = static_cast<std::uint32_t>(r), cols = static_cast<std::uint32_t>(c);
        const FoldShape full = gemm(rows, cols, static_cast<std::uint32_t>(t));
        FoldScheduler one(make_array(rows, cols, Accumulators::single));
        const FoldTimes times = one.add(full);
        EXPECT_EQ(times.drain + c - 1, t + r + c - 1);  // all sums complete
        EXPECT_EQ(times.end, t + r + c - 1 + r);
        for (const std::uint64_t f : {1, 2, 3, 10, 1000}) {
          EXPECT_EQ(run_cycles(make_array(rows, cols, Accumulators::single, FoldOverlap::serial), full, f),
                    f * (t + r + c - 1 + r));
          EXPECT_EQ(run_cycles(make_array(rows, cols, Accumulators::single), full, f),
                    (f - 1) * (t + r) + t + 2 * r + c - 1);
          EXPECT_EQ(run_cycles(make_array(rows, cols, Accumulators::pingpong), full, f),
                    (f - 1) * std::max(t, r) + t + 2 * r + c - 1);
        }
      }
    }
  }
}

TEST(FoldScheduler, GivesTheCheckedRowFigures) {
  for (const std::uint64_t r : {1, 4, 8, 64}) {
    for (const std::uint64_t c : {1, 3, 8, 64}) {
      for (const std::uint64_t k : {1, 3, 5, 7}) {
        const auto rows = static_cast<std::uint32_t>(r), cols = static_cast<std::uint32_t>(c),
                   taps = static_cast<std::uint32_t>(k);
        const FoldShape full = line_fold(rows, cols, taps);
        FoldScheduler one(make_array(rows, cols, Accumulators::single));
        EXPECT_EQ(one.add(full).drain, c + k);
        for (const std::uint64_t f : {1, 2, 7, 100}) {
          EXPECT_EQ(run_cycles(make_array(rows, cols, Accumulators::pingpong, FoldOverlap::serial), full, f),
                    f * (c + k + r));
          EXPECT_EQ(run_cycles(make_array(rows, cols, Accumulators::single), full, f),
                    (f - 1) * std::max(c + k - 1, r + k) + c + k + r);
          EXPECT_EQ(run_cycles(make_array(rows, cols, Accumulators::pingpong), full, f),
                    (f - 1) * std::max(c + k - 1, r) + c + k + r);
        }
      }
    }
  }
}

TEST(FoldScheduler, GivesTheCheckedStridedAndBroadcastFigures) {
  for (const std::uint32_t c : {2U, 7U, 64U}) {
    for (const std::uint32_t k : {3U, 5U, 7U}) {
      for (const std::uint32_t s : {1U, 2U, 3U}) {
        FoldScheduler strided(make_array(64, 64, Accumulators::pingpong));
        EXPECT_EQ(strided.add(line_fold(64, c, k, s)).drain, std::uint64_t{s} * c + k - s + 1);
        const std::uint64_t feed = std::uint64_t{k} * (s * c + k - s);
        FoldScheduler broadcast(make_array(64, 64, Accumulators::pingpong));
        const FoldShape shape = line_fold(64, c, k, s, k);
        EXPECT_EQ(broadcast.add(shape).drain, feed + 1);
        const std::uint64_t second = broadcast.add(shape).start;
        EXPECT_EQ(second, std::max<std::uint64_t>(feed, 64));
      }
    }
  }
}

TEST(FoldScheduler, LetsDepthwiseOnOneRowStartEveryInnerProduct) {
  FoldScheduler scheduler(make_array(64, 64, Accumulators::pingpong));
  scheduler.add(gemm(1, 64, 9));
  EXPECT_EQ(scheduler.add(gemm(1, 64, 9)).start, 9u);
}

/// Books everything that docs/array.md says a fold uses, cycle by cycle, and refuses what is taken. Knows nothing of
/// the law's rules.
class Reservations {
 public:
  explicit Reservations(const isa::ArrayConfig& config) : config_(config) {}

  bool try_book(const FoldShape& shape, std::uint64_t start, std::uint32_t bank) {
    std::vector<std::tuple<int, std::uint32_t, std::uint64_t>> slots;  // (resource, which, cycle)
    std::map<std::tuple<std::uint32_t, std::uint32_t>, std::pair<std::uint64_t, std::uint64_t>> sums;
    for (std::uint32_t i = 0; i < shape.rows; ++i) {
      const std::uint64_t skew = shape.kind == FoldKind::gemm ? i : 0;
      for (std::uint32_t t = 0; t < shape.feed; ++t) slots.emplace_back(left_port, i, start + skew + t);
    }
    for (std::uint32_t j = 0; j < shape.cols; ++j) {
      // Edges at which each PE of the column accumulates: first and last.
      std::uint64_t complete = 0;
      for (std::uint32_t i = 0; i < shape.rows; ++i) {
        std::uint64_t first = 0, last = 0;
        if (shape.kind == FoldKind::gemm) {
          first = start + i + hop_delay(config_, j) + 2;
          last = first + shape.feed - 1;
        } else {
          first = start + shape.taps.front().begin + 2 + wire_delay(config_, j);
          last = start + shape.taps.back().end - 1 + 2 + wire_delay(config_, j);
        }
        complete = std::max(complete, last);
        sums[{i, j}] = {first, last};
      }
      for (std::uint32_t i = 0; i < shape.rows; ++i) slots.emplace_back(bottom_port, j, complete + config_.rows - i);
      // The column's accumulators are this fold's from its first sum until its words have passed.
      for (std::uint32_t i = 0; i < config_.rows; ++i) {
        const std::uint64_t gone = complete + i + 1;  // row 0's word leaves PE (i, j) at this edge
        if (i < shape.rows) {
          for (std::uint64_t edge = sums[{i, j}].first; edge <= gone; ++edge)
            slots.emplace_back(accumulator(bank, i), j, edge);
        } else {
          for (std::uint32_t word = 0; word < shape.rows; ++word) {
            slots.emplace_back(accumulator(bank, i), j, complete + i - word + 1);
          }
        }
      }
    }
    for (const auto& slot : slots) {
      if (taken_.contains(slot)) return false;
    }
    taken_.insert(slots.begin(), slots.end());
    return true;
  }

 private:
  enum : int { left_port, bottom_port, first_accumulator };
  [[nodiscard]] int accumulator(std::uint32_t bank, std::uint32_t row) const {
    return first_accumulator + static_cast<int>(bank * config_.rows + row);
  }
  isa::ArrayConfig config_;
  std::set<std::tuple<int, std::uint32_t, std::uint64_t>> taken_;
};

TEST(FoldScheduler, StartsEachFoldAsEarlyAsNothingIsUsedTwice) {
  std::mt19937 random(7);
  auto between = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  std::uint64_t held = 0, cases = 0;
  for (int round = 0; round < 150; ++round) {
    isa::ArrayConfig config =
        make_array(between(1, 6), between(1, 6), between(0, 1) == 0 ? Accumulators::single : Accumulators::pingpong);
    if (between(0, 2) == 0) config.broadcast_stages = between(0, config.cols - 1);
    const bool rows_kind = between(0, 1) == 0;
    // Equal widths: with narrower folds in between, the law may keep order where columns would not meet.
    const std::uint32_t cols = config.cols;
    FoldScheduler scheduler(config);
    Reservations reservations(config);
    std::uint64_t previous = 0;
    for (std::uint32_t fold = 0; fold < 8; ++fold) {
      const std::uint32_t rows = between(1, config.rows);
      const FoldShape shape = rows_kind ? line_fold(rows, cols, between(3, 5), between(1, 3), between(1, 2))
                                        : gemm(rows, cols, between(1, 9));
      std::uint64_t earliest = fold == 0 ? 0 : previous;
      while (!reservations.try_book(shape, earliest, fold % config.banks())) ++earliest;
      const FoldTimes times = scheduler.add(shape);
      ASSERT_EQ(times.start, earliest) << "round " << round << " fold " << fold << " " << isa::describe(config);
      if (fold > 0 && times.start > previous + shape.feed) ++held;
      previous = earliest;
      ++cases;
    }
  }
  EXPECT_GT(held, cases / 20);  // the rules beyond the left edge did decide
}

TEST(FoldScheduler, MultipliesRunsExactly) {
  std::mt19937 random(11);
  auto between = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  for (int round = 0; round < 400; ++round) {
    isa::ArrayConfig config =
        make_array(between(1, 20), between(1, 20), between(0, 1) == 0 ? Accumulators::single : Accumulators::pingpong,
                   between(0, 4) == 0 ? FoldOverlap::serial : FoldOverlap::pipelined);
    config.broadcast_stages = between(0, std::min(3U, config.cols - 1));
    FoldScheduler by_runs(config), one_by_one(config);
    for (std::uint32_t loops = between(1, 4); loops > 0; --loops) {
      FoldLoop loop;
      loop.times = between(1, 30);
      const bool rows_kind = between(0, 1) == 0;
      for (std::uint32_t runs = between(1, 3); runs > 0; --runs) {
        const std::uint32_t rows = between(1, config.rows), cols = between(1, config.cols);
        loop.runs.push_back(
            {rows_kind ? line_fold(rows, cols, between(3, 6), between(1, 3)) : gemm(rows, cols, between(1, 30)),
             between(1, 25)});
      }
      const std::uint64_t earliest = between(0, 1) == 0 ? 0 : by_runs.end() + between(0, 9);
      const std::uint64_t start = by_runs.add(loop, earliest);
      bool first = true;
      for (std::uint64_t pass = 0; pass < loop.times; ++pass) {
        for (const FoldRun& run : loop.runs) {
          for (std::uint64_t n = 0; n < run.count; ++n) {
            const FoldTimes times = one_by_one.add(run.shape, first ? earliest : 0);
            if (first) {
              ASSERT_EQ(times.start, start);
            }
            first = false;
          }
        }
      }
      ASSERT_EQ(by_runs.end(), one_by_one.end());
      ASSERT_EQ(by_runs.folds(), one_by_one.folds());
      ASSERT_EQ(by_runs.breakdown(), one_by_one.breakdown());
      ASSERT_EQ(by_runs.breakdown().total(), by_runs.end());
    }
  }
}

}  // namespace
}  // namespace fusesim::array
