// SPDX-License-Identifier: Apache-2.0
// Interrupts and kills `fusesim sweep` as a user or a machine would.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "read_file.h"
#include "tests/support/temporary_directory.h"

namespace fusesim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// `fusesim sweep` with its output in `directory`/stdout and stderr.
class Sweep {
 public:
  Sweep(const std::filesystem::path& directory, std::vector<std::string> arguments) : directory_(directory) {
    arguments.insert(arguments.begin(), {FUSESIM_PROGRAM, "sweep"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string out = (directory / "stdout").string(), err = (directory / "stderr").string();
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    const int error = posix_spawn(&child_, FUSESIM_PROGRAM, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " FUSESIM_PROGRAM);
  }
  void signal(int number) const { ::kill(child_, number); }
  /// Exit status, or minus the signal that ended it.
  int wait() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  [[nodiscard]] std::string out() const { return read_file(directory_ / "stdout"); }
  [[nodiscard]] std::string err() const { return read_file(directory_ / "stderr"); }

 private:
  std::filesystem::path directory_;
  pid_t child_ = 0;
};

/// Keys of the finished points, in the order written.
std::vector<std::string> finished(const std::filesystem::path& journal) {
  std::vector<std::string> keys;
  if (!std::filesystem::exists(journal)) return keys;
  std::istringstream text(read_file(journal));
  std::string line;
  while (std::getline(text, line)) {
    // key, six figures, ten columns of the point, digest
    if (std::count(line.begin(), line.end(), ' ') == 17 && line.front() != '#') keys.push_back(line.substr(0, 16));
  }
  return keys;
}

void wait_for_points(const std::filesystem::path& journal, std::size_t count) {
  while (finished(journal).size() < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::string sizes(unsigned count) {
  std::string list;
  for (unsigned side = 1; side <= count; ++side) list += fmt::format("{}{}", list.empty() ? "" : ",", side);
  return list;
}

TEST(SweepProgram, KilledSweepGoesOnAndComputesNothingTwice) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path killed = directory.path() / "killed", whole = directory.path() / "whole";
  const auto arguments = [](const std::filesystem::path& out) {
    return std::vector<std::string>{
        "--networks", "mobilenet_v3_large,mobilenet_v2", "--arrays", sizes(150), "--no-figures", "--out", out.string()};
  };
  std::vector<std::string> slowly = arguments(killed);
  slowly.insert(slowly.end(), {"--threads", "1"});
  const Sweep first(directory.path(), slowly);
  wait_for_points(killed / "journal.txt", 20);
  first.signal(SIGKILL);
  ASSERT_EQ(first.wait(), -SIGKILL) << "the sweep was over before it could be killed";
  const std::size_t before = finished(killed / "journal.txt").size();
  EXPECT_FALSE(std::filesystem::exists(killed / "sweep.csv"));

  ASSERT_EQ(Sweep(directory.path(), arguments(killed)).wait(), 0);
  ASSERT_EQ(Sweep(directory.path(), arguments(whole)).wait(), 0);
  EXPECT_EQ(read_file(killed / "sweep.csv"), read_file(whole / "sweep.csv"));
  EXPECT_EQ(read_file(killed / "sweep.json"), read_file(whole / "sweep.json"));
  const std::vector<std::string> keys = finished(killed / "journal.txt");
  EXPECT_GT(keys.size(), before);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size())
      << "a finished point was computed again";
}

TEST(SweepProgram, InterruptEndsWith130AndOneLineThatTellsHowToGoOn) {
  for (const auto& [signal, status] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    const test::TemporaryDirectory directory;
    const std::string out = (directory.path() / "out").string();
    const Sweep sweep(directory.path(), {"--arrays", sizes(600), "--out", out});
    wait_for_points(directory.path() / "out" / "journal.txt", 1);
    sweep.signal(signal);
    EXPECT_EQ(sweep.wait(), status);
    const std::string err = sweep.err();
    EXPECT_THAT(err, AllOf(HasSubstr("interrupted after"), HasSubstr("the same command with --out " + out)));
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
    EXPECT_EQ(sweep.out(), "");
  }
}

TEST(SweepProgram, MistakesAreUsageErrorsAndAnUnusableDirectoryIsAFailure) {
  const test::TemporaryDirectory directory;
  const auto expect = [&](const std::vector<std::string>& arguments, int status, const std::string& message) {
    const Sweep sweep(directory.path(), arguments);
    EXPECT_EQ(sweep.wait(), status) << message;
    EXPECT_THAT(sweep.err(), HasSubstr(message));
    EXPECT_EQ(sweep.out(), "");
  };
  expect({"--networks", "mobilenet_v22"}, 2, "did you mean 'mobilenet_v2'?");
  expect({"--arrays", "0x8"}, 2, "'0x8' is not a size");
  expect({"--paper", "fuseconv", "--arrays", "8"}, 2, "leave out --arrays");
  expect({"--threads", "0"}, 2, "--threads");
  expect({"--format", "xml"}, 2, "--format");
  expect({"--arrays", "8", "--out", (directory.path() / "stdout" / "x").string()}, 1, "Not a directory");
}

TEST(SweepProgram, OnlyASweepWithoutAnyPointThatCanBeCompiledFails) {
  const test::TemporaryDirectory directory;
  const auto sweep = [&](const std::string& scratchpads) {
    return Sweep(directory.path(), {"--networks", "mobilenet_v3_small", "--variants", "fuse_half", "--arrays", "64",
                                    "--folds", "pipelined", "--dram", "DDR4-2400", "--scratchpad", scratchpads});
  };
  const Sweep some = sweep("1KiB,1MiB");
  EXPECT_EQ(some.wait(), 0);
  EXPECT_THAT(some.out(), HasSubstr("Left out 2 combinations: the network cannot be compiled for the machine."));
  EXPECT_THAT(some.err(), HasSubstr("Left out 2 combinations that cannot be compiled; the first is"));
  const Sweep none = sweep("1KiB");
  EXPECT_EQ(none.wait(), 1);
  EXPECT_EQ(none.out(), "");
  EXPECT_THAT(none.err(), HasSubstr("fusesim: no point of this sweep can be compiled; the first is"));
}

TEST(SweepProgram, PipeGetsTheTableAndNoProgress) {
  const test::TemporaryDirectory directory;
  const Sweep sweep(directory.path(), {"--networks", "resnet50", "--arrays", "16", "--format", "csv"});
  EXPECT_EQ(sweep.wait(), 0);
  EXPECT_THAT(sweep.out(), HasSubstr("resnet50,fuse_half,16,16,simulated,true,pingpong,pipelined,column,"));
  EXPECT_EQ(sweep.err(), "");
}

}  // namespace
}  // namespace fusesim
