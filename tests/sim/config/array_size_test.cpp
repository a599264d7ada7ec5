// SPDX-License-Identifier: Apache-2.0
#include "sim/config/array_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fusesim::config {
namespace {

TEST(ArraySize, IsOneNumberOrTwo) {
  EXPECT_EQ(parse_array_size("--array", "8"), (ArraySize{8, 8}));
  EXPECT_EQ(parse_array_size("--array", "48x96"), (ArraySize{48, 96}));
  EXPECT_EQ(parse_array_size("--array", "1x4096"), (ArraySize{1, 4096}));
}

TEST(ArraySize, AnythingElseNamesTheOptionAndTheForm) {
  for (const char* text : {"", "0", "0x8", "8x", "x8", "8x8x8", "4097", "-1", " 8", "8X8", "99999999999"}) {
    try {
      static_cast<void>(parse_array_size("--array", text));
      ADD_FAILURE() << text << " was taken";
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::StartsWith("--array: '" + std::string(text) + "' is not a size; write one"));
    }
  }
}

}  // namespace
}  // namespace fusesim::config
