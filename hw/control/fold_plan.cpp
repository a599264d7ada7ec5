// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fold_plan.h"

#include <algorithm>
#include <stdexcept>

namespace fusesim::control {

namespace {

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

FoldPlan::FoldPlan(const isa::ArrayInstruction& instruction, const isa::ArrayConfig& config)
    : instruction_(instruction), config_(config) {
  const isa::ConvGeometry& g = instruction.geometry;
  const std::uint64_t pixels = std::uint64_t{g.out_height} * g.out_width;
  const std::uint32_t filters = g.out_channels / g.groups;
  using isa::Dataflow;
  switch (instruction.dataflow) {
    case Dataflow::gemm:
    case Dataflow::depthwise_column:
    case Dataflow::depthwise_row:
      inner_ = g.in_channels / g.groups * g.kernel_height * g.kernel_width;
      groups_ = g.groups;
      row_extent_ = instruction.dataflow == Dataflow::depthwise_row ? filters : pixels;
      col_extent_ = instruction.dataflow == Dataflow::depthwise_row ? pixels : filters;
      break;
    case Dataflow::depthwise_broadcast:
    case Dataflow::fuse_row:
    case Dataflow::fuse_column: {
      is_gemm_ = false;
      const bool transposed = instruction.dataflow == Dataflow::fuse_column;
      line_outputs_ = transposed ? g.out_height : g.out_width;
      lines_ = transposed ? g.out_width : g.out_height;
      tap_lines_ = transposed ? g.kernel_width : g.kernel_height;
      lines_per_task_ = std::max(1U, instruction.lines_per_row);
      pitch_ = lines_per_task_ > 1 ? isa::densest_packing(instruction.dataflow, g, config.cols).pitch : line_outputs_;
      tasks_per_channel_ = static_cast<std::uint32_t>(ceil_div(lines_, lines_per_task_));
      row_extent_ = std::uint64_t{g.out_channels} * tasks_per_channel_;
      col_extent_ = std::uint64_t{lines_per_task_ - 1} * pitch_ + line_outputs_;
      if (lines_per_task_ > 1 && col_extent_ > config.cols) {
        throw std::invalid_argument("fold plan: packed lines are wider than the array");
      }
      break;
    }
  }
  row_blocks_ = static_cast<std::uint32_t>(ceil_div(row_extent_, config.rows));
  col_blocks_ = static_cast<std::uint32_t>(ceil_div(col_extent_, config.cols));
}

RowStream FoldPlan::stream(std::uint32_t cols) const {
  const isa::ConvGeometry& g = instruction_.geometry;
  return instruction_.dataflow == isa::Dataflow::fuse_column
             ? RowStream(cols, g.kernel_height, g.stride_height, g.dilation_height)
             : RowStream(cols, g.kernel_width, g.stride_width, g.dilation_width);
}

array::FoldShape FoldPlan::shape(std::uint32_t rows, std::uint32_t cols) const {
  array::FoldShape shape;
  shape.rows = rows;
  shape.cols = cols;
  if (is_gemm_) {
    shape.feed = inner_;
    return shape;
  }
  shape.kind = array::FoldKind::row_conv;
  const RowStream line = stream(cols);
  shape.feed = tap_lines_ * line.length();
  shape.first_tap = line.taps().front().cycle;
  for (std::uint32_t i = 0; i < tap_lines_; ++i) {
    for (const TapSlot& tap : line.taps()) {
      const std::uint32_t cycle = i * line.length() + tap.cycle;
      if (!shape.taps.empty() && shape.taps.back().end == cycle) {
        ++shape.taps.back().end;
      } else {
        shape.taps.push_back({cycle, cycle + 1});
      }
    }
  }
  return shape;
}

Fold FoldPlan::fold(std::uint64_t index) const {
  const std::uint64_t row_block = index % row_blocks_;
  const std::uint64_t col_block = index / row_blocks_ % col_blocks_;
  Fold fold;
  fold.group = static_cast<std::uint32_t>(index / row_blocks_ / col_blocks_);
  fold.row_base = row_block * config_.rows;
  fold.col_base = col_block * config_.cols;
  fold.shape = shape(static_cast<std::uint32_t>(std::min<std::uint64_t>(config_.rows, row_extent_ - fold.row_base)),
                     static_cast<std::uint32_t>(std::min<std::uint64_t>(config_.cols, col_extent_ - fold.col_base)));
  return fold;
}

std::vector<array::FoldLoop> FoldPlan::loops() const {
  const std::uint64_t full_rows = row_extent_ / config_.rows, full_cols = col_extent_ / config_.cols;
  const auto rows_left = static_cast<std::uint32_t>(row_extent_ % config_.rows);
  const auto cols_left = static_cast<std::uint32_t>(col_extent_ % config_.cols);
  // The folds of one block of columns.
  auto block = [&](std::uint32_t cols) {
    std::vector<array::FoldRun> runs;
    if (full_rows > 0) runs.push_back({shape(config_.rows, cols), full_rows});
    if (rows_left > 0) runs.push_back({shape(rows_left, cols), 1});
    return runs;
  };
  std::vector<array::FoldLoop> loops;
  if (full_cols > 0) loops.push_back({block(config_.cols), full_cols});
  if (cols_left > 0) loops.push_back({block(cols_left), 1});
  if (groups_ == 1) return loops;

  array::FoldLoop group{{}, groups_};
  for (const array::FoldLoop& loop : loops) {
    if (loop.runs.size() == 1) {
      group.runs.push_back({loop.runs[0].shape, loop.runs[0].count * loop.times});
    } else {
      for (std::uint64_t i = 0; i < loop.times; ++i)
        group.runs.insert(group.runs.end(), loop.runs.begin(), loop.runs.end());
    }
  }
  return {group};
}

}  // namespace fusesim::control
