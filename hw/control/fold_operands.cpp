// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fold_operands.h"

#include <algorithm>
#include <cstring>

namespace fusesim::control {

namespace {

using isa::ConvGeometry;
using isa::Dataflow;

/// im2col: [T][count] activations of output pixels base ... base + count - 1.
std::vector<std::int8_t> pixel_panel(const isa::ArrayInstruction& instruction, std::uint32_t group, std::uint64_t base,
                                     std::uint32_t count, std::uint32_t inner, std::span<const std::int8_t> input) {
  const ConvGeometry& g = instruction.geometry;
  const std::uint32_t channels = g.in_channels / g.groups;
  const std::size_t map = std::size_t{g.in_height} * g.in_width;
  std::vector<std::int8_t> panel(std::size_t{inner} * count);
  std::vector<std::int64_t> top(count), left(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    top[i] = static_cast<std::int64_t>((base + i) / g.out_width * g.stride_height) - g.pad_top;
    left[i] = static_cast<std::int64_t>((base + i) % g.out_width * g.stride_width) - g.pad_left;
  }
  const bool plain = g.kernel_height == 1 && g.kernel_width == 1 && g.stride_height == 1 && g.stride_width == 1 &&
                     g.pad_top == 0 && g.pad_left == 0 && g.out_width == g.in_width && g.out_height == g.in_height;
  std::int8_t* to = panel.data();
  for (std::uint32_t c = 0; c < channels; ++c) {
    const std::int8_t* plane = input.data() + (std::size_t{group} * channels + c) * map;
    if (plain) {
      std::memcpy(to, plane + base, count);
      to += count;
      continue;
    }
    for (std::uint32_t kh = 0; kh < g.kernel_height; ++kh) {
      for (std::uint32_t kw = 0; kw < g.kernel_width; ++kw) {
        const std::int64_t dy = std::int64_t{kh} * g.dilation_height, dx = std::int64_t{kw} * g.dilation_width;
        for (std::uint32_t i = 0; i < count; ++i) {
          const std::int64_t y = top[i] + dy, x = left[i] + dx;
          const bool inside = y >= 0 && y < g.in_height && x >= 0 && x < g.in_width;
          *to++ = inside ? plane[y * g.in_width + x] : instruction.pad_value;
        }
      }
    }
  }
  return panel;
}

/// [T][count] weights of filters base ... of a group.
std::vector<std::int8_t> filter_panel(const isa::ArrayInstruction& instruction, std::uint32_t group, std::uint64_t base,
                                      std::uint32_t count, std::uint32_t inner, std::span<const std::int8_t> weights) {
  const std::uint32_t filters = instruction.geometry.out_channels / instruction.geometry.groups;
  std::vector<std::int8_t> panel(std::size_t{inner} * count);
  for (std::uint32_t j = 0; j < count; ++j) {
    const std::int8_t* filter = weights.data() + (std::size_t{group} * filters + base + j) * inner;
    for (std::uint32_t t = 0; t < inner; ++t) panel[std::size_t{t} * count + j] = filter[t];
  }
  return panel;
}

/// A convolution seen along its lines: image rows, or image columns when transposed.
struct LineView {
  LineView(const FoldPlan& plan) : geometry(plan.instruction().geometry) {
    const bool transposed = plan.instruction().dataflow == Dataflow::fuse_column;
    const ConvGeometry& g = geometry;
    length = transposed ? g.in_height : g.in_width;
    lines = transposed ? g.in_width : g.in_height;
    element_step = transposed ? g.in_width : 1;
    line_step = transposed ? 1 : g.in_width;
    stride = transposed ? g.stride_height : g.stride_width;
    dilation = transposed ? g.dilation_height : g.dilation_width;
    pad = transposed ? g.pad_top : g.pad_left;
    line_stride = transposed ? g.stride_width : g.stride_height;
    line_dilation = transposed ? g.dilation_width : g.dilation_height;
    line_pad = transposed ? g.pad_left : g.pad_top;
    out_element_step = transposed ? g.out_width : 1;
    out_line_step = transposed ? 1 : g.out_width;
    taps = transposed ? g.kernel_height : g.kernel_width;
    tap_step = transposed ? g.kernel_width : 1;
    tap_line_step = transposed ? 1 : g.kernel_width;
  }
  const ConvGeometry& geometry;
  std::uint32_t length, lines, element_step, line_step, stride, dilation, pad, line_stride, line_dilation, line_pad;
  std::uint32_t out_element_step, out_line_step, taps, tap_step, tap_line_step;
};

FoldOperands fetch_lines(const FoldPlan& plan, const Fold& fold, std::span<const std::int8_t> input,
                         std::span<const std::int8_t> weights) {
  const ConvGeometry& g = plan.instruction().geometry;
  const LineView view(plan);
  const std::int8_t pad_value = plan.instruction().pad_value;
  const RowStream stream = plan.stream(fold.shape.cols);
  const std::uint32_t rows = fold.shape.rows;
  const std::uint32_t per_task = plan.lines_per_task();
  const std::uint32_t multiplier = g.out_channels / g.groups;
  FoldOperands operands;
  operands.shape = fold.shape;
  operands.left.resize(std::size_t{fold.shape.feed} * rows);
  operands.taps.resize(std::size_t{plan.tap_lines()} * stream.taps().size() * rows);
  for (std::uint32_t j = 0; j < fold.shape.cols; ++j) {
    operands.columns.push_back(plan.uses_column(j) ? 1 : 0);
  }
  for (std::uint32_t l = 0; l < plan.tap_lines(); ++l) {
    for (const TapSlot& tap : stream.taps()) operands.tap_cycles.push_back(l * stream.length() + tap.cycle);
  }
  // Along a packed row: which line of the task, and where on it, or -1 for padding.
  // A stride may leave the end of a line unread; in a packed row that place belongs to the next line's padding.
  const std::int64_t span =
      std::int64_t{view.stride} * (plan.line_outputs() - 1) + std::int64_t{view.dilation} * (view.taps - 1) + 1;
  const std::int64_t read_length = std::min<std::int64_t>(view.length, span - view.pad);
  const std::int64_t period = per_task > 1 ? std::int64_t{view.stride} * plan.pitch() : INT64_MAX;
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint64_t task = fold.row_base + i;
    const auto channel = static_cast<std::uint32_t>(task / plan.tasks_per_channel());
    const auto first_line = static_cast<std::uint32_t>(task % plan.tasks_per_channel()) * per_task;
    const std::int8_t* plane = input.data() + std::size_t{channel / multiplier} * g.in_height * g.in_width;
    const std::int8_t* filter = weights.data() + std::size_t{channel} * g.kernel_height * g.kernel_width;
    std::size_t at = i, tap_at = i;
    for (std::uint32_t l = 0; l < plan.tap_lines(); ++l) {
      for (std::uint32_t m = 0; m < stream.length(); ++m, at += rows) {
        const std::int64_t along =
            std::int64_t{stream.position(m)} + static_cast<std::int64_t>(fold.col_base * view.stride) - view.pad;
        operands.left[at] = pad_value;
        if (along < 0) continue;
        const std::int64_t q = along / period, offset = along % period;
        const std::int64_t line = first_line + q;
        if (q >= per_task || line >= plan.lines() || offset >= read_length) continue;
        const std::int64_t in_line = line * view.line_stride + std::int64_t{l} * view.line_dilation - view.line_pad;
        if (in_line < 0 || in_line >= view.lines) continue;
        operands.left[at] = plane[in_line * view.line_step + offset * view.element_step];
      }
      for (const TapSlot& tap : stream.taps()) {
        operands.taps[tap_at] = filter[tap.tap * view.tap_step + l * view.tap_line_step];
        tap_at += rows;
      }
    }
  }
  return operands;
}

}  // namespace

FoldOperands fetch_operands(const FoldPlan& plan, const Fold& fold, std::span<const std::int8_t> input,
                            std::span<const std::int8_t> weights) {
  if (!plan.is_gemm()) return fetch_lines(plan, fold, input, weights);
  const isa::ArrayInstruction& instruction = plan.instruction();
  const bool swapped = instruction.dataflow == Dataflow::depthwise_row;
  const array::FoldShape& shape = fold.shape;
  FoldOperands operands;
  operands.shape = shape;
  auto pixels = [&](std::uint64_t base, std::uint32_t count) {
    return pixel_panel(instruction, fold.group, base, count, plan.inner(), input);
  };
  auto filters = [&](std::uint64_t base, std::uint32_t count) {
    return filter_panel(instruction, fold.group, base, count, plan.inner(), weights);
  };
  operands.left = swapped ? filters(fold.row_base, shape.rows) : pixels(fold.row_base, shape.rows);
  operands.top = swapped ? pixels(fold.col_base, shape.cols) : filters(fold.col_base, shape.cols);
  operands.columns.assign(shape.cols, 1);
  return operands;
}

void store_sums(const FoldPlan& plan, const Fold& fold, std::span<const std::int32_t> sums,
                std::span<std::int32_t> output) {
  const ConvGeometry& g = plan.instruction().geometry;
  const std::uint32_t rows = fold.shape.rows, cols = fold.shape.cols;
  const std::size_t pixels = std::size_t{g.out_height} * g.out_width;
  if (plan.is_gemm()) {
    const bool swapped = plan.instruction().dataflow == Dataflow::depthwise_row;
    const std::size_t first_filter = std::size_t{fold.group} * (g.out_channels / g.groups);
    for (std::uint32_t i = 0; i < rows; ++i) {
      for (std::uint32_t j = 0; j < cols; ++j) {
        const std::size_t row = fold.row_base + i, col = fold.col_base + j;
        output[(first_filter + (swapped ? row : col)) * pixels + (swapped ? col : row)] =
            sums[std::size_t{i} * cols + j];
      }
    }
    return;
  }
  const LineView view(plan);
  const std::uint32_t per_task = plan.lines_per_task();
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint64_t task = fold.row_base + i;
    const std::uint64_t channel = task / plan.tasks_per_channel();
    const std::uint64_t first_line = task % plan.tasks_per_channel() * per_task;
    for (std::uint32_t j = 0; j < cols; ++j) {
      const std::uint64_t line = first_line + (per_task > 1 ? j / plan.pitch() : 0);
      const std::uint64_t position = per_task > 1 ? j % plan.pitch() : fold.col_base + j;
      if (line >= plan.lines() || position >= plan.line_outputs()) continue;
      output[channel * pixels + line * view.out_line_step + position * view.out_element_step] =
          sums[std::size_t{i} * cols + j];
    }
  }
}

std::vector<std::int32_t> expected_sums(const FoldOperands& operands) {
  const array::FoldShape& shape = operands.shape;
  const std::uint32_t rows = shape.rows, cols = shape.cols;
  std::vector<std::uint32_t> sums(std::size_t{rows} * cols);
  auto product = [](std::int8_t a, std::int8_t b) { return static_cast<std::uint32_t>(a * b); };
  if (shape.kind == array::FoldKind::gemm) {
    for (std::uint32_t t = 0; t < shape.feed; ++t) {
      for (std::uint32_t i = 0; i < rows; ++i) {
        for (std::uint32_t j = 0; j < cols; ++j) {
          sums[i * cols + j] += product(operands.left[t * rows + i], operands.top[t * cols + j]);
        }
      }
    }
  } else {
    for (std::size_t k = 0; k < operands.tap_cycles.size(); ++k) {
      for (std::uint32_t i = 0; i < rows; ++i) {
        for (std::uint32_t j = 0; j < cols; ++j) {
          // Column j sees what entered j cycles before the tap went out.
          if (operands.columns[j] == 0) continue;
          const std::uint32_t entered = operands.tap_cycles[k] - j;
          sums[i * cols + j] += product(operands.left[entered * rows + i], operands.taps[k * rows + i]);
        }
      }
    }
  }
  return {sums.begin(), sums.end()};
}

}  // namespace fusesim::control
