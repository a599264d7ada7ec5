// SPDX-License-Identifier: Apache-2.0
// The traces that come with fusesim: each .fasm beside the .trace it assembles to.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "hw/isa/text.h"
#include "hw/isa/trace.h"

namespace fusesim::isa {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SampleTraces, AreWhatTheirTextsAssembleTo) {
  int texts = 0, traces = 0;
  for (const auto& entry : fs::directory_iterator(FUSESIM_TRACES)) {
    fs::path path = entry.path();
    traces += path.extension() == ".trace";
    if (path.extension() != ".fasm") continue;
    ++texts;
    const Program program = assemble(read(path), path.string());
    const fs::path trace = path.replace_extension(".trace");
    EXPECT_EQ(encode_trace(program), read(trace)) << "make it anew: fusesim asm, " << trace;
    EXPECT_EQ(read_trace(trace), program);
  }
  EXPECT_GE(texts, 6);
  EXPECT_EQ(texts, traces);
}

TEST(SampleTraces, UseEveryDataflowAndArrayOption) {
  std::set<Dataflow> dataflows;
  std::set<Accumulators> accumulators;
  std::set<FoldOverlap> folds;
  std::set<bool> links, staged, packed, strided, padded;
  for (const auto& entry : fs::directory_iterator(FUSESIM_TRACES)) {
    if (entry.path().extension() != ".trace") continue;
    const Program program = read_trace(entry.path());
    accumulators.insert(program.array.accumulators);
    folds.insert(program.array.folds);
    links.insert(program.array.fuse_links);
    staged.insert(program.array.broadcast_stages > 0);
    for (const ArrayInstruction& instruction : program.instructions) {
      dataflows.insert(instruction.dataflow);
      packed.insert(instruction.lines_per_row > 1);
      strided.insert(instruction.geometry.stride_width > 1);
      padded.insert(instruction.pad_value != 0);
    }
  }
  EXPECT_EQ(dataflows.size(), 6U);
  for (const std::size_t options :
       {accumulators.size(), folds.size(), links.size(), staged.size(), packed.size(), strided.size(), padded.size()}) {
    EXPECT_EQ(options, 2U);
  }
}

TEST(SampleTraces, TheExampleInTheManualAssembles) {
  const std::string manual = read(FUSESIM_TRACES "/../docs/isa.md");
  const std::size_t start = manual.find("    fusesim 1\n    network \"FuSe layer");
  ASSERT_NE(start, std::string::npos);
  const std::size_t end = manual.find("\n## ", start);
  EXPECT_EQ(assemble(manual.substr(start, end - start)).instructions.size(), 2U);  // the example ends its chapter
}

}  // namespace
}  // namespace fusesim::isa
