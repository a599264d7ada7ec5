// SPDX-License-Identifier: Apache-2.0
#include "hw/array/values/instruction_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

namespace fusesim::array::values {
namespace {

TEST(InstructionSet, NamesRoundTrip) {
  for (const InstructionSet set :
       {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512, InstructionSet::avx512_vnni})
    EXPECT_EQ(parse_instruction_set(name(set)), set);
}

TEST(InstructionSet, UnknownNameListsTheKnownOnes) {
  try {
    (void)parse_instruction_set("avx3");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "unknown instruction set 'avx3'; one of portable, avx2, avx512, avx512_vnni");
  }
}

TEST(InstructionSet, PortableIsAlwaysAvailableAndSlowest) {
  EXPECT_EQ(available_instruction_sets().front(), InstructionSet::portable);
}

// Each of these asks for the default once, in a process of its own.
TEST(InstructionSetDeathTest, DefaultIsTheFastestUnlessTheEnvironmentNamesAnother) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        unsetenv("FUSESIM_INSTRUCTION_SET");
        std::exit(default_instruction_set() == available_instruction_sets().back() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        setenv("FUSESIM_INSTRUCTION_SET", "portable", 1);
        std::exit(default_instruction_set() == InstructionSet::portable ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        setenv("FUSESIM_INSTRUCTION_SET", "mmx", 1);
        try {
          (void)default_instruction_set();
        } catch (const std::invalid_argument& error) {
          std::fputs(error.what(), stderr);
          std::exit(3);
        }
        std::exit(0);
      },
      testing::ExitedWithCode(3), "environment variable FUSESIM_INSTRUCTION_SET: unknown instruction set 'mmx'");
}

}  // namespace
}  // namespace fusesim::array::values
