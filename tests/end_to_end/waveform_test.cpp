// SPDX-License-Identifier: Apache-2.0
// The waveform of a window is the same file whichever fidelity the run had.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hw/isa/trace.h"
#include "sim/run/run.h"
#include "workloads/graph/graph.h"
#include "workloads/lower/lower.h"
#include "workloads/zoo/zoo.h"

namespace fusesim {
namespace {

std::string waveform(const isa::Program& program, accelerator::Fidelity fidelity, std::uint64_t begin,
                     std::uint64_t end, const std::string& scope) {
  const auto file = std::filesystem::path(testing::TempDir()) / (std::string("waveform_") + name(fidelity) + ".vcd");
  run::Options options;
  options.fidelity = fidelity;
  options.waves = run::Waves{file, begin, end, scope};
  const run::Result result = run::run(program, options);
  EXPECT_GT(result.cycles, begin);
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  std::filesystem::remove(file);
  return text.str();
}

isa::Program network(std::uint32_t rows, std::uint32_t cols, isa::Accumulators accumulators) {
  lower::LowerOptions options;
  options.array.rows = rows;
  options.array.cols = cols;
  options.array.accumulators = accumulators;
  return lower::lower_layers(graph::array_layers(zoo::build("mobilenet_v3_small", "fuse_half_50")), "test", options);
}

TEST(Waveform, OfAnEventRunIsByteIdenticalToASteppedRun) {
  for (const auto accumulators : {isa::Accumulators::single, isa::Accumulators::pingpong}) {
    const isa::Program program = network(33, 21, accumulators);
    const std::uint64_t cycles = run::run(program, {}).cycles;
    // The start, windows across layer boundaries, and the end with a window that reaches beyond it.
    for (const std::uint64_t begin : {std::uint64_t{0}, std::uint64_t{1}, cycles / 7, cycles / 3, cycles - 90}) {
      const std::string event =
          waveform(program, accelerator::Fidelity::event, begin, begin + 160, "pe[0:4][17:20],ports");
      const std::string stepped =
          waveform(program, accelerator::Fidelity::stepped, begin, begin + 160, "pe[0:4][17:20],ports");
      ASSERT_GT(event.size(), 1000u);
      ASSERT_TRUE(event == stepped) << "window at " << begin;
    }
  }
}

TEST(Waveform, OfTheRtlIsByteIdenticalToTheModel) {
  setenv("FUSESIM_RTL_DIR", FUSESIM_RTL_FOLDER, 1);
  for (const std::string trace : {"fuse_8x8", "tiny_network_8x8", "pipelined_wires_8x20"}) {
    const isa::Program program = isa::read_trace(FUSESIM_TRACES "/" + trace + ".trace");
    const std::string event = waveform(program, accelerator::Fidelity::event, 20, 170, "all");
    ASSERT_GT(event.size(), 1000u);
    EXPECT_TRUE(event == waveform(program, accelerator::Fidelity::rtl, 20, 170, "all")) << trace;
  }
}

}  // namespace
}  // namespace fusesim
