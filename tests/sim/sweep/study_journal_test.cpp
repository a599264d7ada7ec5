// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/study_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "read_file.h"
#include "sim/sweep/session.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::sweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Figures of which no two are equal.
study::Result result(std::uint64_t first) {
  study::Result made;
  made.cycles = first;
  for (std::uint64_t& cause : made.causes) cause = ++first;
  made.dram_bytes = ++first;
  made.peak_weight_bytes = ++first;
  made.fused = {first + 1, first + 2, first + 3, first + 4, first + 5,
                first + 6, first + 7, first + 8, first + 9, first + 10};
  return made;
}

TEST(StudyJournal, FinishedPointsAreFoundAgain) {
  const test::TemporaryDirectory directory;
  const std::vector<study::Point> points = study::points();
  {
    StudyJournal journal(directory.path() / "new");
    for (std::size_t i = 0; i < points.size(); i += 2) journal.append(points[i], result(100 * i));
  }
  const StudyJournal journal(directory.path() / "new");
  EXPECT_EQ(journal.file().damaged(), 0U);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(journal.find(points[i]), i % 2 == 0 ? std::optional(result(100 * i)) : std::nullopt)
        << study::describe(points[i]);
  }
}

TEST(StudyJournal, FiguresOfAnotherVersionAreNotTaken) {
  const test::TemporaryDirectory directory;
  const study::Point point = study::points().front();
  const std::string figures = "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23 ";
  {
    JournalFile file(directory.path(), "archon_journal.txt", "# heading\n", [](std::string_view) { return true; });
    file.append(figures + "archon-figures-0 " + study::describe(point));
  }
  EXPECT_EQ(StudyJournal(directory.path()).find(point), std::nullopt);
  {
    JournalFile file(directory.path(), "archon_journal.txt", "", [](std::string_view) { return true; });
    file.append(figures + std::string(study::figures_version) + " " + study::describe(point));
  }
  EXPECT_EQ(StudyJournal(directory.path()).find(point), result(1));
}

TEST(StudyJournal, ALineWithFiguresMissingOrTooManyIsDamaged) {
  const test::TemporaryDirectory directory;
  {
    JournalFile file(directory.path(), "archon_journal.txt", "# heading\n", [](std::string_view) { return true; });
    for (const char* line :
         {"1:2:3 version point", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24 v p",
          "a version point", "nothing"}) {
      file.append(line);
    }
  }
  EXPECT_EQ(StudyJournal(directory.path()).file().damaged(), 4U);
}

struct Outputs {
  Ending ending;
  std::string out, messages;
};

Outputs session(const std::filesystem::path& directory, bool stopped) {
  Request request;
  request.paper = "archon";
  request.out_directory = directory;
  std::ostringstream out, messages;
  const std::atomic<bool> stop = stopped;
  const Ending ending = run_session(request, out, messages, false, stop);
  return {ending, out.str(), messages.str()};
}

std::size_t lines(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(ArchonSession, AnInterruptedOneKeepsAllThatEarlierOnesHaveFinished) {
  const test::TemporaryDirectory directory;
  const std::vector<study::Point> points = study::points();
  const std::filesystem::path partial = directory.path() / "archon_points.partial.csv";
  for (const std::size_t i : {0U, 5U, 9U}) {
    StudyJournal(directory.path()).append(points[i], result(i));
    const Outputs stopped = session(directory.path(), true);
    EXPECT_EQ(stopped.ending, Ending::interrupted);
    EXPECT_EQ(stopped.out, "");
    EXPECT_THAT(stopped.messages, AllOf(HasSubstr(" of 72 points; their rows are in " + partial.string()),
                                        HasSubstr("the same command with --out " + directory.path().string())));
  }
  EXPECT_EQ(lines(partial), 4U);
}

TEST(ArchonSession, WhatIsInTheJournalIsNotSimulatedAgain) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path partial = directory.path() / "archon_points.partial.csv";
  std::ofstream(partial) << "of an interrupted session\n";
  {
    StudyJournal journal(directory.path());
    std::uint64_t first = 1'000'000;
    for (const study::Point& point : study::points()) journal.append(point, result(first += 100));
  }
  const std::string before = read_file(directory.path() / "archon_journal.txt");
  const Outputs finished = session(directory.path(), false);
  EXPECT_EQ(finished.ending, Ending::finished);
  EXPECT_EQ(finished.messages, "");
  EXPECT_THAT(read_file(directory.path() / "archon_points.csv"), HasSubstr(",1000100,"));
  EXPECT_EQ(read_file(directory.path() / "archon_journal.txt"), before);
  EXPECT_FALSE(std::filesystem::exists(partial));
}

TEST(ArchonSession, APathThatIsNoDirectoryIsNamed) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "file";
  std::ofstream(file) << "x";
  EXPECT_THAT([&] { static_cast<void>(session(file, true)); },
              ::testing::ThrowsMessage<std::runtime_error>(
                  file.string() + ": cannot create the output directory: Not a directory; choose another --out"));
}

}  // namespace
}  // namespace fusesim::sweep
