// SPDX-License-Identifier: Apache-2.0
// Masks that mean something: the trained network runs on the fused unit, and every tensor of every picture is the
// reference's, byte for byte. How long that takes depends on the picture where survivors queue, and only there.
#include "machine_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace fusesim::trained {
namespace {

const std::string kManifest = FUSESIM_TRAINED "/fusionet_c10.json";
const std::string kData = FUSESIM_TEST_DATA "/fusionet_c10/";

struct Runs {
  std::set<std::uint64_t> cycles;  ///< Different ones.
  fused::Counters fused;
};

/// Runs the first pictures and compares every tensor.
Runs run_all(std::size_t count, const std::string& preset, const std::vector<std::string>& changes = {}) {
  const IntegerNetwork network(kManifest, "predicted", kData + "calibration.bin");
  MachineNetwork machine(network, preset, changes);
  std::vector<Picture> pictures = read_cifar10(kData + "images.bin");
  pictures.resize(std::min(count, pictures.size()));
  Runs runs;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const Answer expected = answer(network, pictures[i]);
    const MachineNetwork::Run run = machine.run(pictures[i], expected.tensors);
    EXPECT_EQ(run.difference, std::nullopt) << "picture " << i;
    EXPECT_EQ(run.label, expected.label) << "picture " << i;
    EXPECT_GT(run.compared, network.trained.blocks.size());
    runs.cycles.insert(run.record.cycles);
    runs.fused += run.fused;
  }
  return runs;
}

TEST(TrainedNetworkOnTheFusedUnit, GivesTheReferencesTensorsForEveryPicture) {
  const Runs runs = run_all(64, "archon-8x8");
  EXPECT_GT(runs.fused.live_products, 0u);
  EXPECT_LT(runs.fused.live_products, runs.fused.products);
}

TEST(TrainedNetworkOnTheFusedUnit, TakesEqualTimeForAllPicturesWhenEachLaneHasItsAdder) {
  EXPECT_EQ(run_all(6, "archon-8x8-fixed").cycles.size(), 1u);
}

// Six adders are more than the short lists of this network ever keep busy; one is not.
TEST(TrainedNetworkOnTheFusedUnit, WaitsForItsAddersAsThePictureDemands) {
  const Runs runs = run_all(6, "archon-8x8", {"fused.adders=1", "fused.queue_depth=24"});
  EXPECT_GT(runs.cycles.size(), 1u);
  EXPECT_GT(runs.fused.queue_stalls, 0u);
}

}  // namespace
}  // namespace fusesim::trained
