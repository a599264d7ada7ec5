// SPDX-License-Identifier: Apache-2.0
#include "sim/config/comma_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace fusesim::config {
namespace {

using ::testing::ElementsAre;

TEST(CommaList, IsWhatStandsBetweenTheCommas) {
  EXPECT_THAT(split_list("--blocks", "b1"), ElementsAre("b1"));
  EXPECT_THAT(split_list("--blocks", "b1,b4, b9"), ElementsAre("b1", "b4", " b9"));
}

TEST(CommaList, AnEmptyValueNamesTheOptionAndTheList) {
  for (const std::string text : {"", ",", "b1,", ",b1", "b1,,b4"}) {
    try {
      static_cast<void>(split_list("--blocks", text));
      ADD_FAILURE() << text << " was taken";
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(), "--blocks: an empty value in the list '" + text +
                                  "'; put one comma between two values, and none at the ends");
    }
  }
}

}  // namespace
}  // namespace fusesim::config
