// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/axes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fusesim::sweep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const AxesText& text) {
  try {
    static_cast<void>(expand(parse_axes(text)));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

AxesText small() {
  AxesText text;
  text.networks = "mobilenet_v3_small";
  text.variants = "baseline,fuse_half";
  text.arrays = "16,48x96";
  return text;
}

TEST(SweepAxes, SquareAndOblongArrays) {
  EXPECT_THAT(parse_axes(small()).arrays, ElementsAre(config::ArraySize{16, 16}, config::ArraySize{48, 96}));
}

TEST(SweepAxes, ValueGivenTwiceCountsOnce) {
  AxesText text = small();
  text.arrays = "8,8x8,16,8";
  EXPECT_THAT(parse_axes(text).arrays, ElementsAre(config::ArraySize{8, 8}, config::ArraySize{16, 16}));
}

TEST(SweepAxes, WrongArraysAreNamedWithTheFormThatIsRight) {
  for (const char* wrong :
       {"0x8", "8x0", "0", "4097", "-8", "8x", "x8", "8x8x8", "eight", "8 ", "1e3", "99999999999"}) {
    AxesText text = small();
    text.arrays = wrong;
    EXPECT_THAT(error_of(text), AllOf(HasSubstr("--arrays"), HasSubstr(std::string("'") + wrong + "'"),
                                      HasSubstr("1 to 4096"), HasSubstr("48x96")));
  }
}

TEST(SweepAxes, EmptyItemIsRefused) {
  for (const char* wrong : {"", ",", "8,", ",8", "8,,16"}) {
    AxesText text = small();
    text.arrays = wrong;
    EXPECT_THAT(error_of(text), HasSubstr("--arrays: an empty value")) << wrong;
  }
}

TEST(SweepAxes, MisspeltValueOfEveryAxisNamesTheNearest) {
  struct Case {
    std::string AxesText::*axis;
    const char *value, *option, *nearest;
  };
  for (const Case& c : {Case{&AxesText::networks, "mobilnet_v2", "--networks", "'mobilenet_v2'"},
                        Case{&AxesText::variants, "fuse_haf", "--variants", "'fuse_half'"},
                        Case{&AxesText::models, "authors-2002", "--models", "'authors-2020'"},
                        Case{&AxesText::accumulators, "ping-pong", "--accumulators", "'pingpong'"},
                        Case{&AxesText::folds, "pipelned", "--folds", "'pipelined'"},
                        Case{&AxesText::dw_mapping, "collumn", "--dw-mapping", "'column'"},
                        Case{&AxesText::fuse_links, "yess", "--fuse-links", "'yes'"},
                        Case{&AxesText::packing, "true", "--packing", "yes, no"},
                        Case{&AxesText::dram, "DDR4-2300", "--dram", "'DDR4-2400'"},
                        Case{&AxesText::bandwidth, "fast", "--bandwidth", "0.001 to 100000"},
                        Case{&AxesText::scratchpad, "big", "--scratchpad", "256KiB/256KiB/512KiB"}}) {
    AxesText text = small();
    text.networks = "all";
    text.*c.axis = c.value;
    EXPECT_THAT(error_of(text), AllOf(HasSubstr(c.option), HasSubstr(c.value), HasSubstr(c.nearest)));
  }
}

TEST(SweepAxes, DefaultIsEveryNetworkAndVariantOnSixArraysInThreeModes) {
  EXPECT_EQ(expand(parse_axes(AxesText{})).points.size(), 28U * 6U * 3U);
}

TEST(SweepAxes, NetworkWithoutTheVariantIsLeftOutAndCounted) {
  AxesText text = small();
  text.networks = "mobilenet_v3_small,resnet50";
  text.variants = "fuse_half_50";
  const Expansion expansion = expand(parse_axes(text));
  for (const Point& point : expansion.points) EXPECT_EQ(point.network, "mobilenet_v3_small");
  EXPECT_EQ(expansion.skipped.count("resnet50 has no variant fuse_half_50"), 1U);
}

TEST(SweepAxes, AllMayStandAmongNames) {
  AxesText text;
  text.networks = "mobilenet_v2,all";
  EXPECT_EQ(parse_axes(text).networks.size(), parse_axes(AxesText{}).networks.size());
  EXPECT_EQ(parse_axes(text).networks.front(), "mobilenet_v2");
  text.variants = "fuse_half,all";
  EXPECT_EQ(expand(parse_axes(text)).points.size(), expand(parse_axes(AxesText{})).points.size());
}

TEST(SweepAxes, VariantThatNoNetworkAskedForHasIsNotAMisspelling) {
  AxesText text = small();
  text.networks = "resnet50";
  text.variants = "fuse_half_50,fuse_half";
  const Expansion expansion = expand(parse_axes(text));
  EXPECT_EQ(expansion.skipped.count("resnet50 has no variant fuse_half_50"), 1U);
  for (const Point& point : expansion.points) EXPECT_EQ(point.variant, "fuse_half");
  text.variants = "fuse_half_50";
  EXPECT_THAT(error_of(text), HasSubstr("resnet50 has no variant fuse_half_50"));
}

TEST(SweepAxes, FormulasAreNotMultipliedByHardwareOptions) {
  AxesText text = small();
  text.models = "authors-2020,scale-sim-v3";
  text.dw_mapping = "column,row,broadcast";
  text.packing = "yes,no";
  text.fuse_links = "yes,no";
  EXPECT_EQ(expand(parse_axes(text)).points.size(), 2U * 2U * 2U * 2U);  // variants, arrays, models, links
}

TEST(SweepAxes, SenselessCombinationsAreLeftOutByRule) {
  AxesText text = small();
  text.dw_mapping = "column,row,broadcast";
  text.packing = "yes,no";
  text.fuse_links = "yes,no";
  const Expansion expansion = expand(parse_axes(text));
  // With links: 3 modes, 3 mappings, packed or not. Without: 3 modes, 2 mappings.
  EXPECT_EQ(expansion.points.size(), 2U * 2U * (3U * 3U * 2U + 3U * 2U));
  EXPECT_EQ(expansion.skipped.size(), 3U);
  for (const Point& point : expansion.points) EXPECT_EQ(rule_against(point), std::nullopt);
}

TEST(SweepAxes, MemoriesAreIdealUnlessAsked) {
  EXPECT_THAT(parse_axes(small()).memories, ElementsAre(std::nullopt));
}

TEST(SweepAxes, MemoriesAreDramsAndBandwidthsWithEverySizeOfScratchpads) {
  constexpr config::ScratchpadSizes whole{262144, 262144, 524288}, odd{1024, 2048, 4096};
  AxesText text = small();
  text.dram = "none,DDR4-2400,fixed,none";
  text.scratchpad = "1MiB,1KiB/2KiB/4KiB,1024KiB";
  EXPECT_THAT(parse_axes(text).memories,
              ElementsAre(std::nullopt, Memory{"DDR4-2400", 0, whole}, Memory{"DDR4-2400", 0, odd},
                          Memory{"fixed", 16, whole}, Memory{"fixed", 16, odd}));
  text.scratchpad = "1MiB";
  text.bandwidth = "4,0.5,4.0";
  EXPECT_THAT(parse_axes(text).memories, ElementsAre(std::nullopt, Memory{"DDR4-2400", 0, whole},
                                                     Memory{"fixed", 4, whole}, Memory{"fixed", 0.5, whole}));
  text.dram = "";
  EXPECT_THAT(parse_axes(text).memories, ElementsAre(Memory{"fixed", 4, whole}, Memory{"fixed", 0.5, whole}));
  text.dram = "none";
  EXPECT_EQ(parse_axes(text).memories.size(), 3U);
}

TEST(SweepAxes, ScratchpadsWithoutAMemoryAreRefused) {
  AxesText text = small();
  text.scratchpad = "256KiB,1MiB";
  const std::string message = "--scratchpad needs a machine with a DRAM, such as --dram DDR4-2400";
  EXPECT_THAT(error_of(text), HasSubstr(message));
  text.dram = "none";
  EXPECT_THAT(error_of(text), HasSubstr(message));
  text.scratchpad = "1MiB";  // The default too, when it is asked for.
  EXPECT_THAT(error_of(text), HasSubstr(message));
  text.dram = "none,LPDDR4-3200";
  EXPECT_EQ(parse_axes(text).memories.size(), 2U);
  text.dram = "none";
  text.bandwidth = "8";
  EXPECT_EQ(parse_axes(text).memories.size(), 2U);
}

TEST(SweepAxes, WrongBandwidthsAreNamed) {
  for (const char* wrong : {"0", "-4", "4GB", "nan", "inf", "1e9", " 4"}) {
    AxesText text = small();
    text.bandwidth = wrong;
    EXPECT_THAT(error_of(text), HasSubstr(std::string("--bandwidth: '") + wrong + "' is not a bandwidth")) << wrong;
  }
}

TEST(SweepAxes, FormulasAreNotMultipliedByMemories) {
  AxesText text = small();
  text.dram = "none,DDR4-2400";
  text.models = "simulated,authors-2020";
  text.accumulators = "pingpong";
  text.folds = "pipelined";
  EXPECT_EQ(expand(parse_axes(text)).points.size(), 2U * 2U * (2U + 1U));  // variants, arrays, memories and a formula
}

TEST(SweepAxes, NothingLeftIsAnErrorThatNamesTheRule) {
  AxesText text = small();
  text.folds = "serial";
  text.accumulators = "pingpong";
  EXPECT_THAT(error_of(text), HasSubstr("serial folds never use a second accumulator"));
}

}  // namespace
}  // namespace fusesim::sweep
