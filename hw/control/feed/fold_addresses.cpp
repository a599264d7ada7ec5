// SPDX-License-Identifier: Apache-2.0
// Written operand by operand from what each operand is, without looking for structure: this is what the closed form is
// held against.
#include "hw/control/feed/fold_addresses.h"

namespace fusesim::control {

namespace {

using isa::ConvGeometry;
using isa::Dataflow;
using isa::machine::Compute;
using isa::machine::Pad;

/// Element (channel, y, x) of the input map, or no_address where it is padding.
std::int64_t activation(const Compute& compute, std::uint64_t channel, std::int64_t y, std::int64_t x) {
  if (y < 0 || y >= compute.geometry.in_height || x < 0 || x >= compute.geometry.in_width) return no_address;
  return static_cast<std::int64_t>(compute.input.address + channel * compute.input.channel_pitch) +
         y * compute.input.line_pitch + x;
}

/// Weight `tap` (counting input channels of the group, kernel rows, kernel columns) of an output channel.
std::int64_t weight(const Compute& compute, std::uint64_t tap, std::uint64_t out_channel) {
  return static_cast<std::int64_t>(compute.weights + tap * compute.weights_pitch + out_channel);
}

FoldAddresses gemm_addresses(const Compute& compute, const Fold& fold) {
  const ConvGeometry& g = compute.geometry;
  const bool swapped = compute.dataflow == Dataflow::depthwise_row;
  const std::uint32_t channels = g.in_channels / g.groups, filters = g.out_channels / g.groups;
  const std::uint32_t kernel = g.kernel_height * g.kernel_width;

  auto activation_of = [&](std::uint32_t t, std::uint64_t pixel) {
    const std::uint32_t ky = t % kernel / g.kernel_width, kx = t % g.kernel_width;
    const auto y = static_cast<std::int64_t>(pixel / g.out_width * g.stride_height + ky * g.dilation_height);
    const auto x = static_cast<std::int64_t>(pixel % g.out_width * g.stride_width + kx * g.dilation_width);
    return activation(compute, std::uint64_t{fold.group} * channels + t / kernel, y - g.pad_top, x - g.pad_left);
  };
  auto weight_of = [&](std::uint32_t t, std::uint64_t filter) {
    return weight(compute, t, std::uint64_t{fold.group} * filters + filter);
  };

  FoldAddresses addresses;
  addresses.left = {swapped ? Pad::weights : Pad::activations, fold.shape.rows, {}};
  addresses.other = {swapped ? Pad::activations : Pad::weights, fold.shape.cols, {}};
  for (std::uint32_t t = 0; t < fold.shape.feed; ++t) {
    for (std::uint32_t i = 0; i < fold.shape.rows; ++i) {
      const std::uint64_t row = fold.row_base + i;
      addresses.left.bytes.push_back(swapped ? weight_of(t, row) : activation_of(t, row));
    }
    for (std::uint32_t j = 0; j < fold.shape.cols; ++j) {
      const std::uint64_t col = fold.col_base + j;
      addresses.other.bytes.push_back(swapped ? activation_of(t, col) : weight_of(t, col));
    }
  }
  return addresses;
}

FoldAddresses wire_addresses(const Compute& compute, const FoldPlan& plan, const Fold& fold) {
  const ConvGeometry& g = compute.geometry;
  // Everything below is said along and across the line; at fuse_column a line is a column of the image.
  const bool transposed = compute.dataflow == Dataflow::fuse_column;
  const std::uint32_t stride = transposed ? g.stride_height : g.stride_width;
  const std::uint32_t dilation = transposed ? g.dilation_height : g.dilation_width;
  const std::uint32_t pad = transposed ? g.pad_top : g.pad_left;
  const std::uint32_t taps = transposed ? g.kernel_height : g.kernel_width;
  const std::uint32_t across_stride = transposed ? g.stride_width : g.stride_height;
  const std::uint32_t across_dilation = transposed ? g.dilation_width : g.dilation_height;
  const std::uint32_t across_pad = transposed ? g.pad_left : g.pad_top;
  const std::uint32_t lines_side_by_side = plan.lines_per_task();
  const RowStream stream = plan.stream(fold.shape.cols);

  // Positions that the outputs of one line reach, from the start of its padding; in a packed row what comes after them
  // belongs to the next line.
  const std::int64_t window =
      std::int64_t{stride} * (plan.line_outputs() - 1) + std::int64_t{dilation} * (taps - 1) + 1;

  FoldAddresses addresses;
  addresses.left = {Pad::activations, fold.shape.rows, {}};
  addresses.other = {Pad::weights, fold.shape.rows, {}};
  for (std::uint32_t across = 0; across < plan.tap_lines(); ++across) {
    for (std::uint32_t m = 0; m < stream.length(); ++m) {
      const TapSlot* on_wire = nullptr;
      for (const TapSlot& tap : stream.taps()) {
        if (tap.cycle == m) on_wire = &tap;
      }
      const std::int64_t position = static_cast<std::int64_t>(fold.col_base * stride) + stream.position(m);
      for (std::uint32_t i = 0; i < fold.shape.rows; ++i) {
        const std::uint64_t task = fold.row_base + i;
        const std::uint64_t channel = task / plan.tasks_per_channel();
        std::int64_t line = static_cast<std::int64_t>(task % plan.tasks_per_channel() * lines_side_by_side);
        std::int64_t along = position - pad;
        bool read = true;
        if (lines_side_by_side > 1) {
          // Data of the n-th line of the task start where its padding ends: pad + n stride pitch.
          const std::int64_t distance = std::int64_t{stride} * plan.pitch();
          const std::int64_t n = along < 0 ? 0 : along / distance;
          line += n;
          along -= n * distance;
          read = n < lines_side_by_side && line < plan.lines();
        }
        read = read && along + pad < window;
        const std::int64_t other = line * across_stride + std::int64_t{across} * across_dilation - across_pad;
        const std::uint64_t in_channel = channel / (g.out_channels / g.groups);
        addresses.left.bytes.push_back(!read        ? no_address
                                       : transposed ? activation(compute, in_channel, along, other)
                                                    : activation(compute, in_channel, other, along));
        const std::uint32_t tap = on_wire == nullptr ? 0
                                  : transposed       ? on_wire->tap * g.kernel_width + across
                                                     : across * g.kernel_width + on_wire->tap;
        addresses.other.bytes.push_back(on_wire == nullptr ? no_address : weight(compute, tap, channel));
      }
    }
  }
  return addresses;
}

}  // namespace

FoldAddresses fold_addresses(const Compute& compute, const FoldPlan& plan, const Fold& fold) {
  return plan.is_gemm() ? gemm_addresses(compute, fold) : wire_addresses(compute, plan, fold);
}

}  // namespace fusesim::control
