// SPDX-License-Identifier: Apache-2.0
// The activations of the FuSe wires: every feeder streams lines of its row task, all at the same place on their lines.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/control/feed/edge_cost.h"
#include "hw/control/fold_plan.h"
#include "hw/isa/machine/program.h"

namespace fusesim::control {

class LineReads {
 public:
  LineReads(const isa::machine::Compute& compute, const FoldPlan& plan, const isa::machine::ScratchpadConfig& pad,
            std::uint32_t feeders);

  /// Fixes the columns of the folds that follow: `cols` of them from position `col_base` on the line.
  void set_columns(std::uint64_t col_base, std::uint32_t cols);
  /// Row tasks first ... first + count - 1.
  [[nodiscard]] EdgeCost cost(std::uint64_t first, std::uint32_t count);
  /// Where in a word the plane of a row task lies. Folds whose first tasks lie equally far into their channel and whose
  /// planes lie equally in a word cost the same, with the same number of tasks.
  [[nodiscard]] std::uint32_t place(std::uint64_t task) const;

 private:
  /// A stretch of the stream of one line: from its second cycle on a step down the line from the cycle before. Nobody
  /// reads in the cycles between stretches.
  struct Stretch {
    std::uint32_t cycle = 0;  ///< Its first.
    std::uint32_t cycles = 0;
    std::int64_t line = 0;  ///< Of the task.
    std::int64_t byte = 0;  ///< How many bytes into the line the first cycle reads.
  };
  /// A stretch that has ended.
  struct Past {
    std::int64_t line = 0;
    std::uint32_t tap_line = 0;
    std::int64_t end = 0;  ///< Offset of its last cycle.
  };
  /// Consecutive tasks of one channel, each `task_step_` bytes after the one before.
  struct Run {
    std::uint32_t first = 0;  ///< Number in the fold of its first task.
    std::uint32_t tasks = 0;
    std::int64_t start = 0;  ///< Where the first output line's first tap line of the first one would lie without
                             ///< padding, from the plane of the fold's first task. All tasks read `offset` bytes from
                             ///< there in a cycle.
    std::int64_t line = 0;   ///< First output line of the first one.
  };

  void find_runs(std::uint64_t first, std::uint32_t count);
  [[nodiscard]] Run readers(const Run& run, std::int64_t line, std::uint32_t tap_line) const;
  void find_readers(std::int64_t line, std::uint32_t tap_line);
  [[nodiscard]] bool far_from_held(std::int64_t offset) const;
  void find_held();
  template <typename Needs>
  CycleCost cost_of(const std::vector<Run>& runs, std::int64_t byte, Needs needs);
  bool free_at(std::int64_t place);
  CycleCost all_cost(std::int64_t offset);
  CycleCost shifted_cost(std::int64_t offset);
  CycleCost held_cost(std::int64_t offset);
  [[nodiscard]] std::int64_t place_at(std::int64_t offset) const {
    return words_.place(static_cast<std::uint64_t>(plane_place_ + offset));
  }
  /// Where in a word a task of the run starts, were the plane at 0.
  [[nodiscard]] std::size_t place_of(const Run& run, std::uint32_t task = 0) const {
    return static_cast<std::size_t>(words_.place(static_cast<std::uint64_t>(run.start + task * task_step_)));
  }

  isa::machine::Map map_;
  std::uint32_t per_task_, tasks_per_channel_, tap_lines_, output_lines_, filters_per_channel_;
  std::int64_t lines_ = 0, line_step_ = 0, line_stride_ = 0, line_dilation_ = 0, line_pad_ = 0;  ///< Across the line.
  std::int64_t length_ = 0, element_step_ = 0, stride_ = 0, pad_ = 0, distance_ = 0;             ///< Along it.
  std::int64_t shift_ = 0;                      ///< Bytes from a cycle to the one before within a stretch.
  std::int64_t task_step_ = 0;                  ///< Bytes from a task to the next one of its channel,
  std::uint32_t task_period_ = 1;               ///< and how many of these end at the same place in a word.
  std::uint32_t tasks_in_different_banks_ = 0;  ///< So many in sequence read different banks at any one offset.
  const FoldPlan& plan_;
  Words words_;
  BankLoad load_;
  std::uint32_t period_ = 1;  ///< Shifts this far apart are at the same place in a word.
  std::uint32_t stream_length_ = 0;
  std::vector<Stretch> stretches_;

  // Of the fold in hand.
  std::vector<Run> runs_;
  std::uint32_t tasks_ = 0;
  std::int64_t plane_place_ = 0;
  std::vector<Past> past_;
  std::vector<std::int64_t> held_;  ///< [tasks]: byte read last, on the same scale as Run::start; -1: none.
  std::size_t held_known_ = 0;      ///< Stretches that `held_` takes in.
  std::vector<std::uint8_t> free_;  ///< [width]: unknown, no, yes.
  // Of the line in hand.
  std::vector<Run> readers_;  ///< Tasks that read it.
  std::uint32_t reader_count_ = 0;
  std::vector<std::uint32_t> reader_places_;  ///< [width]: readers by place of their start, were the plane at 0.
};

}  // namespace fusesim::control
