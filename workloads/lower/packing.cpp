// SPDX-License-Identifier: Apache-2.0
// Packing trades folds for longer folds: n lines in a row need 1/n of the rows, but the row is (n - 1) pitch wider and
// so takes longer to stream. It wins when folds are short of the R cycles their drain takes anyway, or when the
// filter's taps are a large part of a fold; it loses when all lines have a row of their own in one fold.
//
// The estimate is docs/timing.md's fold time for c columns in use, K taps on the line and L lines across the filter. A
// line enters phase by phase, so that tap k meets what the stride asks for: n = min(K, s / gcd(s, d)) phases, phase k
// of which carries taps k, k + n, ... and takes c cycles and as many more as its taps are positions apart.
//   feed = L * (sum over phases of c + span of its taps)
// A fold of r rows may start after the one before it by
//   max(feed, r)               ping-pong accumulators
//   max(feed, feed + 1 + r - c)  one accumulator: its first tap, after c cycles, must find the last sum gone
//   feed + 1 + R               serial
#include "workloads/lower/packing.h"

#include <algorithm>
#include <numeric>

namespace fusesim::lower {
namespace {

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

std::uint64_t line_cycles(std::uint64_t cols, std::uint64_t taps, std::uint64_t stride, std::uint64_t dilation) {
  const std::uint64_t period = stride / std::gcd(stride, dilation);
  std::uint64_t cycles = 0;
  for (std::uint64_t first = 0; first < std::min(taps, period); ++first) {
    cycles += cols + dilation * ((taps - 1 - first) / period * period) / stride;
  }
  return cycles;
}

std::uint64_t estimated_cycles(isa::Dataflow dataflow, const isa::ConvGeometry& g, const isa::ArrayConfig& array,
                               std::uint32_t lines, std::uint32_t pitch) {
  const bool column = dataflow == isa::Dataflow::fuse_column;
  const std::uint64_t outputs = column ? g.out_height : g.out_width;
  const std::uint64_t all_lines = column ? g.out_width : g.out_height;
  const std::uint64_t taps = column ? g.kernel_height : g.kernel_width;
  const std::uint64_t tap_lines = column ? g.kernel_width : g.kernel_height;
  const std::uint64_t stride = column ? g.stride_height : g.stride_width;
  const std::uint64_t dilation = column ? g.dilation_height : g.dilation_width;

  const std::uint64_t cols = std::uint64_t{lines - 1} * pitch + outputs;
  const std::uint64_t tasks = std::uint64_t{g.out_channels} * ceil_div(all_lines, lines);
  const std::uint64_t folds = ceil_div(tasks, array.rows);
  const std::uint64_t feed = tap_lines * line_cycles(cols, taps, stride, dilation);
  const auto interval = [&](std::uint64_t rows) {
    if (array.folds == isa::FoldOverlap::serial) return feed + 1 + array.rows;
    const bool single = array.accumulators == isa::Accumulators::single;
    return single ? std::max(feed, feed + 1 + rows - cols) : std::max(feed, rows);
  };
  const std::uint64_t last_rows = tasks - (folds - 1) * array.rows;
  const std::uint64_t last_start = folds == 1 ? 0 : (folds - 2) * interval(array.rows) + interval(last_rows);
  return last_start + feed + 1 + array.rows;
}

}  // namespace

std::uint32_t best_lines_per_row(isa::Dataflow dataflow, const isa::ConvGeometry& geometry,
                                 const isa::ArrayConfig& array) {
  const isa::RowPacking densest = isa::densest_packing(dataflow, geometry, array.cols);
  std::uint32_t best = 1;
  for (std::uint32_t lines = 2; lines <= densest.lines; ++lines) {
    if (estimated_cycles(dataflow, geometry, array, lines, densest.pitch) <
        estimated_cycles(dataflow, geometry, array, best, densest.pitch)) {
      best = lines;
    }
  }
  return best;
}

}  // namespace fusesim::lower
