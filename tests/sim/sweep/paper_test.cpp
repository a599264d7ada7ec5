// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/paper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "temporary_directory.h"
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

TEST_F(PaperTest, SizeFigureHasFourSizesOfFiveNetworksAndTheTablesFiguresAt64) {
  ASSERT_EQ(comparison_.by_size.size(), 20U);
  for (const PaperLine& l : comparison_.by_size) {
    EXPECT_EQ(l.variant, "fuse_full");
    if (l.side != 64) continue;
    EXPECT_EQ(l.pingpong, line(l.network, "fuse_full").pingpong);
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
  EXPECT_EQ(lines, 25U + 5U * 3U);
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
