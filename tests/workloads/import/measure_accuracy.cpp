// SPDX-License-Identifier: Apache-2.0
// How accurate the trained network is in integers, and what its masks let pass.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "integer_network.h"
#include "machine_network.h"

namespace fusesim::trained {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void measure(const std::string& manifest, const std::string& calibration, const std::string& pictures,
             const std::string& flavour, std::size_t skip, std::size_t limit, const std::string& machine) {
  const IntegerNetwork network(manifest, flavour, calibration);
  std::vector<Picture> all = read_cifar10(pictures);
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(skip, all.size())));
  const std::size_t count = limit == 0 ? all.size() : std::min(limit, all.size());
  std::uint64_t right = 0;
  std::vector<predict::Survival> sums(network.trained.blocks.size());
  std::optional<MachineNetwork> runs;
  if (!machine.empty()) runs.emplace(network, machine);
  std::vector<std::uint64_t> cycles;
  fused::Counters fused;
  control::machine::CauseCycles causes{};
  for (std::size_t i = 0; i < count; ++i) {
    const Answer answer = trained::answer(network, all[i]);
    right += answer.label == all[i].label ? 1 : 0;
    if (runs) {
      const MachineNetwork::Run run = runs->run(all[i], answer.tensors);
      if (run.difference) throw std::runtime_error(fmt::format("picture {}: {}", i, *run.difference));
      cycles.push_back(run.record.cycles);
      fused += run.fused;
      for (std::size_t cause = 0; cause < causes.size(); ++cause) causes[cause] += run.record.causes[cause];
    }
    for (std::size_t b = 0; b < sums.size(); ++b) {
      const predict::Survival& one = answer.survival[b];
      sums[b].passed1 += one.passed1, sums[b].positions1 += one.positions1;
      sums[b].passed2 += one.passed2, sums[b].positions2 += one.positions2;
      sums[b].passed_both += one.passed_both, sums[b].taps += one.taps;
    }
  }
  fmt::print("{} in integers: {} of {} pictures right, {:.2f} %; in real numbers {:.2f} % of {}\n", flavour, right,
             count, 100 * share(right, count), 100 * network.trained.accuracy, network.trained.test_images);
  for (std::size_t b = 0; b < sums.size(); ++b) {
    const Block& block = network.trained.blocks[b];
    fmt::print("{}: mask 1 passes {:.4f} (in real numbers {:.4f}), mask 2 {:.4f} ({:.4f}), both {:.4f} of the taps\n",
               block.name, share(sums[b].passed1, sums[b].positions1), block.survival1,
               share(sums[b].passed2, sums[b].positions2), block.survival2, share(sums[b].passed_both, sums[b].taps));
  }
  if (cycles.empty()) return;
  const auto [least, most] = std::minmax_element(cycles.begin(), cycles.end());
  fmt::print("{}: every tensor of {} pictures is the reference's; cycles a picture: {} to {}, {:.0f} in the mean\n",
             machine, count, *least, *most,
             static_cast<double>(std::accumulate(cycles.begin(), cycles.end(), std::uint64_t{0})) /
                 static_cast<double>(cycles.size()));
  fmt::print("of these by cause, in the mean:");
  for (std::size_t cause = 0; cause < causes.size(); ++cause) {
    fmt::print(" {} {:.0f}", control::machine::name(static_cast<control::machine::Cause>(cause)),
               static_cast<double>(causes[cause]) / static_cast<double>(count));
  }
  fmt::print(
      "\nfused unit, in the mean: {:.0f} words, {:.0f} terms, {:.0f} stalls for full queues, {:.0f} additions, {:.0f} "
      "products "
      "of which {:.4f} have a survivor\n",
      static_cast<double>(fused.words) / static_cast<double>(count),
      static_cast<double>(fused.terms) / static_cast<double>(count),
      static_cast<double>(fused.queue_stalls) / static_cast<double>(count),
      static_cast<double>(fused.survivors) / static_cast<double>(count),
      static_cast<double>(fused.products) / static_cast<double>(count), share(fused.live_products, fused.products));
}

}  // namespace
}  // namespace fusesim::trained

int main(int argc, char** argv) {
  CLI::App app(
      "Measures the trained network's accuracy in integers over pictures in the format of CIFAR-10's binary "
      "version; tools/train-fusionet --binary FILE writes the whole test set.");
  std::string manifest = FUSESIM_TRAINED "/fusionet_c10.json";
  std::string calibration = FUSESIM_TEST_DATA "/fusionet_c10/calibration.bin";
  std::string pictures = FUSESIM_TEST_DATA "/fusionet_c10/images.bin";
  std::string flavour = "predicted";
  std::string machine;
  std::size_t skip = 0, limit = 0;
  app.add_option("--manifest", manifest, "the trained network");
  app.add_option("--calibration", calibration, "pictures whose ranges give the formats");
  app.add_option("--pictures", pictures, "pictures to answer");
  app.add_option("--flavour", flavour, "pruned or predicted")->capture_default_str();
  app.add_option("--skip", skip, "leave out so many pictures at the beginning");
  app.add_option("--limit", limit, "only so many pictures");
  app.add_option("--machine", machine,
                 "also run each picture on this machine at event fidelity, and compare every "
                 "tensor; archon-8x8 is one with a fused unit");
  CLI11_PARSE(app, argc, argv);
  try {
    fusesim::trained::measure(manifest, calibration, pictures, flavour, skip, limit, machine);
  } catch (const std::exception& error) {
    fmt::print(stderr, "measure_accuracy: {}\n", error.what());
    return 1;
  }
}
