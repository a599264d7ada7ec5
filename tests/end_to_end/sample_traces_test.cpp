// SPDX-License-Identifier: Apache-2.0
// traces/expected.json: cycles and digests of the sample traces, at every fidelity, and by the definition of
// convolution. After a change that is meant to alter them, write the file anew with tools/record-traces.
#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hw/isa/trace.h"
#include "hw/memory/tensor_store.h"
#include "sim/run/run.h"
#include "tests/support/convolution.h"

namespace fusesim {
namespace {

nlohmann::json expectations() {
  std::ifstream file(FUSESIM_TRACES "/expected.json");
  return nlohmann::json::parse(file);
}

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

TEST(SampleTraces, AllHaveExpectations) {
  const nlohmann::json expected = expectations();
  std::size_t traces = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FUSESIM_TRACES)) {
    if (entry.path().extension() != ".trace") continue;
    EXPECT_TRUE(expected.contains(entry.path().filename().string())) << entry.path();
    ++traces;
  }
  EXPECT_EQ(traces, expected.size());
  EXPECT_GE(traces, 6u);
}

class SampleTraceRun : public testing::TestWithParam<accelerator::Fidelity> {};

TEST_P(SampleTraceRun, GivesTheRecordedCyclesAndDigests) {
  setenv("FUSESIM_RTL_DIR", FUSESIM_RTL_FOLDER, 1);
  const nlohmann::json all = expectations();
  for (const auto& [file, expected] : all.items()) {
    SCOPED_TRACE(file);
    run::Options options;
    options.fidelity = GetParam();
    const run::Result result = run::run(isa::read_trace(std::string(FUSESIM_TRACES "/") + file), options);
    EXPECT_EQ(result.cycles, expected.at("cycles").get<std::uint64_t>());
    ASSERT_EQ(result.layers.size(), expected.at("layers").size());
    for (std::size_t i = 0; i < result.layers.size(); ++i) {
      const auto& layer = expected.at("layers")[i];
      EXPECT_EQ(result.layers[i].name, layer.at("name").get<std::string>());
      EXPECT_EQ(result.layers[i].timing.start, layer.at("start").get<std::uint64_t>());
      EXPECT_EQ(result.layers[i].timing.end, layer.at("end").get<std::uint64_t>());
      EXPECT_EQ(hex(result.layers[i].digest), layer.at("digest").get<std::string>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fidelities, SampleTraceRun,
                         testing::Values(accelerator::Fidelity::event, accelerator::Fidelity::stepped,
                                         accelerator::Fidelity::rtl),
                         [](const auto& c) { return std::string(name(c.param)); });

TEST(SampleTraces, DigestsAreThoseOfTheDefinition) {
  const nlohmann::json all = expectations();
  for (const auto& [file, expected] : all.items()) {
    SCOPED_TRACE(file);
    const isa::Program program = isa::read_trace(std::string(FUSESIM_TRACES "/") + file);
    memory::TensorStore store(program);
    for (std::size_t i = 0; i < program.instructions.size(); ++i) {
      const isa::ArrayInstruction& instruction = program.instructions[i];
      const auto sums = test::convolve(instruction, store.bytes(instruction.input.tensor, instruction.input.channel),
                                       store.bytes(instruction.weights));
      EXPECT_EQ(hex(XXH3_64bits(sums.data(), sums.size() * sizeof sums[0])),
                expected.at("layers")[i].at("digest").get<std::string>());
    }
  }
}

}  // namespace
}  // namespace fusesim
