// SPDX-License-Identifier: Apache-2.0
#include "sim/config/scratchpads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fusesim::config {
namespace {

TEST(Scratchpads, AreGivenTogetherOrEach) {
  EXPECT_EQ(parse_scratchpads("--scratchpad", "1MiB"), (ScratchpadSizes{262144, 262144, 524288}));
  EXPECT_EQ(parse_scratchpads("--scratchpad", "4"), (ScratchpadSizes{1, 1, 2}));
  EXPECT_EQ(parse_scratchpads("--scratchpad", "3KiB/70/1GiB"), (ScratchpadSizes{3072, 70, 1073741824}));
  EXPECT_EQ(text({262144, 98304, 1000}), "256KiB/96KiB/1000B");
  EXPECT_EQ(parse_scratchpads("--scratchpad", text({262144, 98304, 1000})), (ScratchpadSizes{262144, 98304, 1000}));
}

TEST(Scratchpads, ThatAreNotSizesAreNamedWithTheCure) {
  for (const char* wrong : {"", "big", "0", "7", "1KiB/1KiB", "1KiB/1KiB/1KiB/1KiB", "1KiB//1KiB", "1KiB/0/1KiB",
                            "8GiB", "1KiB/1KiB/2GiB", "-4", "1KiB/1KiB/"}) {
    try {
      (void)parse_scratchpads("--scratchpad", wrong);
      ADD_FAILURE() << wrong;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::StartsWith(std::string("--scratchpad: '") + wrong + "' is not a size of "));
      EXPECT_THAT(error.what(), ::testing::HasSubstr("256KiB/256KiB/512KiB"));
    }
  }
}

TEST(Scratchpads, OfAMachineAreReplacedTogether) {
  MachineConfig config;
  EXPECT_EQ(scratchpads(core_of(config)), (ScratchpadSizes{262144, 262144, 524288}));
  set_scratchpads(config, {4096, 8192, 16384});
  EXPECT_EQ(scratchpads(core_of(config)), (ScratchpadSizes{4096, 8192, 16384}));
  EXPECT_EQ(config.core.outputs.bytes, 16384u);
}

}  // namespace
}  // namespace fusesim::config
