// SPDX-License-Identifier: Apache-2.0
// Whole networks on the machine by law and on the machine of TLM modules.
#include <gtest/gtest.h>

#include <array>

#include "tests/hw/accelerator/machine_support.h"
#include "workloads/quantize/untrained.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::accelerator {
namespace {

TEST(MachineByLaw, RunsEveryNetworkAsTheModulesDo) {
  constexpr std::array standards{"DDR4-2400", "LPDDR4-3200", "HBM2-2000", "fixed"};
  constexpr std::array turns{"round_robin", "load_first", "store_first"};
  constexpr std::array<std::uint32_t, 3> requests{4096, 512, 2048};
  tile::Options tiling;
  tiling.values = false;
  std::size_t runs = 0;
  for (const std::string_view network : zoo::networks()) {
    for (const std::string_view variant : zoo::variants(network)) {
      const tile::Compiled compiled = tile::compile(
          quantize::untrained_network(zoo::build(std::string(network), std::string(variant)), 1), "network", tiling);
      for (const bool as_usual : {true, false}) {
        SCOPED_TRACE(testing::Message() << network << " " << variant << (as_usual ? "" : ", another memory"));
        MachineOptions options;
        options.values = false;
        if (!as_usual) {
          options.memory.standard = standards[runs / 2 % standards.size()];
          options.memory.dma_arbitration = turns[runs / 2 % turns.size()];
          options.memory.dma_request_bytes = requests[runs / 8 % requests.size()];
        }
        const test::Watched law = test::watch(compiled.program, options, Fidelity::event);
        options.tlm = true;
        test::expect_equal_times(law, test::watch(compiled.program, options, Fidelity::event));
        if (HasFailure()) return;
        ++runs;
      }
    }
  }
  EXPECT_EQ(runs, 56u);
}

}  // namespace
}  // namespace fusesim::accelerator
