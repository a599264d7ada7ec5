// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "read_file.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::sweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

LineFigure lines() {
  return {
      "Title", "size", "speedup", {{"net_a", {{"series_one", {{8, 1.5}, {16, 2.5}}}, {"other", {{8, 1}, {16, 1}}}}}}};
}

BarFigure bars() {
  return {"Title", "kcycles", {"compute", "fill"}, {{"net_a", {{"first", {3, 1}, "4"}, {"second", {1, 1}, "2"}}}}};
}

TEST(SweepPlot, LinesAreDrawnAsSvgAndPng) {
  const test::TemporaryDirectory directory;
  draw(gnuplot_script(lines(), "figure"), "figure", directory.path());
  const std::string svg = read_file(directory.path() / "figure.svg");
  EXPECT_THAT(svg, AllOf(HasSubstr("<svg"), HasSubstr("</svg>"), HasSubstr("net_a"), HasSubstr("series_one")));
  EXPECT_TRUE(read_file(directory.path() / "figure.png").starts_with("\x89PNG"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "figure.gp"));
}

TEST(SweepPlot, BarsAreDrawnWithTheirNotesAndNothingElseIsLeftBehind) {
  const test::TemporaryDirectory directory;
  draw(gnuplot_script(bars(), "figure"), "figure", directory.path());
  EXPECT_THAT(read_file(directory.path() / "figure.svg"), AllOf(HasSubstr("compute"), HasSubstr("second")));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory.path())) ++files;
  EXPECT_EQ(files, 3U);
}

TEST(SweepPlot, PartsOfABarAreStacked) {
  EXPECT_THAT(gnuplot_script(bars(), "figure"), HasSubstr("0 3.000000 4.000000 \"4\"\n1 1.000000 2.000000 \"2\"\n"));
}

TEST(SweepPlot, PartThatIsZeroInEveryBarIsNotInTheLegend) {
  BarFigure figure = bars();
  figure.part_labels.emplace_back("idle");
  for (auto& bar : figure.panels[0].bars) bar.parts.push_back(0);
  EXPECT_THAT(gnuplot_script(figure, "figure"), ::testing::Not(HasSubstr("title 'idle'")));
  figure.panels[0].bars[1].parts[2] = 1;
  EXPECT_THAT(gnuplot_script(figure, "figure"), HasSubstr("title 'idle'"));
}

TEST(SweepPlot, NoteOfTwoLinesStandsAboveItsBar) {
  BarFigure figure = bars();
  figure.panels[0].bars[0].note = "4711\n42 %";
  const test::TemporaryDirectory directory;
  draw(gnuplot_script(figure, "figure"), "figure", directory.path());
  EXPECT_THAT(read_file(directory.path() / "figure.svg"), AllOf(HasSubstr("4711"), HasSubstr("42 %")));
}

TEST(SweepPlot, EqualFiguresGiveEqualFiles) {
  const test::TemporaryDirectory one, two;
  for (const auto* directory : {&one, &two}) draw(gnuplot_script(lines(), "figure"), "figure", directory->path());
  for (const char* file : {"figure.gp", "figure.svg", "figure.png"}) {
    EXPECT_EQ(read_file(one.path() / file), read_file(two.path() / file)) << file;
  }
}

TEST(SweepPlot, ScriptThatFailsIsNamedWithGnuplotsReason) {
  const test::TemporaryDirectory directory;
  EXPECT_THAT([&] { draw("plot nonsense(\n", "figure", directory.path()); },
              ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("gnuplot failed on figure.gp"), HasSubstr("line 1"))));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "figure.svg"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "figure.gp"));
}

TEST(SweepPlot, MissingGnuplotIsSaid) {
  const test::TemporaryDirectory directory;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", directory.path().c_str(), 1);
  EXPECT_THAT([&] { draw(gnuplot_script(lines(), "figure"), "figure", directory.path()); },
              ThrowsMessage<std::runtime_error>(HasSubstr("gnuplot is not installed")));
  ::setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace fusesim::sweep
