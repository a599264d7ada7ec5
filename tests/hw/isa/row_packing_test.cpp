// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "hw/isa/program.h"

namespace fusesim::isa {
namespace {

struct Line {
  std::int64_t length, taps, stride, dilation, pad, outputs, lines;
};

Line line_of(Dataflow dataflow, const ConvGeometry& g) {
  if (dataflow == Dataflow::fuse_column) {
    return {g.in_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top, g.out_height, g.out_width};
  }
  return {g.in_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left, g.out_width, g.out_height};
}

/// Lays `lines` lines on a number line of input positions, `pitch` output columns apart: position -> owner of the real
/// data fed there. False when two lines claim a position, when outputs share a column, or when the window of a line
/// (all positions from its first output's first tap to its last output's last) meets another line's data.
bool fits(const Line& line, std::int64_t lines, std::int64_t pitch, std::int64_t cols) {
  const std::int64_t distance = pitch * line.stride;
  const std::int64_t span = line.stride * (line.outputs - 1) + line.dilation * (line.taps - 1) + 1;
  std::vector<std::int64_t> owner(static_cast<std::size_t>(distance * lines + span), -1);
  std::vector<bool> column(static_cast<std::size_t>(cols), false);
  for (std::int64_t n = 0; n < lines; ++n) {
    // Only the part of the line that lies in its window is fed.
    for (std::int64_t i = 0; i < line.length && line.pad + i < span; ++i) {
      auto& place = owner[static_cast<std::size_t>(n * distance + line.pad + i)];
      if (place != -1) return false;
      place = n;
    }
    for (std::int64_t j = 0; j < line.outputs; ++j) {
      const std::int64_t at = n * pitch + j;
      if (at >= cols || column[static_cast<std::size_t>(at)]) return false;
      column[static_cast<std::size_t>(at)] = true;
    }
  }
  for (std::int64_t n = 0; n < lines; ++n) {
    for (std::int64_t i = 0; i < span; ++i) {
      const std::int64_t found = owner[static_cast<std::size_t>(n * distance + i)];
      const bool real = i >= line.pad && i < line.pad + line.length;
      if (found != (real ? n : -1)) return false;
    }
  }
  return true;
}

ConvGeometry random_geometry(std::mt19937& random) {
  const auto upto = [&](std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(1, n)(random); };
  ConvGeometry g;
  g.kernel_height = upto(5);
  g.kernel_width = upto(5);
  g.stride_height = upto(4);
  g.stride_width = upto(4);
  g.dilation_height = upto(3);
  g.dilation_width = upto(3);
  const std::uint32_t reach_height = g.dilation_height * (g.kernel_height - 1) + 1;
  const std::uint32_t reach_width = g.dilation_width * (g.kernel_width - 1) + 1;
  g.pad_top = upto(reach_height) - 1;
  g.pad_left = upto(reach_width) - 1;
  g.pad_bottom = upto(reach_height) - 1;
  g.pad_right = upto(reach_width) - 1;
  const auto at_least = [](std::uint32_t reach, std::uint32_t pads) { return reach > pads ? reach - pads : 1; };
  g.in_height = at_least(reach_height, g.pad_top + g.pad_bottom) + upto(9) - 1;
  g.in_width = at_least(reach_width, g.pad_left + g.pad_right) + upto(9) - 1;
  g.out_height = (g.in_height + g.pad_top + g.pad_bottom - reach_height) / g.stride_height + 1;
  g.out_width = (g.in_width + g.pad_left + g.pad_right - reach_width) / g.stride_width + 1;
  return g;
}

TEST(RowPacking, NoWindowSeesAnotherLineAndNoCloserPitchOrFurtherLineFits) {
  std::mt19937 random(1);
  int packed = 0;
  for (int i = 0; i < 20000; ++i) {
    const ConvGeometry g = random_geometry(random);
    const auto cols = std::uniform_int_distribution<std::uint32_t>(1, 40)(random);
    for (const Dataflow dataflow : {Dataflow::fuse_row, Dataflow::fuse_column, Dataflow::depthwise_broadcast}) {
      const Line line = line_of(dataflow, g);
      const RowPacking packing = densest_packing(dataflow, g, cols);
      if (line.outputs > cols) {
        EXPECT_EQ(packing.lines, 1U);
        continue;
      }
      ASSERT_TRUE(fits(line, packing.lines, packing.pitch, cols));
      // Two lines do not fit any closer, wherever the array ends.
      for (std::int64_t pitch = 1; pitch < packing.pitch; ++pitch) ASSERT_FALSE(fits(line, 2, pitch, 1000));
      if (packing.lines < line.lines) {
        ASSERT_FALSE(fits(line, packing.lines + 1, packing.pitch, cols));
      }
      packed += packing.lines > 1;
    }
  }
  EXPECT_GT(packed, 1000);  // the cases above are not all trivial
}

TEST(RowPacking, SharesThePaddingBetweenNeighbours) {
  ConvGeometry g;
  g.in_height = g.out_height = 7;
  g.in_width = g.out_width = 7;
  g.kernel_width = 3;
  g.pad_left = g.pad_right = 1;
  const RowPacking packing = densest_packing(Dataflow::fuse_row, g, 64);
  EXPECT_EQ(packing.pitch, 8U);  // 7 pixels and one zero
  EXPECT_EQ(packing.lines, 7U);  // 8 would fit, but the map has 7 lines
  EXPECT_EQ(densest_packing(Dataflow::fuse_row, g, 54).lines, 6U);
  EXPECT_EQ(densest_packing(Dataflow::fuse_row, g, 55).lines, 7U);
}

TEST(RowPacking, KeepsLinesOfOtherDataflowsAndOfLongLinesAlone) {
  ConvGeometry g;
  g.in_height = g.out_height = g.in_width = g.out_width = 7;
  EXPECT_EQ(densest_packing(Dataflow::gemm, g, 64).lines, 1U);
  EXPECT_EQ(densest_packing(Dataflow::depthwise_column, g, 64).lines, 1U);
  EXPECT_EQ(densest_packing(Dataflow::depthwise_row, g, 64).lines, 1U);
  EXPECT_EQ(densest_packing(Dataflow::fuse_row, g, 6).lines, 1U);
  EXPECT_EQ(densest_packing(Dataflow::fuse_row, g, 7).lines, 1U);
}

}  // namespace
}  // namespace fusesim::isa
