// SPDX-License-Identifier: Apache-2.0
// How closely lines fit in a packed row. Along the row, count input positions: line n's outputs read the window
// [n D, n D + span), D = s * pitch, span = s (F - 1) + d (K - 1) + 1, and its real data lie at [n D + p, n D + p + W).
// Of those, the positions from n D + span on are read by no output and need not be fed. Neighbours may share padding
// but no window may see the other line's data:
//   the next window starts after the data this line feeds:   D >= min(p + W, span)
//   this window ends before the next line's data start:      D >= span - p
// and outputs need a column each: pitch >= F.
#include <algorithm>

#include "hw/isa/program.h"

namespace fusesim::isa {

RowPacking densest_packing(Dataflow dataflow, const ConvGeometry& g, std::uint32_t cols) {
  const bool along_width = dataflow == Dataflow::fuse_row || dataflow == Dataflow::depthwise_broadcast;
  if (!along_width && dataflow != Dataflow::fuse_column) return {};
  const std::int64_t outputs = along_width ? g.out_width : g.out_height;
  const std::int64_t lines = along_width ? g.out_height : g.out_width;
  const std::int64_t length = along_width ? g.in_width : g.in_height;
  const std::int64_t taps = along_width ? g.kernel_width : g.kernel_height;
  const std::int64_t stride = along_width ? g.stride_width : g.stride_height;
  const std::int64_t dilation = along_width ? g.dilation_width : g.dilation_height;
  const std::int64_t pad = along_width ? g.pad_left : g.pad_top;

  const std::int64_t span = stride * (outputs - 1) + dilation * (taps - 1) + 1;
  const std::int64_t distance = std::max(std::min(pad + length, span), span - pad);
  const std::int64_t pitch = std::max(outputs, (distance + stride - 1) / stride);
  RowPacking packing{1, static_cast<std::uint32_t>(pitch)};
  if (outputs <= cols) {
    packing.lines = static_cast<std::uint32_t>(std::clamp((cols - outputs) / pitch + 1, std::int64_t{1}, lines));
  }
  return packing;
}

}  // namespace fusesim::isa
