// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/array_cycles.h"

#include <algorithm>
#include <numeric>

namespace fusesim::tile {
namespace {

using isa::Dataflow;
using isa::machine::VectorKind;

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

/// Folds of `extent` rows in blocks of R: sum over the blocks of the time from one to the next.
template <typename Interval>
std::uint64_t over_blocks(std::uint64_t extent, std::uint64_t block, Interval interval) {
  const std::uint64_t full = extent / block, rest = extent % block;
  return full * interval(block) + (rest > 0 ? interval(rest) : 0);
}

/// docs/timing.md, "Successive folds": rules 1 to 3 for folds of inner length T, r rows and c columns.
ArrayCycles gemm_cycles(std::uint64_t inner, std::uint64_t rows, std::uint64_t cols, std::uint64_t groups,
                        const isa::ArrayConfig& array) {
  ArrayCycles cycles;
  cycles.steady = groups * over_blocks(cols, array.cols, [&](std::uint64_t c) {
                    return over_blocks(rows, array.rows, [&](std::uint64_t r) {
                      const std::uint64_t whole = inner + r + (c - 1) + array.broadcast_stages + array.rows;
                      const std::uint64_t interval = array.folds == isa::FoldOverlap::serial ? whole
                                                     : array.accumulators == isa::Accumulators::single
                                                         ? inner + r
                                                         : std::max(inner, r);
                      cycles.tail = whole - std::min(whole, interval);
                      return interval;
                    });
                  });
  return cycles;
}

/// Cycles of a line's stream: a phase for each residue of tap positions modulo the stride, as long as its outputs and
/// the distance of its taps.
std::uint64_t line_cycles(std::uint64_t cols, std::uint64_t taps, std::uint64_t stride, std::uint64_t dilation) {
  const std::uint64_t period = stride / std::gcd(stride, dilation);
  std::uint64_t cycles = 0;
  for (std::uint64_t first = 0; first < std::min(taps, period); ++first) {
    cycles += cols + dilation * ((taps - 1 - first) / period * period) / stride;
  }
  return cycles;
}

ArrayCycles row_cycles(bool transposed, Dataflow dataflow, const isa::ConvGeometry& g, std::uint32_t lines_per_row,
                       const isa::ArrayConfig& array) {
  const std::uint64_t outputs = transposed ? g.out_height : g.out_width;
  const std::uint64_t lines = transposed ? g.out_width : g.out_height;
  const std::uint64_t taps = transposed ? g.kernel_height : g.kernel_width;
  const std::uint64_t tap_lines = transposed ? g.kernel_width : g.kernel_height;
  const std::uint64_t stride = transposed ? g.stride_height : g.stride_width;
  const std::uint64_t dilation = transposed ? g.dilation_height : g.dilation_width;
  const std::uint64_t pitch = lines_per_row > 1 ? isa::densest_packing(dataflow, g, array.cols).pitch : outputs;
  const std::uint64_t tasks = g.out_channels * ceil_div(lines, lines_per_row);
  ArrayCycles cycles;
  cycles.steady = over_blocks((lines_per_row - 1) * pitch + outputs, array.cols, [&](std::uint64_t cols) {
    const std::uint64_t feed = tap_lines * line_cycles(cols, taps, stride, dilation);
    const std::uint64_t whole = feed + 1 + array.broadcast_stages + array.rows;
    return over_blocks(tasks, array.rows, [&](std::uint64_t rows) {
      std::uint64_t interval = std::max(feed, rows);
      if (array.accumulators == isa::Accumulators::single) {
        interval = std::max(feed, feed + 1 + rows - std::min(cols, feed + rows));
      }
      if (array.folds == isa::FoldOverlap::serial) interval = whole;
      cycles.tail = whole - std::min(whole, interval);
      return interval;
    });
  });
  return cycles;
}

}  // namespace

ArrayCycles array_cycles(Dataflow dataflow, const isa::ConvGeometry& g, std::uint32_t lines_per_row,
                         const isa::ArrayConfig& array) {
  const std::uint64_t pixels = std::uint64_t{g.out_height} * g.out_width;
  const std::uint64_t inner = std::uint64_t{g.in_channels / g.groups} * g.kernel_height * g.kernel_width;
  const std::uint64_t filters = g.out_channels / g.groups;
  switch (dataflow) {
    case Dataflow::gemm:
    case Dataflow::depthwise_column:
      return gemm_cycles(inner, pixels, filters, g.groups, array);
    case Dataflow::depthwise_row:
      return gemm_cycles(inner, filters, pixels, g.groups, array);
    case Dataflow::depthwise_broadcast:
    case Dataflow::fuse_row:
      return row_cycles(false, dataflow, g, lines_per_row, array);
    case Dataflow::fuse_column:
      return row_cycles(true, dataflow, g, lines_per_row, array);
  }
  return {};
}

std::uint64_t vector_cycles(VectorKind kind, std::uint64_t elements, std::uint64_t window_elements,
                            const isa::machine::CoreConfig& core) {
  const std::uint64_t lanes = core.vector.lanes;
  const auto passes = [&](isa::machine::Pad pad, std::uint64_t element_bytes) {
    return ceil_div(lanes * element_bytes, core.pad(pad).row_bytes());
  };
  using enum isa::machine::Pad;
  std::uint64_t read = kind == VectorKind::requantize ? passes(outputs, 4) : passes(activations, 1);
  if (kind == VectorKind::add) read += passes(activations, 1);
  return core.vector.latency + ceil_div(elements, lanes) * window_elements * std::max(read, passes(outputs, 1));
}

}  // namespace fusesim::tile
