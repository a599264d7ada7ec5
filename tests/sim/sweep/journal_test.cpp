// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "read_file.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::sweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Point point(std::uint32_t side) {
  return {"mobilenet_v2", "fuse_half", side, side, true, std::nullopt, {}};
}

const Result simulated{1000, 77, array::CycleBreakdown{600, 100, 250, 50}};
const Result formula{2000, 88, std::nullopt};
const Result machine{3600, 99, std::nullopt, MachineResult{{800, 700, 600, 500, 0, 0, 400, 300, 200, 100}, 12345, 678}};

Point on_ddr4(std::uint32_t side) {
  Point on = point(side);
  on.hardware.memory = Memory{"DDR4-2400", 0, {4096, 4096, 8192}};
  return on;
}

void append_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

TEST(SweepJournal, FinishedPointsAreFoundAgain) {
  const test::TemporaryDirectory directory;
  {
    Journal journal(directory.path() / "new" / "deep");
    EXPECT_EQ(journal.find(point(8)), std::nullopt);
    journal.append(point(8), simulated);
    journal.append(point(16), formula);
    journal.append(on_ddr4(8), machine);
  }
  const Journal journal(directory.path() / "new" / "deep");
  EXPECT_EQ(journal.loaded(), 3U);
  EXPECT_EQ(journal.find(on_ddr4(8)), machine);
  EXPECT_EQ(journal.find(on_ddr4(16)), std::nullopt);
  EXPECT_EQ(journal.damaged(), 0U);
  EXPECT_EQ(journal.find(point(8)), simulated);
  EXPECT_EQ(journal.find(point(16)), formula);
  EXPECT_EQ(journal.find(point(32)), std::nullopt);
}

// Cut at every byte of the last line: what stood before stays, and the next point is not glued to the torn one.
TEST(SweepJournal, TornLastLineIsIgnoredAndClosed) {
  std::string whole;
  {
    const test::TemporaryDirectory directory;
    Journal journal(directory.path());
    journal.append(point(8), simulated);
    journal.append(point(16), simulated);
    whole = read_file(directory.path() / "journal.txt");
  }
  const std::size_t last_line = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = last_line; size + 1 < whole.size(); ++size) {
    const test::TemporaryDirectory directory;
    append_text(directory.path() / "journal.txt", whole.substr(0, size));
    {
      Journal journal(directory.path());
      EXPECT_EQ(journal.find(point(8)), simulated);
      EXPECT_EQ(journal.find(point(16)), std::nullopt) << size;
      journal.append(point(32), formula);
    }
    const Journal journal(directory.path());
    EXPECT_EQ(journal.find(point(8)), simulated);
    EXPECT_EQ(journal.find(point(32)), formula) << size;
    EXPECT_EQ(journal.damaged(), size > last_line ? 1U : 0U) << size;
  }
}

TEST(SweepJournal, LineWithoutItsNewlineIsWhole) {
  const test::TemporaryDirectory directory;
  { Journal(directory.path()).append(point(8), simulated); }
  std::filesystem::resize_file(directory.path() / "journal.txt",
                               std::filesystem::file_size(directory.path() / "journal.txt") - 1);
  EXPECT_EQ(Journal(directory.path()).find(point(8)), simulated);
}

TEST(SweepJournal, ChangedDigitIsNoticed) {
  const test::TemporaryDirectory directory;
  { Journal(directory.path()).append(point(8), simulated); }
  std::string text = read_file(directory.path() / "journal.txt");
  const std::size_t digit = text.find(" 1000 ");
  ASSERT_NE(digit, std::string::npos);
  text[digit + 1] = '9';
  std::ofstream(directory.path() / "journal.txt", std::ios::binary) << text;
  const Journal journal(directory.path());
  EXPECT_EQ(journal.find(point(8)), std::nullopt);
  EXPECT_EQ(journal.damaged(), 1U);
}

TEST(SweepJournal, LineCanBeReadByAPerson) {
  const test::TemporaryDirectory directory;
  Point by_formula = point(16);
  by_formula.formula = analytic::Model::authors_2020;
  {
    Journal journal(directory.path());
    journal.append(point(8), simulated);
    journal.append(by_formula, formula);
    journal.append(on_ddr4(8), machine);
  }
  EXPECT_THAT(read_file(directory.path() / "journal.txt"),
              AllOf(HasSubstr("\n# key cycles macs compute fill drain idle network variant rows cols model fuse_links "
                              "accumulators folds dw_mapping packing digest\n"),
                    HasSubstr(" 1000 77 600 100 250 50 mobilenet_v2 fuse_half 8 8 simulated true pingpong pipelined "
                              "column false "),
                    HasSubstr(" 2000 88 - - - - mobilenet_v2 fuse_half 16 16 authors-2020 true - - - - "),
                    HasSubstr("\n# with a DRAM, idle is conflict:load:vector:store:control:dram_read:dram_written, and "
                              "dram scratchpads follow packing\n"),
                    HasSubstr(" 3600 99 800 700 600 500:400:300:200:100:12345:678 mobilenet_v2 fuse_half 8 8 simulated "
                              "true pingpong pipelined column false DDR4-2400 4KiB/4KiB/8KiB ")));
}

TEST(SweepJournal, ForeignBytesAreIgnored) {
  const test::TemporaryDirectory directory;
  append_text(directory.path() / "journal.txt", std::string("\0\xff garbage\n\n   \n1 2 3\n", 22));
  Journal journal(directory.path());
  EXPECT_EQ(journal.loaded(), 0U);
  EXPECT_EQ(journal.damaged(), 3U);
}

TEST(SweepJournal, SecondSweepInTheSameDirectoryIsRefused) {
  const test::TemporaryDirectory directory;
  const Journal journal(directory.path());
  EXPECT_THAT([&] { Journal second(directory.path()); },
              ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr(directory.path().string()), HasSubstr("another sweep"), HasSubstr("--out"))));
}

TEST(SweepJournal, DirectoryThatCannotBeMadeIsNamed) {
  const test::TemporaryDirectory directory;
  append_text(directory.path() / "file", "x");
  EXPECT_THAT([&] { Journal journal(directory.path() / "file" / "out"); },
              ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("file/out"), HasSubstr("Not a directory"))));
}

TEST(SweepJournal, JournalThatCannotBeOpenedIsNamed) {
  const test::TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path() / "journal.txt");
  EXPECT_THAT([&] { Journal journal(directory.path()); },
              ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("journal.txt"), HasSubstr("Is a directory"))));
}

}  // namespace
}  // namespace fusesim::sweep
