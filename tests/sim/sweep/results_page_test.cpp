// SPDX-License-Identifier: Apache-2.0
// The section of docs/results.md on whole machines: every table is what the program prints, and what the text says of
// FuSe on a DRAM is so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "read_file.h"
#include "tests/support/program_output.h"
#include "tests/support/temporary_directory.h"

namespace fusesim {
namespace {

struct Example {
  std::string arguments, output;
};

/// The commands of the section and what stands between the fences after each.
std::vector<Example> examples() {
  const std::string page = read_file(FUSESIM_DOCS "/results.md");
  std::size_t at = page.find("\n## From ideal memory to DRAM\n");
  const std::size_t end = page.find("\n## ", at + 1);
  const std::string prompt = "\n    fusesim sweep ", fence = "```text\n";
  std::vector<Example> found;
  while ((at = page.find(prompt, at)) < end) {
    const std::size_t arguments = at + prompt.size(), line = page.find('\n', arguments);
    const std::size_t output = page.find(fence, line) + fence.size();
    at = page.find("```", output);
    found.push_back({page.substr(arguments, line - arguments), page.substr(output, at - output)});
  }
  return found;
}

TEST(ResultsPage, ShowsWhatTheProgramPrintsOfWholeMachines) {
  const std::vector<Example> all = examples();
  ASSERT_EQ(all.size(), 3U);
  for (const Example& example : all) {
    EXPECT_EQ(test::output_of("'" FUSESIM_PROGRAM "' sweep " + example.arguments), example.output)
        << "a figure changed: raise machine_version (sim/sweep/point.h), put the program's output into docs/results.md "
           "again, and see whether its text still holds";
  }
}

TEST(ResultsPage, ShowsTheFigureThatTheSweepOverBandwidthsDraws) {
  const test::TemporaryDirectory directory;
  const std::string out = (directory.path() / "out").string();
  static_cast<void>(
      test::output_of("'" FUSESIM_PROGRAM "' sweep " + examples().at(1).arguments + " --out '" + out + "'"));
  EXPECT_TRUE(read_file(FUSESIM_DOCS "/images/speedup_vs_bandwidth.svg") ==
              read_file(out + "/bandwidth_simulated_pipelined_pingpong_column_256KiB-256KiB-512KiB_64x64.svg"))
      << "put the figure into docs/images again";
}

TEST(ResultsPage, SaysOfFuseOnADramWhatIsSo) {
  std::istringstream csv(
      test::output_of("'" FUSESIM_PROGRAM "' sweep " + examples().front().arguments + " --format csv"));
  std::string line;
  std::getline(csv, line);
  ASSERT_EQ(line,
            "network,variant,dram,cycles,speedup,speedup_over_row,utilization,dram_bytes_read,dram_bytes_written");
  struct Row {
    double cycles, speedup, over_row, bytes;
  };
  std::map<std::string, Row> rows;  // By network, variant and memory.
  std::vector<std::string> networks;
  while (std::getline(csv, line)) {
    std::vector<std::string> cells;
    std::istringstream stream(line + ',');
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    const auto number = [&](std::size_t i) { return cells.at(i).empty() ? 0 : std::stod(cells[i]); };
    rows[cells[0] + ' ' + cells[1] + ' ' + cells[2]] = {number(3), number(4), number(5), number(7) + number(8)};
    if (networks.empty() || networks.back() != cells[0]) networks.push_back(cells[0]);
  }
  ASSERT_EQ(networks.size(), 5U);
  for (const std::string& network : networks) {
    const auto row = [&](const std::string& variant, const std::string& dram) {
      return rows.at(network + ' ' + variant + ' ' + dram);
    };
    for (const char* variant : {"fuse_half", "fuse_full"}) {
      EXPECT_GT(row(variant, "none").speedup, row(variant, "DDR4-2400").speedup) << network;
      EXPECT_GT(row(variant, "DDR4-2400").speedup, row(variant, "LPDDR4-3200").speedup) << network;
      for (const auto& [dram, peak] : {std::pair{"DDR4-2400", 19.2}, std::pair{"LPDDR4-3200", 6.4}}) {
        const double used = row(variant, dram).bytes / peak / row(variant, dram).cycles;
        EXPECT_GT(used, 0.8) << network << ' ' << variant << ' ' << dram;
        EXPECT_LT(used, 1) << network << ' ' << variant << ' ' << dram;
      }
    }
    EXPECT_GT(row("fuse_half", "LPDDR4-3200").speedup, 1) << network;
    EXPECT_LT(row("fuse_full", "LPDDR4-3200").speedup, 1) << network;
    for (const char* dram : {"DDR4-2400", "LPDDR4-3200"}) {
      EXPECT_LT(row("fuse_full", dram).over_row, 1) << network;
      EXPECT_GT(row("fuse_half", dram).over_row, 1) << network;
      const double more = row("fuse_full", dram).bytes / row("baseline", dram).bytes;
      EXPECT_GT(more, 1.395) << network;
      EXPECT_LT(more, 1.655) << network;
    }
    EXPECT_LT(row("fuse_half", "LPDDR4-3200").over_row, 1.06) << network;
    EXPECT_LT(row("fuse_half", "DDR4-2400").over_row, 1.35) << network;
    const double half_on_ddr4 = row("fuse_half", "DDR4-2400").speedup;
    EXPECT_TRUE(half_on_ddr4 > 1.65 && half_on_ddr4 < 2.95) << network << ' ' << half_on_ddr4;
  }
}

}  // namespace
}  // namespace fusesim
