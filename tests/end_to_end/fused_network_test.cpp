// SPDX-License-Identifier: Apache-2.0
// Random networks with predicted blocks on random machines, and FusioNet on the machine of its study.
#include "fused_network.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/hw/accelerator/machine_support.h"
#include "tests/lockstep/fused_configs.h"
#include "tests/support/random_core.h"
#include "tests/support/random_predicted_network.h"

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;
using accelerator::test::random_options;
using test::Random;

/// Any schedule, either source, the core as it is.
std::optional<tile::Compiled> try_compile(const reference::QuantizedGraph& network, tile::Options options,
                                          Random& random) {
  options.fused.schedule = std::array{tile::FusedSchedule::best, tile::FusedSchedule::lists_stay,
                                      tile::FusedSchedule::lists_pass}[random.between(0, 2)];
  options.fused.source = random.chance(0.3) ? isa::machine::FusedSource::factors : isa::machine::FusedSource::lists;
  try {
    return tile::compile(network, "test", options);
  } catch (const tile::CompileError&) {
    return std::nullopt;
  }
}

/// Nothing depends on data on a fixed unit: the same program without inputs and weights, which has its lists all the
/// same.
void expect_same_times_without_values(const tile::Compiled& compiled, accelerator::MachineOptions how,
                                      const accelerator::MachineResult& result) {
  isa::machine::Program program = compiled.program;
  for (isa::machine::Section& section : program.sections) {
    if (section.role != isa::machine::Role::lists) section.values.clear();
  }
  how.values = false;
  how.keep_tensors = false;
  const accelerator::MachineResult timed = accelerator::run(program, program.core, how);
  EXPECT_EQ(timed.record.cycles, result.record.cycles);
  EXPECT_EQ(timed.record.causes, result.record.causes);
  EXPECT_EQ(timed.record.layer_causes, result.record.layer_causes);
}

TEST(FusedNetwork, EventAndSteppedModelEqualTheReferenceOnRandomNetworks) {
  std::size_t runs = 0, timed = 0;
  for (std::uint64_t seed = 0; seed < 160; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const reference::QuantizedGraph network =
        test::random_predicted_network(seed, {.blocks = 2, .size = 12, .channels = 3, .middle = 8});
    tile::Options options = test::random_compile_options(random);
    for (isa::machine::ScratchpadConfig* pad :
         {&options.core.activations, &options.core.weights, &options.core.outputs}) {
      const std::uint64_t bytes = std::max<std::uint64_t>(pad->bytes, 8192);
      pad->bytes = (bytes + pad->row_bytes() - 1) / pad->row_bytes() * pad->row_bytes();
    }
    options.core.fused = test::random_fused_unit(random, options.core.array);
    options.seed = seed;
    const auto compiled = try_compile(network, options, random);
    if (!compiled) continue;
    const accelerator::MachineOptions how = random_options(random);
    const accelerator::MachineResult result =
        expect_fused_network_runs(network, *compiled, how, {Fidelity::event, Fidelity::stepped});
    if (options.core.fused.mode == isa::machine::FusedMode::fixed) {
      expect_same_times_without_values(*compiled, how, result);
      ++timed;
    }
    if (HasFailure()) return;
    ++runs;
  }
  EXPECT_GE(runs, 120U);
  EXPECT_GE(timed, 30U);
}

/// Array and fused block of one size, both Verilated: rows and columns, wires, the fused block's name.
struct RtlMachine {
  std::uint32_t rows, cols;
  bool fuse_links;
  const char* fused;
};

TEST(FusedNetwork, VerilogEqualsTheReferenceAndTheEventModelOnRandomNetworks) {
  const RtlMachine machines[] = {{4, 4, true, "4x4_elastic_l8_a3_q8_w18_f4_m32_p200_v16_t2048_b8_o5"},
                                 {4, 4, false, "4x4_fixed_l5_a5_q0_w20_f1_m32_p128_v32_t2048_b16_o16"},
                                 {2, 3, true, "2x3_elastic_l4_a2_q5_w20_f2_m24_p100_v5_t1024_b4_o2"},
                                 {1, 1, true, "1x1_elastic_l3_a1_q4_w20_f2_m16_p64_v8_t512_b5_o1"}};
  for (const RtlMachine& machine : machines) {
    std::size_t runs = 0;
    for (std::uint64_t seed = 100; seed < 180 && runs < 6; ++seed) {
      SCOPED_TRACE(std::string(machine.fused) + ", seed " + std::to_string(seed));
      Random random(seed);
      const reference::QuantizedGraph network =
          test::random_predicted_network(seed, {.blocks = 2, .size = 9, .channels = 3, .middle = 4});
      tile::Options options;
      options.seed = seed;
      options.core.array.rows = machine.rows;
      options.core.array.cols = machine.cols;
      options.core.array.fuse_links = machine.fuse_links;
      options.depthwise = isa::Dataflow::depthwise_column;
      options.core.fused = test::fused_config(machine.fused);
      options.core.fused.composer_terms_per_cycle = options.core.fused.lanes;
      const auto compiled = try_compile(network, options, random);
      if (!compiled) continue;
      expect_fused_network_runs(network, *compiled, random_options(random), {Fidelity::event, Fidelity::rtl});
      if (HasFailure()) return;
      ++runs;
    }
    EXPECT_EQ(runs, 6U) << machine.fused;
  }
}

TEST(FusedNetwork, FusioNetEqualsTheReference) {
  EXPECT_EQ(expect_predicted_case_runs({.network = "fusionet_c10"}, {Fidelity::event}), 16U);
}

}  // namespace
}  // namespace fusesim::end_to_end
