// SPDX-License-Identifier: Apache-2.0
// Whole networks: a run stepped clock by clock gives what the timing law and the value kernels give, layer by layer.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "sim/run/run.h"
#include "workloads/graph/graph.h"
#include "workloads/lower/lower.h"
#include "workloads/zoo/zoo.h"

namespace fusesim {
namespace {

using Case = std::tuple<std::string, std::string, std::uint32_t>;  // network, variant, array side

std::vector<Case> cases() {
  std::vector<Case> all;
#ifdef FUSESIM_EVERY_NETWORK
  for (const std::uint32_t side : {8U, 16U, 32U, 64U}) {
    for (const std::string_view network : zoo::networks()) {
      for (const std::string_view variant : zoo::variants(network)) all.emplace_back(network, variant, side);
    }
  }
#else
  all = {{"mobilenet_v2", "baseline", 64},          {"mobilenet_v2", "fuse_half", 32},
         {"mobilenet_v2", "fuse_full", 64},         {"mobilenet_v3_small", "baseline", 16},
         {"mobilenet_v3_small", "fuse_half_50", 8}, {"mobilenet_v3_large", "fuse_full_50", 32},
         {"mnasnet_b1", "fuse_half", 64},           {"mobilenet_v1", "fuse_half", 32}};
#endif
  return all;
}

class NetworkFidelity : public testing::TestWithParam<Case> {};

TEST_P(NetworkFidelity, SteppedEqualsEventLayerByLayer) {
  const auto& [network, variant, side] = GetParam();
  const auto layers = graph::array_layers(zoo::build(network, variant));
  lower::LowerOptions options;
  options.array.rows = options.array.cols = side;
  // Each mapping of depthwise layers gets its share of the cases.
  const isa::Dataflow mappings[] = {isa::Dataflow::depthwise_column, isa::Dataflow::depthwise_row,
                                    isa::Dataflow::depthwise_broadcast};
  options.depthwise = mappings[(network.size() + variant.size() + side / 8) % 3];
  const isa::Program program = lower::lower_layers(layers, network + " " + variant, options);
  run::Options event, stepped;
  stepped.fidelity = accelerator::Fidelity::stepped;
  const run::Result expected = run::run(program, event), actual = run::run(program, stepped);
  ASSERT_EQ(expected.layers.size(), actual.layers.size());
  std::uint64_t macs = 0;
  for (std::size_t i = 0; i < expected.layers.size(); ++i) {
    EXPECT_EQ(expected.layers[i].timing, actual.layers[i].timing) << expected.layers[i].name;
    EXPECT_EQ(expected.layers[i].digest, actual.layers[i].digest) << expected.layers[i].name;
    macs += layers[i].macs();
  }
  EXPECT_EQ(expected.cycles, actual.cycles);
  EXPECT_EQ(expected.breakdown, actual.breakdown);
  EXPECT_EQ(expected.breakdown.total(), expected.cycles);
  EXPECT_EQ(actual.macs, macs);
}

INSTANTIATE_TEST_SUITE_P(Zoo, NetworkFidelity, testing::ValuesIn(cases()), [](const auto& c) {
  return std::get<0>(c.param) + "_" + std::get<1>(c.param) + "_" + std::to_string(std::get<2>(c.param));
});

}  // namespace
}  // namespace fusesim
