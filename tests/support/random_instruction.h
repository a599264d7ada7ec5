// SPDX-License-Identifier: Apache-2.0
// Random arrays, layers and folds for property tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "hw/isa/program.h"

namespace fusesim::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(engine_);
  }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(engine_); }
  std::int8_t int8() { return static_cast<std::int8_t>(between(0, 255) - 128); }

 private:
  std::mt19937_64 engine_;
};

/// An array of at most `side` by `side`, often 1xN, Nx1 or odd.
inline isa::ArrayConfig random_array(Random& random, std::uint32_t side) {
  isa::ArrayConfig config;
  config.rows = random.chance(0.15) ? 1 : random.between(1, side);
  config.cols = random.chance(0.15) ? 1 : random.between(1, side);
  config.accumulators = random.chance(0.5) ? isa::Accumulators::single : isa::Accumulators::pingpong;
  config.folds = random.chance(0.25) ? isa::FoldOverlap::serial : isa::FoldOverlap::pipelined;
  config.fuse_links = random.chance(0.85);
  if (config.fuse_links && random.chance(0.3))
    config.broadcast_stages = random.between(0, std::min(config.cols - 1, 3U));
  return config;
}

/// A layer with a dataflow the array has; odd sizes, strides 1 to 3, kernels 1 to 7, asymmetric padding, dilation.
inline isa::ArrayInstruction random_instruction(Random& random, const isa::ArrayConfig& array,
                                                std::uint32_t size = 12) {
  using isa::Dataflow;
  isa::ArrayInstruction instruction;
  isa::ConvGeometry& g = instruction.geometry;
  instruction.dataflow = static_cast<Dataflow>(random.between(0, array.fuse_links ? 5 : 2));
  const bool dense = instruction.dataflow == Dataflow::gemm;
  for (;;) {
    g.kernel_height = instruction.dataflow == Dataflow::fuse_row ? 1 : random.between(1, 7);
    g.kernel_width = instruction.dataflow == Dataflow::fuse_column ? 1 : random.between(1, 7);
    if (dense && random.chance(0.5)) g.kernel_height = g.kernel_width = 1;
    g.stride_height = random.between(1, 3);
    g.stride_width = random.chance(0.7) ? g.stride_height : random.between(1, 3);
    g.dilation_height = random.chance(0.15) ? random.between(2, 3) : 1;
    g.dilation_width = random.chance(0.15) ? random.between(2, 3) : 1;
    g.in_height = random.between(1, size);
    g.in_width = random.between(1, size);
    g.pad_top = random.between(0, g.kernel_height / 2);
    g.pad_left = random.between(0, g.kernel_width / 2);
    g.pad_bottom = random.between(0, g.kernel_height / 2);
    g.pad_right = random.between(0, g.kernel_width / 2);
    const std::uint32_t reach_y = g.dilation_height * (g.kernel_height - 1) + 1;
    const std::uint32_t reach_x = g.dilation_width * (g.kernel_width - 1) + 1;
    const std::uint32_t padded_y = g.in_height + g.pad_top + g.pad_bottom;
    const std::uint32_t padded_x = g.in_width + g.pad_left + g.pad_right;
    if (reach_y > padded_y || reach_x > padded_x) continue;
    g.out_height = (padded_y - reach_y) / g.stride_height + 1;
    g.out_width = (padded_x - reach_x) / g.stride_width + 1;
    break;
  }
  if (dense) {
    g.groups = random.chance(0.2) ? 2 : 1;
    g.in_channels = g.groups * random.between(1, 9);
    g.out_channels = g.groups * random.between(1, 20);
  } else {
    g.groups = g.in_channels = g.out_channels = random.between(1, 12);
  }
  instruction.pad_value = random.chance(0.3) ? random.int8() : std::int8_t{0};
  const bool fused = instruction.dataflow >= Dataflow::depthwise_broadcast;
  if (fused && random.chance(0.6)) {
    instruction.lines_per_row = isa::densest_packing(instruction.dataflow, g, array.cols).lines;
  }
  return instruction;
}

inline std::vector<std::int8_t> random_values(Random& random, std::size_t count) {
  std::vector<std::int8_t> values(count);
  const bool extreme = random.chance(0.1);
  for (std::int8_t& value : values) value = extreme ? std::int8_t{-128} : random.int8();
  return values;
}

}  // namespace fusesim::test
