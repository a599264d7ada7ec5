// SPDX-License-Identifier: Apache-2.0
// A simulated point against what can be derived without the machine.
#include "sim/study/measure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <variant>

#include "sim/run/machine_run.h"
#include "sim/run/network.h"
#include "workloads/predict/statistics.h"
#include "workloads/predict/synthetic_predicted.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::study {
namespace {

std::uint64_t cause(const Result& result, control::machine::Cause which) {
  return result.causes[static_cast<std::size_t>(which)];
}

TEST(Study, BroadcastsTheWordsThatTheListsOfFusioNetHave) {
  predict::SyntheticOptions options;
  options.survival = usual_survival;
  const predict::SyntheticPredicted network =
      predict::synthetic_predicted(zoo::build("fusionet_c10", "baseline"), options);
  const graph::Graph& graph = network.quantized.graph();
  std::uint64_t words = 0, terms = 0, lists = 0;
  for (graph::NodeId id = 0; id < graph.nodes().size(); ++id) {
    const auto* block = std::get_if<graph::PredictedBlock>(&graph.node(id).op);
    if (block == nullptr) continue;
    const predict::ListStatistics lists_of_block = predict::list_statistics(*block, network.quantized.block(id), 16);
    const std::uint64_t tiles = predict::tiles(graph.node(id).shape);
    words += tiles * (lists_of_block.weight_words + lists_of_block.bias_words);
    terms += tiles * lists_of_block.stored_terms();
    lists += tiles * lists_of_block.weight_lists;
  }
  EXPECT_EQ(lists, 433152U) << "K^2 C/g O of each block and tile: the closed form's main part";

  const Result result = Measurer().measure({"fusionet_c10", Dataflow::fused_fixed, Memory::ample});
  EXPECT_EQ(result.fused.words - cause(result, control::machine::Cause::predict), words);
  EXPECT_EQ(result.fused.terms, terms);
  EXPECT_EQ(result.fused.queue_stalls, 0U) << "mode fixed has no queues";
  EXPECT_EQ(std::accumulate(result.causes.begin(), result.causes.end(), std::uint64_t{0}), result.cycles);
}

TEST(Study, EqualsARunOfTheSameNetworkFromTheCommandLine) {
  const Point point{"archon_mobilenet_v2", Dataflow::fused_elastic, Memory::ddr4};
  run::NetworkOptions options;
  options.prediction = run::PredictionOptions{.survival = point.survival};
  const config::MachineConfig machine = config::load("archon-8x8");
  const tile::Compiled compiled = run::compile_network({point.network}, machine, options);
  const run::MachineRun ran = run::run_machine(compiled.program, machine, {});
  const Result measured = Measurer().measure(point);
  EXPECT_EQ(measured.cycles, ran.record.cycles);
  EXPECT_EQ(measured.causes, ran.record.causes);
  EXPECT_EQ(measured.dram_bytes, ran.record.dram_bytes_read + ran.record.dram_bytes_written);
}

TEST(Study, ListsPointsOnceAndOnMachinesThatAreValid) {
  const std::vector<Point> all = points();
  for (auto point = all.begin(); point != all.end(); ++point) {
    EXPECT_EQ(std::find(std::next(point), all.end(), *point), all.end()) << describe(*point);
    EXPECT_NO_THROW(config::validate(machine_of(*point))) << describe(*point);
  }
}

TEST(Study, StopsInTheMiddleOfMakingANetwork) {
  int asked = 0;
  Measurer measurer([&asked] { return ++asked > 3; });
  EXPECT_THROW(static_cast<void>(measurer.measure({"fusionet_c10", Dataflow::fused_fixed})), Stopped);
  EXPECT_EQ(asked, 4) << "asked before each node, and nothing is computed after the answer";
  EXPECT_THROW(static_cast<void>(measurer.layer_by_layer("fusionet_c10")), Stopped);
}

TEST(Study, NamesThePointThatCannotBeSimulated) {
  try {
    static_cast<void>(Measurer().measure({"archon_shufflenet", Dataflow::fused_elastic}));
    FAIL() << "the modified ShuffleNet has no block that can be predicted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("archon_shufflenet, fused 24/6"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace fusesim::study
