// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/unstored.h"

#include <gmock/gmock.h>

#include <array>

#include "hw/isa/machine/limits.h"

namespace fusesim::isa::machine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Program with_stores(const std::vector<Store>& stores) {
  Program program;
  program.layers = {"layer"};
  program.sections = {{"input", Role::input, 0, 64, {}},
                      {"middle", Role::intermediate, 64, 64, {}},
                      {"output", Role::output, 128, 24, {}},
                      {"gates", Role::output, 256, 8, {}}};
  for (const Store& store : stores) program.instructions.push_back({.work = store});
  validate(program);
  return program;
}

Store store(std::uint64_t dram, std::uint32_t run, std::array<std::uint32_t, 3> counts = {1, 1, 1},
            std::array<std::uint64_t, 3> strides = {}) {
  Store work;
  work.dram = dram;
  work.pad = Pad::outputs;
  work.run_bytes = run;
  work.counts = counts;
  work.dram_strides = strides;
  return work;
}

TEST(Unstored, CountsTheBytesOfOutputsThatNoStoreWrites) {
  EXPECT_THAT(unstored_outputs(with_stores({})), ElementsAre(Unstored{2, 24}, Unstored{3, 8}));
  EXPECT_THAT(unstored_outputs(with_stores({store(64, 8), store(256, 8)})), ElementsAre(Unstored{2, 24}));
  EXPECT_THAT(unstored_outputs(with_stores({store(128, 24), store(257, 6)})), ElementsAre(Unstored{3, 2}));
  // In any order, over one another, in runs that interlace.
  EXPECT_THAT(unstored_outputs(with_stores({store(256, 8), store(140, 12), store(128, 16)})), IsEmpty());
  const Store even = store(128, 2, {3, 2, 1}, {4, 12, 0}), odd = store(130, 2, {2, 3, 1}, {12, 4, 0});
  EXPECT_THAT(unstored_outputs(with_stores({odd, even, store(256, 8)})), IsEmpty());
  EXPECT_THAT(unstored_outputs(with_stores({even, store(256, 8)})), ElementsAre(Unstored{2, 12}));
}

TEST(Unstored, DamagedProgramsCostLittle) {
  Program program = with_stores({});
  program.sections = {{"output", Role::output, 0, max_dram_bytes, {}}};
  program.instructions.push_back({.work = store(0, 1, {1U << 16, 1U << 16, 2}, {2, 1U << 17, std::uint64_t{1} << 33})});
  EXPECT_THAT(unstored_outputs(program), ElementsAre(Unstored{0, 1}));
}

}  // namespace
}  // namespace fusesim::isa::machine
