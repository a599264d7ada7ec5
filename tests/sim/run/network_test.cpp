// SPDX-License-Identifier: Apache-2.0
#include "sim/run/network.h"

#include <gtest/gtest.h>

#include "sim/run/machine_run.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::run {
namespace {

TEST(Network, IsNamedWithItsVariantAndASizeThatIsNotTheUsual) {
  EXPECT_EQ(describe({"mobilenet_v2", "fuse_half", {}}), "mobilenet_v2 fuse_half");
  EXPECT_EQ(describe({"mobilenet_v2", "fuse_half", InputSize{224, 224}}), "mobilenet_v2 fuse_half");
  EXPECT_EQ(describe({"fusionet_c10", "baseline", InputSize{32, 32}}), "fusionet_c10 baseline");
  EXPECT_EQ(describe({"fusionet_c10", "baseline", InputSize{224, 224}}), "fusionet_c10 baseline 224x224");
  EXPECT_EQ(describe({"mobilenet_v2", "fuse_half", InputSize{224, 192}}), "mobilenet_v2 fuse_half 224x192");
}

TEST(Network, IsBuiltAtTheSizeAskedFor) {
  const auto layers = graph::array_layers(build({"mobilenet_v1", "fuse_half", InputSize{96, 64}}));
  EXPECT_EQ(layers.front().in_height, 96u);
  EXPECT_EQ(layers.front().in_width, 64u);
  EXPECT_EQ(graph::totals(build({"mobilenet_v1", "baseline", {}})).macs,
            graph::totals(zoo::build("mobilenet_v1", "baseline")).macs);
  const auto wide = graph::array_layers(build({"fusionet_c10", "baseline", InputSize{224, 224}}));
  EXPECT_EQ(wide.front().in_width, 224u);
  EXPECT_EQ(graph::array_layers(build({"fusionet_c10", "baseline", {}})).front().in_width, 32u);
  EXPECT_THROW((void)build({"mobilenet_v9", "baseline", {}}), std::invalid_argument);
}

// tRCD + CL + BL/2 = 16 + 16 + 4 clocks of 1200 MHz are 30 ns.
TEST(Network, CompilerBelievesTheLatencyOfTheMemory) {
  config::MachineConfig machine = config::load("fuseconv-64x64-ddr4");
  EXPECT_DOUBLE_EQ(latency_cycles(machine), 30);
  machine.frequency_mhz = 400;
  EXPECT_DOUBLE_EQ(latency_cycles(machine), 12);
  machine.memory = {.standard = "fixed", .fixed_latency_ns = 70};
  EXPECT_DOUBLE_EQ(latency_cycles(machine), 28);
}

TEST(Network, RunsWithAndWithoutValuesInTheSameCyclesAndMovesTheBytesPlanned) {
  const config::MachineConfig machine = config::load("edge-16x16-lpddr4");
  const Network network{"mobilenet_v3_small", "fuse_half", InputSize{32, 40}};
  NetworkOptions options;
  const tile::Compiled with = compile_network(network, machine, options);
  const MachineRun run = run_machine(with.program, machine, {});
  options.values = false;
  const tile::Compiled without = compile_network(network, machine, options);
  EXPECT_FALSE(without.program.has_values());
  MachineOptions timing_only;
  timing_only.values = false;
  const MachineRun timed = run_machine(without.program, machine, timing_only);
  EXPECT_EQ(timed.record.cycles, run.record.cycles);
  EXPECT_EQ(timed.record.causes, run.record.causes);
  EXPECT_TRUE(run.account.total.digest);
  EXPECT_FALSE(timed.account.total.digest);
  EXPECT_THROW((void)run_machine(without.program, machine, {}), OptionError);

  std::uint64_t loaded = 0, stored = 0;
  for (const tile::LayerPlan& layer : with.layers) {
    loaded += layer.load_bytes;
    stored += layer.store_bytes;
  }
  EXPECT_EQ(run.account.total.dram_bytes_read, loaded);
  EXPECT_EQ(run.account.total.dram_bytes_written, stored);
  EXPECT_EQ(run.account.total.macs, graph::totals(build(network)).macs);
}

}  // namespace
}  // namespace fusesim::run
