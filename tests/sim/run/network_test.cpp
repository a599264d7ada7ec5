// SPDX-License-Identifier: Apache-2.0
#include "sim/run/network.h"

#include <gtest/gtest.h>

#include <algorithm>

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

/// FusioNet on small pictures: on the fused unit when asked for, as any network otherwise.
TEST(Network, RunsBlocksOnTheFusedUnitOnlyWhenTheyAreToBePredicted) {
  config::MachineConfig machine = config::load("archon-8x8");
  machine.memory.standard = "DDR4-2400";
  const Network network{"fusionet_c10", "baseline", InputSize{8, 8}};
  NetworkOptions options;
  options.values = false;
  const auto fused_layers = [](const tile::Compiled& compiled) {
    return std::count_if(compiled.layers.begin(), compiled.layers.end(), [](const auto& l) { return l.words > 0; });
  };
  const tile::Compiled plain = compile_network(network, machine, options);
  EXPECT_EQ(fused_layers(plain), 0);
  options.fused.schedule = tile::FusedSchedule::lists_pass;  // Of no meaning without blocks.
  EXPECT_EQ(compile_network(network, machine, options).program, plain.program);

  options.prediction = PredictionOptions{.survival = 0.4, .blocks = {"b2", "b5"}};
  options.values = true;
  const tile::Compiled two = compile_network(network, machine, options);
  EXPECT_EQ(two.program.network, "fusionet_c10 baseline 8x8 predicted 0.4");
  EXPECT_EQ(fused_layers(two), 2);
  const MachineAccount account = run_machine(two.program, machine, {}).account;
  ASSERT_EQ(account.layers.size(), two.layers.size());
  std::uint64_t words = 0;
  for (std::size_t i = 0; i < account.layers.size(); ++i) {
    EXPECT_EQ(account.layers[i].fused, two.layers[i].words > 0) << account.layers[i].name;
    EXPECT_EQ(account.layers[i].fused_counters.words, two.layers[i].words) << account.layers[i].name;
    EXPECT_EQ(account.layers[i].fused_counters.products, two.layers[i].products) << account.layers[i].name;
    words += two.layers[i].words;
  }
  EXPECT_EQ(account.total.fused_counters.words, words);
  EXPECT_GT(account.total.fused_counters.survivors, 0U);

  // Without values masks are made up: the more pass, the longer queues are full.
  MachineOptions timing_only;
  timing_only.values = false;
  EXPECT_THROW((void)run_machine(two.program, machine, timing_only), std::invalid_argument);
  std::vector<std::uint64_t> survivors;
  for (const double survival : {0.0, 0.3, 1.0}) {
    timing_only.survival = survival;
    survivors.push_back(run_machine(two.program, machine, timing_only).account.total.fused_counters.survivors);
  }
  EXPECT_EQ(survivors[0], 0U);
  EXPECT_LT(survivors[1], survivors[2]);
  options.prediction->blocks = {"b99"};
  EXPECT_THROW((void)compile_network(network, machine, options), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::run
