// SPDX-License-Identifier: Apache-2.0
// The traces of machine programs that come with fusesim: each .fasm beside the .trace it assembles to.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "hw/isa/machine/text.h"
#include "hw/isa/machine/trace.h"

namespace fusesim::isa::machine {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SampleMachineTraces, AreWhatTheirTextsAssembleTo) {
  int texts = 0, traces = 0;
  for (const auto& entry : fs::directory_iterator(FUSESIM_TRACES "/machine")) {
    fs::path path = entry.path();
    traces += path.extension() == ".trace";
    if (path.extension() != ".fasm") continue;
    ++texts;
    const Program program = assemble(read(path), path.string());
    EXPECT_TRUE(program.has_values());
    const fs::path trace = path.replace_extension(".trace");
    EXPECT_EQ(encode_trace(program), read(trace)) << "make it anew: fusesim asm, " << trace;
    EXPECT_EQ(read_trace(trace), program);
  }
  EXPECT_GE(texts, 2);
  EXPECT_EQ(texts, traces);
}

TEST(SampleMachineTraces, TheExampleInTheManualAssembles) {
  const std::string manual = read(FUSESIM_TRACES "/../docs/isa.md");
  const std::size_t start = manual.find("    fusesim 1 machine\n    network \"pointwise");
  ASSERT_NE(start, std::string::npos);
  const Program program = assemble(manual.substr(start));  // the example ends the page
  EXPECT_EQ(program, read_trace(FUSESIM_TRACES "/machine/pointwise_4x4.trace"));
}

}  // namespace
}  // namespace fusesim::isa::machine
