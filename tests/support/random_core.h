// SPDX-License-Identifier: Apache-2.0
// Random cores and compiler options.
#pragma once

#include "tests/support/random_instruction.h"
#include "workloads/tile/compile.h"

namespace fusesim::test {

/// A small array with scratchpads of about 2 to 64 KB; odd numbers of banks.
inline isa::machine::CoreConfig random_core(Random& random) {
  isa::machine::CoreConfig core;
  core.array = random_array(random, 9);
  for (isa::machine::ScratchpadConfig* pad : {&core.activations, &core.weights, &core.outputs}) {
    pad->banks = random.between(1, 20);
    pad->width = 1U << random.between(0, 3);
    pad->ports = random.between(1, 3);
  }
  core.outputs.banks = random.between(core.array.cols, 20);
  core.outputs.width = 4;
  for (isa::machine::ScratchpadConfig* pad : {&core.activations, &core.weights, &core.outputs}) {
    const std::uint64_t wanted = std::uint64_t{2048} << random.between(0, 5);
    pad->bytes = (wanted + pad->row_bytes() - 1) / pad->row_bytes() * pad->row_bytes();
  }
  core.vector.lanes = random.between(1, 40);
  core.vector.latency = random.between(1, 12);
  core.control.queue_depth = random.between(1, 8);
  return core;
}

inline tile::Options random_compile_options(Random& random) {
  tile::Options options;
  options.core = random_core(random);
  const std::uint32_t mappings = options.core.array.fuse_links ? 2 : 1;
  options.depthwise = std::array{isa::Dataflow::depthwise_column, isa::Dataflow::depthwise_row,
                                 isa::Dataflow::depthwise_broadcast}[random.between(0, mappings)];
  options.row_packing = random.chance(0.5);
  options.dram_bytes_per_cycle = random.between(1, 64);
  options.dram_latency_cycles = random.between(0, 300);
  return options;
}

}  // namespace fusesim::test
