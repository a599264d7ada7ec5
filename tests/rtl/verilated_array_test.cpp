// SPDX-License-Identifier: Apache-2.0
#include "rtl/verilated_array.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/array_configs.h"
#include "tests/support/pe_text.h"
#include "tests/support/random_edges.h"
#include "tests/support/scalar_array.h"

namespace fusesim::rtl {
namespace {

using test::array_config;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class VerilatedArrayTest : public testing::TestWithParam<std::string> {
 protected:
  const isa::ArrayConfig config = array_config(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Configurations, VerilatedArrayTest, testing::ValuesIn(test::verilated_configurations),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(VerilatedArrayTest, EveryRegisterFollowsTheDefinitionUnderAnyInput) {
  VerilatedArray rtl(config);
  test::ScalarArray definition(config);
  test::RandomEdges edges(config, 20 * config.rows + config.cols);
  array::EdgeOutputs rtl_out(config), defined_out(config);
  const int clocks = config.rows * config.cols > 64 ? 800 : 4000;
  int words = 0, violations = 0;
  for (int clock = 0; clock < clocks; ++clock) {
    const array::EdgeInputs& in = edges.next();
    std::string failure;
    try {
      rtl.clock(in, rtl_out);
    } catch (const AssertionFailed& assertion) {
      failure = assertion.what();
    }
    definition.clock(in, defined_out);
    ASSERT_EQ(rtl_out.valid, defined_out.valid) << "clock " << clock;
    ASSERT_EQ(rtl_out.data, defined_out.data) << "clock " << clock;
    for (std::uint32_t i = 0; i < config.rows; ++i) {
      for (std::uint32_t j = 0; j < config.cols; ++j) {
        ASSERT_EQ(rtl.pe(i, j), definition.pe(i, j)) << "clock " << clock << ", PE (" << i << ", " << j << ")";
      }
    }
    ASSERT_EQ(failure.empty(), definition.violation().empty())
        << "clock " << clock << "\nassertions: " << failure << "\ndefinition: " << definition.violation();
    words += static_cast<int>(std::count(rtl_out.valid.begin(), rtl_out.valid.end(), 1));
    violations += failure.empty() ? 0 : 1;
  }
  // The traffic was worth its name.
  EXPECT_GT(words, clocks / 100);
  if (config.rows > 1) {
    EXPECT_GT(violations, 0);
  }
}

TEST_P(VerilatedArrayTest, ResetClearsEveryRegister) {
  VerilatedArray rtl(config);
  rtl.check_assertions(false);
  test::RandomEdges edges(config, 1);
  array::EdgeOutputs out(config);
  for (int clock = 0; clock < 100; ++clock) rtl.clock(edges.next(), out);
  rtl.reset();
  // What the feeders held must not come out afterwards either.
  array::EdgeInputs idle(config);
  for (std::uint32_t clock = 0; clock < config.rows + 2 * config.cols; ++clock) {
    for (std::uint32_t i = 0; i < config.rows; ++i) {
      for (std::uint32_t j = 0; j < config.cols; ++j) ASSERT_EQ(rtl.pe(i, j), array::PeState{});
    }
    rtl.clock(idle, out);
    ASSERT_THAT(out.valid, testing::Each(0));
  }
}

TEST_P(VerilatedArrayTest, AccumulatorsAreReadInOneSweep) {
  VerilatedArray rtl(config);
  rtl.check_assertions(false);
  test::RandomEdges edges(config, 2);
  array::EdgeOutputs out(config);
  for (int clock = 0; clock < 60; ++clock) rtl.clock(edges.next(), out);
  for (std::uint32_t bank = 0; bank < config.banks(); ++bank) {
    std::vector<std::int32_t> all(std::size_t{config.rows} * config.cols);
    rtl.read_accumulators(bank, all);
    for (std::uint32_t i = 0; i < config.rows; ++i) {
      for (std::uint32_t j = 0; j < config.cols; ++j) EXPECT_EQ(all[i * config.cols + j], rtl.pe(i, j).acc[bank]);
    }
  }
}

TEST(VerilatedArrayPe, SumsWrapAt32Bits) {
  const isa::ArrayConfig config = array_config("1x1_b2_f1_s0");
  VerilatedArray rtl(config);
  array::EdgeInputs in(config);
  in.left = in.top = {-128};
  in.left_valid = in.top_valid = {1};
  in.left_first = true;
  array::EdgeOutputs out(config);
  constexpr std::uint32_t products = 140'000;  // 2^31 is 131,072 of them.
  for (std::uint32_t clock = 0; clock < products; ++clock) {
    rtl.clock(in, out);
    in.left_first = false;
  }
  rtl.clock(array::EdgeInputs(config), out);
  EXPECT_EQ(rtl.pe(0, 0).acc[0], static_cast<std::int32_t>(products * 16'384));
}

TEST(VerilatedArrayLoader, ModelsOfDifferentSizesLiveTogether) {
  const isa::ArrayConfig small = array_config("2x3_b2_f1_s0"), large = array_config("4x4_b1_f1_s0");
  VerilatedArray a(small), b(large), c(small);
  array::EdgeInputs in(small);
  in.left = {3, 0};
  in.left_valid = {1, 0};
  in.left_first = true;
  in.top = {5, 0, 0};
  in.top_valid = {1, 0, 0};
  array::EdgeInputs idle(small), idle_large(large);
  array::EdgeOutputs out(small), out_large(large);
  a.clock(in, out);
  a.clock(idle, out);
  b.clock(idle_large, out_large);
  c.clock(idle, out);
  EXPECT_EQ(a.pe(0, 0).acc[0], 15);
  EXPECT_EQ(b.pe(0, 0).acc[0], 0);
  EXPECT_EQ(c.pe(0, 0).acc[0], 0);
}

TEST(VerilatedArrayLoader, NamesWhatIsThereAndTheCommandForWhatIsNot) {
  isa::ArrayConfig config = array_config("9x11_b1_f1_s4");
  try {
    VerilatedArray array(config);
    FAIL() << "9x11 is not among the arrays of the default build";
  } catch (const NoSuchArray& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("no Verilated array 9x11_b1_f1_s4"), HasSubstr("8x8_b2_f1_s0, "),
                                    HasSubstr("tools/build-rtl -B "), HasSubstr(" 9x11 --single --stages 4")));
  }
}

TEST(VerilatedArrayLoader, RejectsASharedObjectOfAnotherConfiguration) {
  const std::filesystem::path other = plugin_folder() / "fusesim_rtl_2x3_b2_f1_s0.so";
  try {
    static_cast<void>(VerilatedArray::load(array_config("3x2_b2_f1_s0"), other));
    FAIL();
  } catch (const NoSuchArray& error) {
    EXPECT_THAT(error.what(), HasSubstr("holds an array 2x3_b2_f1_s0, not 3x2_b2_f1_s0"));
  }
}

TEST(VerilatedArrayLoader, RejectsAFileThatIsNoSharedObject) {
  EXPECT_THROW(static_cast<void>(VerilatedArray::load(array_config("2x3_b2_f1_s0"), "/dev/null")), NoSuchArray);
}

TEST(VerilatedArrayLoader, ListsArraysBySize) {
  const std::vector<std::string> names = available_arrays();
  for (const std::string& name : test::verilated_configurations) EXPECT_THAT(names, Contains(name));
  EXPECT_EQ(names.front(), "1x1_b2_f1_s0");
}

TEST(VerilatedArrayLoader, FoldOverlapDoesNotChangeTheArray) {
  isa::ArrayConfig config = array_config("4x4_b2_f1_s0");
  config.folds = isa::FoldOverlap::serial;
  EXPECT_EQ(configuration_name(config), "4x4_b2_f1_s0");
}

}  // namespace
}  // namespace fusesim::rtl
