// SPDX-License-Identifier: Apache-2.0
// How an array instruction is cut into folds. Folds are numbered in issue order; every fold can be found from its
// number.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hw/array/fold.h"
#include "hw/array/fold_scheduler.h"
#include "hw/control/row_stream.h"
#include "hw/isa/program.h"

namespace fusesim::control {

/// One fold and where it lies in its operator.
struct Fold {
  array::FoldShape shape;
  std::uint32_t group = 0;     ///< gemm kinds: convolution group.
  std::uint64_t row_base = 0;  ///< gemm: first output pixel (filter for depthwise_row). FuSe: first row task.
  std::uint64_t col_base = 0;  ///< gemm: first filter (pixel for depthwise_row). FuSe: first position on the line.
};

/// Folding of one instruction on one array.
///
/// GEMM kinds: for each group, for each block of C columns, for each block of R rows.
/// FuSe kinds: for each block of C positions on the line, for each block of R row tasks. A row task is a group of
/// `lines_per_row` output lines of one channel; tasks are numbered channel by channel.
class FoldPlan {
 public:
  FoldPlan(const isa::ArrayInstruction& instruction, const isa::ArrayConfig& config);

  [[nodiscard]] std::uint64_t folds() const { return std::uint64_t{groups_} * col_blocks_ * row_blocks_; }
  [[nodiscard]] Fold fold(std::uint64_t index) const;
  /// The same folds, in the same order, as runs of equal shapes.
  [[nodiscard]] std::vector<array::FoldLoop> loops() const;

  [[nodiscard]] const isa::ArrayInstruction& instruction() const { return instruction_; }
  [[nodiscard]] bool is_gemm() const { return is_gemm_; }
  /// Whether a column inside a fold's width holds sums; packed rows have gaps.
  [[nodiscard]] bool uses_column(std::uint32_t col) const {
    return lines_per_task_ == 1 || col % pitch_ < line_outputs_;
  }
  /// Length of the GEMM's inner product.
  [[nodiscard]] std::uint32_t inner() const { return inner_; }
  /// FuSe kinds: positions on an output line, output lines per channel, lines of a channel's last task, pitch of packed
  /// lines.
  [[nodiscard]] std::uint32_t line_outputs() const { return line_outputs_; }
  [[nodiscard]] std::uint32_t lines() const { return lines_; }
  [[nodiscard]] std::uint32_t lines_per_task() const { return lines_per_task_; }
  [[nodiscard]] std::uint32_t tasks_per_channel() const { return tasks_per_channel_; }
  [[nodiscard]] std::uint32_t pitch() const { return pitch_; }
  /// FuSe kinds: the stream of one input line for a fold `cols` wide.
  [[nodiscard]] RowStream stream(std::uint32_t cols) const;
  /// FuSe kinds: input lines a task streams one after the other (kernel size across the line).
  [[nodiscard]] std::uint32_t tap_lines() const { return tap_lines_; }

 private:
  [[nodiscard]] array::FoldShape shape(std::uint32_t rows, std::uint32_t cols) const;

  isa::ArrayInstruction instruction_;
  isa::ArrayConfig config_;
  bool is_gemm_ = true;
  std::uint32_t inner_ = 0;
  std::uint32_t groups_ = 1;
  std::uint64_t row_extent_ = 0, col_extent_ = 0;  ///< Per group: what rows and columns count.
  std::uint32_t row_blocks_ = 0, col_blocks_ = 0;
  std::uint32_t line_outputs_ = 0, lines_ = 0, lines_per_task_ = 1, tasks_per_channel_ = 0, pitch_ = 0, tap_lines_ = 0;
};

}  // namespace fusesim::control
