// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/random_layers.h"

#include <algorithm>

namespace fusesim::verify {

using isa::Dataflow;

// The standard's distributions differ between libraries; the generators do not.
std::uint32_t RandomLayers::between(std::uint32_t low, std::uint32_t high) {
  return low + static_cast<std::uint32_t>(random_() % (std::uint64_t{high} - low + 1));
}

namespace {

/// Output positions along an axis; 0 when the kernel does not fit.
std::uint32_t positions(std::uint32_t in, std::uint32_t kernel, std::uint32_t stride, std::uint32_t dilation,
                        std::uint32_t pads) {
  const std::uint32_t reach = dilation * (kernel - 1) + 1;
  return reach > in + pads ? 0 : (in + pads - reach) / stride + 1;
}

}  // namespace

isa::ArrayInstruction RandomLayers::instruction() {
  isa::ArrayInstruction instruction;
  isa::ConvGeometry& g = instruction.geometry;
  instruction.dataflow = static_cast<Dataflow>(between(0, array_.fuse_links ? 5 : 2));
  const bool dense = instruction.dataflow == Dataflow::gemm;
  const bool on_wires = instruction.dataflow >= Dataflow::depthwise_broadcast;
  // FuSe lines lie along the columns; the other layers fill rows and columns through their channels as well.
  const std::uint32_t side = on_wires ? 2 * array_.cols + 4 : 10;
  do {
    g.kernel_height = instruction.dataflow == Dataflow::fuse_row ? 1 : between(1, one_in(4) ? 7 : 3);
    g.kernel_width = instruction.dataflow == Dataflow::fuse_column ? 1 : between(1, one_in(4) ? 7 : 3);
    if (dense && one_in(2)) g.kernel_height = g.kernel_width = 1;
    g.stride_height = between(1, 3);
    g.stride_width = one_in(4) ? between(1, 3) : g.stride_height;
    g.dilation_height = one_in(6) ? between(2, 3) : 1;
    g.dilation_width = one_in(6) ? between(2, 3) : 1;
    g.in_height = between(1, instruction.dataflow == Dataflow::fuse_row ? 6 : side);
    g.in_width = between(1, instruction.dataflow == Dataflow::fuse_column ? 6 : side);
    if (instruction.dataflow == Dataflow::depthwise_broadcast) g.in_height = std::min(g.in_height, 10U);
    g.pad_top = between(0, g.kernel_height / 2);
    g.pad_bottom = between(0, g.kernel_height / 2);
    g.pad_left = between(0, g.kernel_width / 2);
    g.pad_right = between(0, g.kernel_width / 2);
    g.out_height =
        positions(g.in_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top + g.pad_bottom);
    g.out_width = positions(g.in_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left + g.pad_right);
  } while (g.out_height == 0 || g.out_width == 0);

  if (dense) {
    g.groups = one_in(5) ? 2 : 1;
    g.in_channels = g.groups * between(1, 8);
    g.out_channels = g.groups * between(1, array_.cols + array_.cols / 2 + 1);
  } else {
    // Each channel of a column or row mapping is a fold or more of its own; rows of a FuSe fold are shared.
    const std::uint32_t most = on_wires ? std::max(2U, array_.rows / 2) : 4U;
    g.groups = g.in_channels = g.out_channels = between(1, most);
  }
  instruction.pad_value = static_cast<std::int8_t>(one_in(3) ? static_cast<int>(between(0, 255)) - 128 : 0);
  if (on_wires && !one_in(3)) {
    instruction.lines_per_row = isa::densest_packing(instruction.dataflow, g, array_.cols).lines;
  }
  return instruction;
}

std::vector<std::int8_t> RandomLayers::values(std::size_t count, bool extreme) {
  std::vector<std::int8_t> values(count);
  const bool sparse = one_in(4);
  for (std::int8_t& value : values) {
    if (extreme) {
      value = -128;
    } else if (!sparse || one_in(4)) {
      value = static_cast<std::int8_t>(static_cast<int>(between(0, 255)) - 128);
    }
  }
  return values;
}

RandomLayer RandomLayers::next() {
  const isa::ArrayInstruction layer = instruction();
  const isa::ConvGeometry& g = layer.geometry;
  RandomLayer made{control::FoldPlan(layer, array_), {}, {}};
  const bool extreme = one_in(8);  // The largest sums there are.
  made.input = values(std::size_t{g.in_channels} * g.in_height * g.in_width, extreme);
  made.weights =
      values(std::size_t{g.out_channels} * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width, extreme);
  return made;
}

}  // namespace fusesim::verify
