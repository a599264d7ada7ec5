// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/nearest.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace fusesim::names {
namespace {

const std::vector<std::string> candidates = {"networks", "layers", "compile", "run", "sweep"};

TEST(Nearest, FindsTheNameBehindATypingError) {
  EXPECT_EQ(nearest("netwroks", candidates), "networks");  // Swapped letters.
  EXPECT_EQ(nearest("layer", candidates), "layers");       // One missing.
  EXPECT_EQ(nearest("sweeep", candidates), "sweep");       // One too many.
  EXPECT_EQ(nearest("COMPILE", candidates), "compile");    // Case.
  EXPECT_EQ(nearest("rum", candidates), "run");
}

TEST(Nearest, TakesTheBeginningOfANameForTheName) {
  const std::vector<std::string> folds = {"serial", "pipelined"};
  EXPECT_EQ(nearest("pipe", folds), "pipelined");
  EXPECT_EQ(nearest("PI", folds), "pipelined");
  const std::vector<std::string> variants = {"fuse_half_50", "fuse_half", "fuse_full"};
  EXPECT_EQ(nearest("fuse_ha", variants), "fuse_half");
  EXPECT_EQ(nearest("fuse_half_", variants), "fuse_half_50");
  EXPECT_EQ(nearest("s", folds), std::nullopt);  // One letter begins too much.
}

TEST(Nearest, TakesTheEndOfANameForTheName) {
  const std::vector<std::string> keys = {"array.rows", "array.row_kind", "clock.rows"};
  EXPECT_EQ(nearest("rows", keys), "array.rows");
  EXPECT_EQ(nearest("array", keys), "array.rows");  // A beginning comes before an end.
}

TEST(Nearest, OffersNothingThatDoesNotResembleTheName) {
  EXPECT_EQ(nearest("zzzzzzz", candidates), std::nullopt);
  EXPECT_EQ(nearest("anything", std::vector<std::string>{}), std::nullopt);
}

TEST(Nearest, SuggestsOneNameOrListsThemAll) {
  EXPECT_EQ(suggestion("sweap", candidates), "; did you mean 'sweep'?");
  EXPECT_EQ(suggestion("zzzzzzz", candidates), "; valid are networks, layers, compile, run, sweep");
  EXPECT_EQ(suggestion("x", std::vector<std::string>{}), "");
}

TEST(Nearest, TakesDashesAndUnderscoresForNearlyTheSame) {
  EXPECT_LT(distance("fuse-half", "fuse_half"), distance("fuse-half", "fuse_hals"));
}

TEST(Nearest, DistanceIsZeroOnlyForEqualNamesSymmetricAndAtMostTheLongerLength) {
  std::mt19937 random(7);
  const auto word = [&] {
    std::string text(random() % 7, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string a = word(), b = word();
    const double d = distance(a, b);
    EXPECT_EQ(d == 0, a == b);
    EXPECT_EQ(d, distance(b, a));
    EXPECT_LE(d, static_cast<double>(std::max(a.size(), b.size())));
    EXPECT_GE(d, std::abs(static_cast<double>(a.size()) - static_cast<double>(b.size())));
  }
}

}  // namespace
}  // namespace fusesim::names
