// SPDX-License-Identifier: Apache-2.0
// Random compute instructions on random machines: pitched maps at any address, banks of any number.
#pragma once

#include <algorithm>
#include <cstdint>

#include "hw/isa/machine/program.h"
#include "tests/support/random_instruction.h"

namespace fusesim::test {

struct RandomCompute {
  isa::machine::Compute compute;
  isa::machine::CoreConfig core;
};

inline isa::machine::ScratchpadConfig random_pad(Random& random, std::uint32_t most_banks) {
  isa::machine::ScratchpadConfig pad;
  pad.banks = random.chance(0.5) ? 1U << random.between(0, 4) : random.between(1, most_banks);
  pad.width = 1U << random.between(0, 3);
  pad.ports = random.chance(0.6) ? 1 : random.between(1, 3);
  pad.bytes = pad.row_bytes() << 10;
  return pad;
}

/// Maps are up to `size` on a side, arrays up to `side`. Bytes that the instruction reads lie below 2^20.
inline RandomCompute random_compute(Random& random, std::uint32_t side = 17, std::uint32_t size = 12) {
  RandomCompute result;
  result.core.array = random_array(random, side);
  result.core.activations = random_pad(random, 24);
  result.core.weights = random_pad(random, 24);
  const isa::ArrayInstruction instruction = random_instruction(random, result.core.array, size);
  isa::machine::Compute& compute = result.compute;
  compute.dataflow = instruction.dataflow;
  compute.geometry = instruction.geometry;
  compute.lines_per_row = instruction.lines_per_row;
  compute.pad_value = instruction.pad_value;
  isa::ConvGeometry& g = compute.geometry;
  // What a linear layer is.
  if (compute.dataflow == isa::Dataflow::gemm && random.chance(0.1)) {
    g = {.in_channels = random.between(1, 60), .out_channels = random.between(1, 40)};
  }
  // Folding knows depthwise layers with several filters a channel, although programs may not have them.
  if (compute.dataflow != isa::Dataflow::gemm && random.chance(0.1)) g.out_channels *= random.between(2, 3);

  compute.input.line_pitch = g.in_width + (random.chance(0.5) ? 0 : random.between(1, 9));
  const std::uint32_t plane = (g.in_height - 1) * compute.input.line_pitch + g.in_width;
  compute.input.channel_pitch = random.chance(0.4) ? g.in_height * compute.input.line_pitch
                                                   : plane + (random.chance(0.3) ? 0 : random.between(1, 20));
  compute.input.address = random.between(0, 100);
  compute.weights = random.between(0, 100);
  compute.weights_pitch = g.out_channels + (random.chance(0.5) ? 0 : random.between(1, 9));
  return result;
}

}  // namespace fusesim::test
