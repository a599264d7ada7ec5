// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/paper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "read_file.h"
#include "tests/support/temporary_directory.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::sweep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class PaperTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { comparison_ = compare_with_paper(run(paper_points(), {}).results); }

  static const PaperLine& line(const std::string& network, const std::string& variant) {
    const auto& table = comparison_.table;
    return *std::find_if(table.begin(), table.end(),
                         [&](const PaperLine& l) { return l.network == network && l.variant == variant; });
  }
  static std::string text(const report::Table& table, report::Format format) {
    std::ostringstream out;
    report::write(out, table, format);
    return out.str();
  }

  inline static PaperComparison comparison_;
};

TEST_F(PaperTest, HasEveryPublishedRowInThePublishedOrder) {
  const auto published = zoo::published_rows();
  ASSERT_EQ(comparison_.table.size(), 25U);
  for (std::size_t i = 0; i < 25; ++i) {
    const PaperLine& ours = comparison_.table[i];
    EXPECT_EQ(ours.network, published[i].network);
    EXPECT_EQ(ours.variant, published[i].variant);
    EXPECT_EQ(*ours.published + "x", published[i].speedup);
    EXPECT_EQ(ours.side, 64U);
  }
}

TEST_F(PaperTest, OnlyOneSpeedupDiffersFromTheAuthorsFormulaAndItsLineSaysWhy) {
  std::vector<std::string> differing;
  for (const PaperLine& l : comparison_.table) {
    if (!l.matches_published) differing.push_back(l.network + " " + l.variant);
  }
  EXPECT_THAT(differing, ElementsAre("mobilenet_v1 fuse_full_50"));
  const std::string table = text(speedup_report(comparison_), report::Format::table);
  EXPECT_THAT(table, AllOf(HasSubstr("*2.3x"), HasSubstr("* mobilenet_v1 fuse_full_50: printed 2.3x"),
                           HasSubstr("2.2038"), HasSubstr("2.2049")));
}

// Serial folds leave nothing to overlap, so the simulated figures are those of the closed form T + r + c - 1 + R
// (c + K + R for FuSe folds) summed over the folds.
TEST_F(PaperTest, SerialSpeedupsAreThoseOfTheClosedForm) {
  const std::map<std::string, std::array<double, 2>> half_and_full{{"mobilenet_v1", {10.12, 6.34}},
                                                                   {"mobilenet_v2", {10.10, 7.41}},
                                                                   {"mnasnet_b1", {9.76, 7.12}},
                                                                   {"mobilenet_v3_small", {5.41, 4.08}},
                                                                   {"mobilenet_v3_large", {7.38, 5.14}}};
  for (const auto& [network, expected] : half_and_full) {
    EXPECT_NEAR(line(network, "fuse_half").serial, expected[0], 0.005) << network;
    EXPECT_NEAR(line(network, "fuse_full").serial, expected[1], 0.005) << network;
  }
}

TEST_F(PaperTest, StrongBaselinesBelongToTheNetworkNotTheVariant) {
  for (const PaperLine& l : comparison_.table) {
    const PaperLine& baseline = line(l.network, "baseline");
    EXPECT_EQ(l.baseline_row, baseline.baseline_row);
    EXPECT_EQ(l.baseline_broadcast, baseline.baseline_broadcast);
    EXPECT_EQ(l.baseline_broadcast_packed, baseline.baseline_broadcast_packed);
    EXPECT_GT(l.baseline_broadcast, l.baseline_row);
    EXPECT_GT(l.baseline_row, 1.0);
  }
}

TEST_F(PaperTest, BaselineLinesAreOneInEveryModel) {
  for (const zoo::PublishedRow& row : zoo::published_rows()) {
    const PaperLine& l = line(std::string(row.network), "baseline");
    for (const double speedup :
         {l.authors_2020, l.authors_released, l.serial, l.single, l.pingpong, l.pingpong_packed}) {
      EXPECT_EQ(speedup, 1.0);
    }
  }
}

TEST_F(PaperTest, SizeFigureHasFourSizesOfFullAndHalfOfFiveNetworksAndTheTablesFiguresAt64) {
  ASSERT_EQ(comparison_.by_size.size(), 2U * 20U);
  for (const PaperLine& l : comparison_.by_size) {
    if (l.side != 64) continue;
    EXPECT_EQ(l.pingpong, line(l.network, l.variant).pingpong);
  }
  EXPECT_NEAR(comparison_.by_size[0].authors_2020, 2.0237, 5e-5);
  EXPECT_NEAR(comparison_.by_size[3].authors_2020, 8.6365, 5e-5);
}

TEST_F(PaperTest, CsvHasTheTableThenTheOtherSizes) {
  std::istringstream csv(text(joint_report(comparison_), report::Format::csv));
  std::string row;
  std::getline(csv, row);
  EXPECT_EQ(row,
            "network,variant,rows,cols,published,authors_2020,authors_released,sim_serial,sim_single,sim_pingpong,"
            "sim_packed,base_row,base_bcast,base_bcast_packed,authors_2020_matches");
  std::size_t lines = 0;
  while (std::getline(csv, row)) ++lines;
  EXPECT_EQ(lines, 25U + 5U * 2U * 3U);
}

TEST_F(PaperTest, EveryColumnIsExplainedBelowTheTable) {
  const report::Table table = speedup_report(comparison_);
  const std::string printed = text(table, report::Format::table);
  const std::string notes = printed.substr(printed.find("Every figure:"));
  for (const report::Column& column : table.columns()) {
    const bool is_model =
        column.name.starts_with("sim_") || column.name.starts_with("base_") || column.name.starts_with("authors_");
    if (!is_model || column.detail) continue;
    EXPECT_THAT(notes, HasSubstr("  " + column.name));
  }
}

/// By network and side.
using BySize = std::map<std::pair<std::string, std::uint32_t>, PaperLine>;

BySize lines_of(const PaperComparison& comparison, const std::string& variant) {
  BySize lines;
  for (const PaperLine& l : comparison.by_size) {
    if (l.variant == variant) lines.emplace(std::pair{l.network, l.side}, l);
  }
  return lines;
}

// What README.md and docs/results.md say of FuSe and the unchanged network on the broadcast wires.
TEST_F(PaperTest, HalfBeatsTheUnchangedNetworkOnTheWiresAtEverySizePackedOrNot) {
  for (const auto& [key, l] : lines_of(comparison_, "fuse_half")) {
    EXPECT_GT(l.pingpong, l.baseline_broadcast) << key.first << key.second;
    EXPECT_GT(l.pingpong_packed, l.baseline_broadcast_packed) << key.first << key.second;
  }
}

TEST_F(PaperTest, UnchangedNetworkOnTheWiresBeatsFullAtEverySizeUnlessBothArePacked) {
  std::set<std::pair<std::string, std::uint32_t>> full_ahead_packed;
  for (const auto& [key, l] : lines_of(comparison_, "fuse_full")) {
    EXPECT_GT(l.baseline_broadcast, l.pingpong) << key.first << key.second;
    if (l.pingpong_packed > l.baseline_broadcast_packed) full_ahead_packed.insert(key);
  }
  EXPECT_THAT(full_ahead_packed,
              ElementsAre(std::pair{"mnasnet_b1", 64U}, std::pair{"mnasnet_b1", 128U}, std::pair{"mnasnet_b1", 256U}));
}

// README.md shows the figure that `fusesim sweep --paper fuseconv --out DIR` draws.
TEST_F(PaperTest, DocumentedFigureIsTheProgramsFigure) {
  const test::TemporaryDirectory directory;
  draw(gnuplot_script(size_figure(comparison_), "paper_speedup_by_size"), "paper_speedup_by_size", directory.path());
  EXPECT_TRUE(read_file(FUSESIM_DOCS "/images/speedup_vs_array.svg") ==
              read_file(directory.path() / "paper_speedup_by_size.svg"))
      << "put paper_speedup_by_size.svg of `fusesim sweep --paper fuseconv --out DIR` into docs/images again";
}

// docs/results.md shows the output of `fusesim sweep --paper fuseconv`.
TEST_F(PaperTest, DocumentedResultsAreTheProgramsOutput) {
  const std::string page = read_file(FUSESIM_DOCS "/results.md");
  const std::string printed = text(speedup_report(comparison_), report::Format::table) + "\n" +
                              text(size_report(comparison_), report::Format::table);
  const std::string command = "    fusesim sweep --paper fuseconv\n\n```text\n";
  const std::size_t begin = page.find(command);
  ASSERT_NE(begin, std::string::npos) << "docs/results.md does not name the command before its output";
  const std::size_t output = begin + command.size();
  EXPECT_EQ(page.substr(output, page.find("```", output) - output), printed)
      << "put the program's output into docs/results.md again";
}

}  // namespace
}  // namespace fusesim::sweep
