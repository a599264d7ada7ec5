// SPDX-License-Identifier: Apache-2.0
#include "hw/waves/wave_scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace fusesim::waves {

static void PrintTo(const WaveScope::Element& element, std::ostream* out) {
  *out << element.row << "," << element.col;
}

namespace {

using Element = WaveScope::Element;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

isa::ArrayConfig array_of(std::uint32_t rows, std::uint32_t cols) {
  isa::ArrayConfig config;
  config.rows = rows;
  config.cols = cols;
  return config;
}

WaveScope parse(const char* text) {
  return parse_wave_scope(text, array_of(8, 6));
}

std::string error_of(const char* text) {
  try {
    (void)parse(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(WaveScope, RangesIncludeBothEnds) {
  const WaveScope scope = parse("pe[1:2][4:5]");
  EXPECT_THAT(scope.elements, ElementsAre(Element{1, 4}, Element{1, 5}, Element{2, 4}, Element{2, 5}));
  EXPECT_FALSE(scope.ports);
}

TEST(WaveScope, OneIndexMeansJustThatOne) {
  EXPECT_THAT(parse("pe[7][0]").elements, ElementsAre(Element{7, 0}));
}

TEST(WaveScope, PartsJoinAndOverlapsCountOnce) {
  const WaveScope scope = parse("pe[0:1][0], ports ,pe[1][0:1]");
  EXPECT_THAT(scope.elements, ElementsAre(Element{0, 0}, Element{1, 0}, Element{1, 1}));
  EXPECT_TRUE(scope.ports);
}

TEST(WaveScope, WordsNameEverythingOfAKind) {
  EXPECT_THAT(parse("ports").elements, IsEmpty());
  EXPECT_TRUE(parse("ports").ports);
  EXPECT_EQ(parse("pe").elements.size(), 48U);
  EXPECT_FALSE(parse("pe").ports);
  EXPECT_EQ(parse("all").elements.size(), 48U);
  EXPECT_TRUE(parse("all").ports);
}

TEST(WaveScope, IndexBeyondTheArrayIsNamedWithTheRange) {
  EXPECT_EQ(error_of("pe[0:8][0]"), "waveform scope 'pe[0:8][0]': row 8 does not exist; the array has row 0 to 7");
  EXPECT_EQ(error_of("pe[0][6]"), "waveform scope 'pe[0][6]': column 6 does not exist; the array has column 0 to 5");
  EXPECT_THAT(error_of("pe[99999999999][0]"), HasSubstr("row 99999999999 does not exist"));
}

TEST(WaveScope, ReversedRangeShowsTheCure) {
  EXPECT_THAT(error_of("pe[3:1][0]"), HasSubstr("reversed; write 1:3"));
}

TEST(WaveScope, MalformedRangesAreExplained) {
  EXPECT_THAT(error_of("pe[0]"), HasSubstr("'pe[0]' needs a column range in brackets, as in pe[0:3][0:3]"));
  EXPECT_THAT(error_of("pe[0:3][0"), HasSubstr("needs a column range"));
  EXPECT_THAT(error_of("pe[][0]"), HasSubstr("'' is not a row number"));
  EXPECT_THAT(error_of("pe[:3][0]"), HasSubstr("'' is not a row number"));
  EXPECT_THAT(error_of("pe[a][0]"), HasSubstr("'a' is not a row number"));
  EXPECT_THAT(error_of("pe[1x][0]"), HasSubstr("'1x' is not a row number"));
  EXPECT_THAT(error_of("pe[-1][0]"), HasSubstr("'-1' is not a row number"));
  EXPECT_THAT(error_of("pe[0][0]x"), HasSubstr("'x' is left over"));
}

TEST(WaveScope, EmptyPartsAreErrors) {
  EXPECT_THAT(error_of(""), HasSubstr("a part is empty"));
  EXPECT_THAT(error_of("ports,"), HasSubstr("a part is empty"));
}

TEST(WaveScope, MisspeltWordSuggestsTheNearest) {
  EXPECT_THAT(error_of("prots"), HasSubstr("did you mean 'ports'"));
  EXPECT_THAT(error_of("pe[0][0],al"), HasSubstr("did you mean 'all'"));
}

}  // namespace
}  // namespace fusesim::waves
