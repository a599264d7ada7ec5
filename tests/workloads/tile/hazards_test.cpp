// SPDX-License-Identifier: Apache-2.0
// Compiled programs are right whatever the speed of memory and units.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/hazard_checker.h"
#include "tests/support/random_core.h"
#include "tests/support/random_network.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/untrained.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::tile {
namespace {

using isa::machine::Instruction;
using isa::machine::Program;

TEST(CompiledHazards, NoneInRandomNetworks) {
  std::size_t programs = 0;
  for (std::uint64_t seed = 1000; seed < 1300; ++seed) {
    test::Random random(seed);
    const reference::QuantizedGraph network = test::random_network(seed, {.operators = 8});
    Options options = test::random_compile_options(random);
    options.values = false;
    try {
      const Program program = compile(network, "test", options).program;
      const auto hazard = test::find_hazard(program);
      ASSERT_FALSE(hazard) << "seed " << seed << ": " << *hazard;
      ++programs;
    } catch (const CompileError&) {
    }
  }
  EXPECT_GT(programs, 250U);
}

TEST(CompiledHazards, NoneInTheNetworksOfTheZoo) {
  for (const auto network : zoo::all_networks()) {
    for (const auto variant : zoo::variants(network)) {
      const auto graph = quantize::with_input_size(zoo::build(network, variant), 32, 32);
      Options options;
      options.values = false;
      // Pads that most layers exceed several times.
      options.core.array.rows = options.core.array.cols = 16;
      options.core.activations.bytes = options.core.weights.bytes = options.core.outputs.bytes = 32 * 1024;
      const Program program = compile(quantize::untrained_network(graph), "test", options).program;
      const auto hazard = test::find_hazard(program);
      ASSERT_FALSE(hazard) << network << " " << variant << ": " << *hazard;
    }
  }
}

/// Every wait is needed: without it something goes wrong. A checker that never complains would fail here, and so would
/// a compiler that waits for too much.
TEST(CompiledHazards, EveryWaitIsNeeded) {
  std::size_t waits = 0, needless = 0;
  for (std::uint64_t seed = 2000; seed < 2020; ++seed) {
    test::Random random(seed);
    const reference::QuantizedGraph network = test::random_network(seed, {.operators = 4, .size = 9});
    Options options = test::random_compile_options(random);
    options.values = false;
    Program program;
    try {
      program = compile(network, "test", options).program;
    } catch (const CompileError&) {
      continue;
    }
    for (std::size_t i = 0; i < program.instructions.size(); ++i) {
      if (waits > 1500) break;
      for (std::uint32_t& wait : program.instructions[i].waits) {
        if (wait == 0) continue;
        const std::uint32_t kept = std::exchange(wait, wait - 1);
        ++waits;
        if (!test::find_hazard(program)) ++needless;
        wait = kept;
      }
    }
  }
  EXPECT_GT(waits, 500U);
  EXPECT_EQ(needless, 0U) << "of " << waits;
}

TEST(CompiledHazards, EarlyReleasesAreSeen) {
  const reference::QuantizedGraph network = test::random_network(3);
  Options options;
  options.values = false;
  Program program = compile(network, "test", options).program;
  ASSERT_FALSE(test::find_hazard(program));
  // Moves each release to the instruction before it in fetch order.
  std::size_t seen = 0, moved = 0;
  for (std::size_t i = 1; i < program.instructions.size(); ++i) {
    if (program.instructions[i].releases.empty()) continue;
    Program broken = program;
    std::swap(broken.instructions[i - 1].releases, broken.instructions[i].releases);
    ++moved;
    if (test::find_hazard(broken)) ++seen;
  }
  EXPECT_GT(moved, 20U);
  EXPECT_EQ(seen, moved);
}

}  // namespace
}  // namespace fusesim::tile
