// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "read_file.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::sweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Request small(const std::filesystem::path& out) {
  Request request;
  request.axes.networks = "mobilenet_v3_small";
  request.axes.arrays = "8,16";
  request.out_directory = out;
  return request;
}

struct Outputs {
  Ending ending;
  std::string out, messages;
};

Outputs session(const Request& request, bool terminal = false, bool stopped = false) {
  std::ostringstream out, messages;
  const std::atomic<bool> stop = stopped;
  const Ending ending = run_session(request, out, messages, terminal, stop);
  return {ending, out.str(), messages.str()};
}

/// Every file but the journal, whose lines stand in the order they were finished.
std::map<std::string, std::string> products(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename() != "journal.txt") files[entry.path().filename()] = read_file(entry.path());
  }
  return files;
}

TEST(SweepSession, FilesAreTheSameWhateverTheNumberOfThreads) {
  const test::TemporaryDirectory one, two;
  Request request = small(one.path());
  request.threads = 1;
  const Outputs first = session(request);
  request.out_directory = two.path();
  request.threads = 2;
  const Outputs second = session(request);
  EXPECT_EQ(first.out, second.out);
  const auto files = products(one.path());
  EXPECT_EQ(files, products(two.path()));
  for (const char* name :
       {"sweep.csv", "sweep.json", "speedup_simulated_pipelined_pingpong_column.svg",
        "speedup_simulated_pipelined_pingpong_column.png", "cycles_simulated_serial_single_column.svg"}) {
    EXPECT_EQ(files.count(name), 1U) << name;
  }
}

TEST(SweepSession, SecondRunTakesEverythingFromTheJournal) {
  const test::TemporaryDirectory directory;
  Request request = small(directory.path());
  request.figures = false;
  const Outputs first = session(request);
  const std::string journal = read_file(directory.path() / "journal.txt");
  EXPECT_EQ(session(request).out, first.out);
  EXPECT_EQ(read_file(directory.path() / "journal.txt"), journal);
}

TEST(SweepSession, InterruptedSessionTellsHowToGoOnAndWritesNoTable) {
  const test::TemporaryDirectory directory;
  const Outputs stopped = session(small(directory.path()), false, true);
  EXPECT_EQ(stopped.ending, Ending::interrupted);
  EXPECT_EQ(stopped.out, "");
  EXPECT_THAT(stopped.messages, AllOf(HasSubstr("interrupted after 0 of"),
                                      HasSubstr("the same command with --out " + directory.path().string())));
  EXPECT_EQ(products(directory.path()).count("sweep.csv"), 0U);
}

TEST(SweepSession, InterruptedSessionLeavesTheFinishedRowsAndTheFinishedOneRemovesThem) {
  const test::TemporaryDirectory directory;
  Request request = small(directory.path());
  request.figures = false;
  request.threads = 1;
  const Outputs whole = session(request);
  const auto text = read_file(directory.path() / "journal.txt");
  // As if the sweep had been interrupted: the journal's first lines, and a stop before the next point.
  std::size_t end = 0;
  for (int line = 0; line < 30; ++line) end = text.find('\n', end) + 1;
  std::filesystem::resize_file(directory.path() / "journal.txt", end);
  const std::string csv = read_file(directory.path() / "sweep.csv");
  std::filesystem::remove(directory.path() / "sweep.csv");
  const Outputs stopped = session(request, false, true);
  EXPECT_EQ(stopped.ending, Ending::interrupted);
  EXPECT_THAT(stopped.messages, HasSubstr("their rows are in " + (directory.path() / "sweep.partial.csv").string()));
  std::istringstream partial(read_file(directory.path() / "sweep.partial.csv"));
  std::size_t rows = 0;
  for (std::string line; std::getline(partial, line); ++rows) EXPECT_THAT(csv, HasSubstr(line + "\n"));
  EXPECT_GT(rows, 5U);
  EXPECT_LT(rows, 31U);
  EXPECT_EQ(session(request).out, whole.out);
  EXPECT_EQ(products(directory.path()).count("sweep.partial.csv"), 0U);
  EXPECT_EQ(read_file(directory.path() / "sweep.csv"), csv);
}

TEST(SweepSession, DirectoryOfAnotherSweepIsRefusedAndLeftAsItWas) {
  const test::TemporaryDirectory directory;
  Request request = small(directory.path());
  request.figures = false;
  static_cast<void>(session(request));
  const auto before = products(directory.path());
  request.axes.arrays = "8";
  EXPECT_THAT([&] { static_cast<void>(session(request)); },
              ::testing::ThrowsMessage<UsageError>(AllOf(HasSubstr(directory.path().string()),
                                                         HasSubstr("another sweep"), HasSubstr("sweep.points.txt"))));
  EXPECT_EQ(products(directory.path()), before);
  request.axes.arrays = "8x8,16";  // The same points, written differently.
  EXPECT_EQ(session(request).ending, Ending::finished);
  std::filesystem::remove(directory.path() / "sweep.points.txt");
  request.axes.arrays = "8";
  EXPECT_EQ(session(request).ending, Ending::finished);
}

TEST(SweepSession, DamagedJournalLinesAreReported) {
  const test::TemporaryDirectory directory;
  std::ofstream(directory.path() / "journal.txt") << "damaged\n";
  Request request = small(directory.path());
  request.figures = false;
  EXPECT_THAT(session(request).messages, AllOf(HasSubstr("journal.txt"), HasSubstr("ignored 1 damaged line;")));
}

TEST(SweepSession, InterruptedSessionWithoutDirectorySaysThatNothingIsKept) {
  EXPECT_THAT(session(small({}), false, true).messages, HasSubstr("with --out DIR a sweep can be continued"));
}

TEST(SweepSession, NothingIsWrittenToMessagesUnlessTheyAreATerminal) {
  const Request request = small({});
  EXPECT_EQ(session(request, false).messages, "");
  EXPECT_THAT(session(request, true).messages, HasSubstr("points"));
}

TEST(SweepSession, LeftOutCombinationsAreCountedBelowTheTable) {
  Request request = small({});
  request.axes.fuse_links = "yes,no";
  request.axes.dw_mapping = "broadcast";
  EXPECT_THAT(session(request).out, AllOf(HasSubstr("Left out"), HasSubstr("broadcast depthwise needs FuSe links")));
}

Request with_scratchpads(const std::string& sizes) {
  Request request;
  request.axes.networks = "mobilenet_v3_small";
  request.axes.variants = "baseline,fuse_half";
  request.axes.arrays = "16";
  request.axes.accumulators = "pingpong";
  request.axes.folds = "pipelined";
  request.axes.dram = "DDR4-2400";
  request.axes.scratchpad = sizes;
  request.format = report::Format::csv;
  return request;
}

TEST(SweepSession, PointsThatCannotBeCompiledAreLeftOutAndCounted) {
  const test::TemporaryDirectory directory;
  const Outputs good = session(with_scratchpads("1MiB"));
  EXPECT_EQ(good.messages, "");
  Request request = with_scratchpads("1KiB,1MiB,2KiB");
  request.out_directory = directory.path();
  const Outputs mixed = session(request);
  EXPECT_EQ(mixed.ending, Ending::finished);
  EXPECT_EQ(mixed.out, good.out);
  EXPECT_THAT(mixed.messages,
              ::testing::StartsWith("fusesim: Left out 4 combinations that cannot be compiled; the first is "
                                    "mobilenet_v3_small baseline on a 16x16 array with DDR4-2400, scratchpads "
                                    "256B/256B/512B: layer '"));
  EXPECT_EQ(std::count(mixed.messages.begin(), mixed.messages.end(), '\n'), 1);
  EXPECT_EQ(read_file(directory.path() / "sweep.csv"), good.out);
  EXPECT_THAT(read_file(directory.path() / "sweep.json"),
              HasSubstr("Left out 4 combinations: the network cannot be compiled for the machine."));
  const auto files = products(directory.path());
  const std::string journal = read_file(directory.path() / "journal.txt");
  const Outputs again = session(request);
  EXPECT_EQ(again.out, mixed.out);
  EXPECT_EQ(again.messages, mixed.messages);
  EXPECT_EQ(products(directory.path()), files);
  EXPECT_EQ(read_file(directory.path() / "journal.txt"), journal);
}

TEST(SweepSession, NoPointThatCanBeCompiledIsAFailure) {
  EXPECT_THAT([] { static_cast<void>(session(with_scratchpads("1KiB"))); },
              ::testing::ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr("no point of this sweep can be compiled; the first is mobilenet_v3_small baseline on "
                                  "a 16x16 array with DDR4-2400, scratchpads 256B/256B/512B: layer '"),
                        Not(HasSubstr("pingpong")))));
}

TEST(SweepSession, PaperComparisonWritesItsTablesAndFigures) {
  const test::TemporaryDirectory directory;
  Request request;
  request.paper = "fuseconv";
  request.out_directory = directory.path();
  const Outputs outputs = session(request);
  EXPECT_EQ(outputs.messages, "");
  EXPECT_THAT(outputs.out, AllOf(HasSubstr("FuSeConv (DATE 2021)"), HasSubstr("array-size figure")));
  const auto files = products(directory.path());
  for (const char* name :
       {"paper.csv", "paper.json", "paper_points.csv", "paper_points.json", "paper_speedup_by_size.svg",
        "paper_speedup_by_size.png", "paper_cycles.svg", "paper_cycles.png"}) {
    EXPECT_EQ(files.count(name), 1U) << name;
  }
  request.format = report::Format::csv;
  EXPECT_EQ(session(request).out, files.at("paper.csv"));
}

TEST(SweepSession, UnknownPaperNamesTheNearest) {
  Request request;
  request.paper = "fuse-conv";
  EXPECT_THAT([&] { static_cast<void>(session(request)); },
              ::testing::ThrowsMessage<UsageError>(AllOf(HasSubstr("--paper"), HasSubstr("'fuseconv'"))));
}

TEST(SweepSession, WrongRequestTouchesNoDirectory) {
  const test::TemporaryDirectory directory;
  Request request = small(directory.path() / "new");
  request.axes.arrays = "0x8";
  EXPECT_THROW(static_cast<void>(session(request)), UsageError);
  request = small(directory.path() / "new");
  request.columns = "cycles,";
  EXPECT_THROW(static_cast<void>(session(request)), UsageError);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "new"));
}

TEST(SweepSession, MissingGnuplotLeavesTheTables) {
  const test::TemporaryDirectory directory, empty;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", empty.path().c_str(), 1);
  const Outputs outputs = session(small(directory.path()));
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(outputs.ending, Ending::finished);
  EXPECT_THAT(outputs.messages, HasSubstr("figures are not drawn: gnuplot is not installed"));
  EXPECT_EQ(products(directory.path()).count("sweep.csv"), 1U);
}

}  // namespace
}  // namespace fusesim::sweep
