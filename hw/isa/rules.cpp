// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/rules.h"

#include <algorithm>

#include "hw/isa/limits.h"

namespace fusesim::isa {
namespace {

/// Checks one axis of a convolution: out = floor((in + pads - d (K - 1) - 1) / s) + 1.
void check_axis(const Where& where, const char* axis, std::uint32_t in, std::uint32_t out, std::uint32_t kernel,
                std::uint32_t stride, std::uint32_t dilation, std::uint32_t pad_before, std::uint32_t pad_after) {
  if (in == 0 || out == 0 || kernel == 0 || stride == 0 || dilation == 0) {
    fail(where, "in, out, kernel, stride and dilation {} are {}, {}, {}, {}, {}; each must be at least 1", axis, in,
         out, kernel, stride, dilation);
  }
  if (std::max({stride, dilation, pad_before, pad_after}) > max_geometry_step) {
    fail(where, "stride, dilation or padding along the {} exceeds {}", axis, max_geometry_step);
  }
  const std::uint64_t padded = std::uint64_t{in} + pad_before + pad_after;
  const std::uint64_t reach = std::uint64_t{dilation} * (kernel - 1) + 1;
  if (reach > padded) {
    fail(where, "the kernel reaches over {} positions along the {}, but the padded map has only {}", reach, axis,
         padded);
  }
  const std::uint64_t expected = (padded - reach) / stride + 1;
  if (out != expected) {
    fail(where, "out_{} is {}, but kernel {}, stride {}, dilation {} on a padded map of {} give {}", axis, out, kernel,
         stride, dilation, padded, expected);
  }
}

/// A fold's schedule has one entry per tap and counts the positions it streams in 32 bits.
void check_stream(const Where& where, Dataflow dataflow, const ConvGeometry& g, const ArrayConfig& array) {
  const std::uint64_t taps = std::uint64_t{g.kernel_height} * g.kernel_width;
  if (taps > max_wire_taps) {
    fail(where, "{} allows {} taps, but the kernel has {}; use depthwise_column or depthwise_row", name(dataflow),
         max_wire_taps, taps);
  }
  const std::uint64_t feed = fold_feed(dataflow, g, array);
  if (feed > max_fold_feed) {
    fail(where, "a fold of {} would stream about {} positions of at most {}; use depthwise_column or depthwise_row",
         name(dataflow), feed, max_fold_feed);
  }
}

}  // namespace

void check_name(const Where& where, const std::string& text) {
  if (text.size() > max_name_length) {
    fail(where, "the name is {} bytes long; at most {} are allowed", text.size(), max_name_length);
  }
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    fail(where, "the name holds a control character; names are one line of printable text");
  }
}

void check_geometry(const Where& where, const ConvGeometry& g) {
  check_axis(where, "height", g.in_height, g.out_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top,
             g.pad_bottom);
  check_axis(where, "width", g.in_width, g.out_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left,
             g.pad_right);
  if (g.in_channels == 0 || g.out_channels == 0 || g.groups == 0) {
    fail(where, "in_channels, out_channels and groups are {}, {}, {}; each must be at least 1", g.in_channels,
         g.out_channels, g.groups);
  }
  if (g.in_channels % g.groups != 0 || g.out_channels % g.groups != 0) {
    fail(where, "groups {} must divide in_channels {} and out_channels {}", g.groups, g.in_channels, g.out_channels);
  }
}

std::uint64_t fold_feed(Dataflow dataflow, const ConvGeometry& g, const ArrayConfig& array) {
  const bool column = dataflow == Dataflow::fuse_column;
  const std::uint64_t stride = column ? g.stride_height : g.stride_width;
  const std::uint64_t dilation = column ? g.dilation_height : g.dilation_width;
  const std::uint64_t along = column ? g.kernel_height : g.kernel_width;
  const std::uint64_t across = column ? g.kernel_width : g.kernel_height;
  return across * (stride * array.cols + dilation * along);
}

void check_dataflow(const Where& where, Dataflow dataflow, const ConvGeometry& g, std::uint32_t lines_per_row,
                    const ArrayConfig& array) {
  if (dataflow > Dataflow::fuse_column) {
    fail(where, "dataflow {} is unknown", static_cast<unsigned>(dataflow));
  }
  const char* called = name(dataflow);
  if (dataflow != Dataflow::gemm && (g.groups != g.in_channels || g.out_channels != g.in_channels)) {
    fail(where, "{} needs groups = in_channels = out_channels, but they are {}, {}, {}; use gemm", called, g.groups,
         g.in_channels, g.out_channels);
  }
  if (dataflow == Dataflow::fuse_row && g.kernel_height != 1) {
    fail(where, "fuse_row needs kernel_height 1, but it is {}; use depthwise_broadcast", g.kernel_height);
  }
  if (dataflow == Dataflow::fuse_column && g.kernel_width != 1) {
    fail(where, "fuse_column needs kernel_width 1, but it is {}; use depthwise_broadcast", g.kernel_width);
  }
  const bool on_wires = dataflow >= Dataflow::depthwise_broadcast;
  if (on_wires && !array.fuse_links) {
    fail(where, "{} needs the array's FuSe links, which array '{}' lacks; use depthwise_column or depthwise_row",
         called, describe(array));
  }
  if (on_wires) check_stream(where, dataflow, g, array);
  const std::uint32_t densest = densest_packing(dataflow, g, array.cols).lines;
  if (lines_per_row == 0 || lines_per_row > densest) {
    fail(where, "lines_per_row is {}; for this {} on {} columns it must be from 1 to {}", lines_per_row, called,
         array.cols, densest);
  }
}

}  // namespace fusesim::isa
