// SPDX-License-Identifier: Apache-2.0
// Exit statuses and messages of the frame that every command shares.
#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>
#include <new>
#include <sstream>

#include "sim/cli/command.h"
#include "sim/cli/numbers.h"

namespace fusesim::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Registration greet({20, "greet", "Say hello", [](CLI::App& app) -> Action {
                            struct Options {
                              std::string name;
                              std::uint32_t times = 1;
                              std::uint32_t limit = 10;
                              std::uint64_t seed = 0;
                              report::Format format = report::Format::table;
                            };
                            auto options = std::make_shared<Options>();
                            app.add_option("NAME", options->name, "Whom")->required();
                            app.add_option("-t,--times", options->times, "How often");
                            add_whole(app, "--limit", options->limit, "No more than that", 1U, 10U);
                            add_whole(app, "--seed", options->seed, "Any number");
                            add_format_option(app, options->format);
                            return [options](std::ostream& out) {
                              const std::uint32_t times = std::min(options->times, options->limit);
                              for (std::uint32_t i = 0; i < times; ++i) out << "hello " << options->name << '\n';
                              return options->times == 9 ? 3 : 0;
                            };
                          }});

const Registration fail({10, "fail", "Throw", [](CLI::App& app) -> Action {
                           struct Options {
                             bool usage = false, memory = false;
                           };
                           auto options = std::make_shared<Options>();
                           app.add_flag("--usage", options->usage, "Throw a usage error");
                           app.add_flag("--memory", options->memory, "Run out of memory");
                           return [options](std::ostream&) -> int {
                             if (options->usage) throw UsageError("that makes\nno sense");
                             if (options->memory) throw std::bad_alloc();
                             throw std::runtime_error("file.bin: it broke\nbadly\n");
                           };
                         }});

struct Result {
  int status;
  std::string out, err;
};

Result call(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "fusesim");
  std::ostringstream out, err;
  const int status = run(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {status, out.str(), err.str()};
}

TEST(Program, RunsTheCommandAndReturnsItsStatus) {
  const Result hello = call({"greet", "you", "--times", "2"});
  EXPECT_EQ(hello.status, 0);
  EXPECT_EQ(hello.out, "hello you\nhello you\n");
  EXPECT_EQ(hello.err, "");
  EXPECT_EQ(call({"greet", "you", "-t9"}).status, 3);
}

TEST(Program, HelpListsTheCommandsInTheirOrder) {
  for (const char* flag : {"--help", "-h"}) {
    const Result help = call({flag});
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_THAT(help.out, HasSubstr("fusesim [OPTIONS] [COMMAND]"));
    const auto fail_at = help.out.find("Throw"), greet_at = help.out.find("Say hello");
    ASSERT_NE(greet_at, std::string::npos);
    EXPECT_LT(fail_at, greet_at);
  }
  const Result help = call({"greet", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("Usage: fusesim greet [OPTIONS] NAME"));
  EXPECT_THAT(help.out, HasSubstr("--times"));
}

TEST(Program, VersionIsOneLine) {
  const Result version = call({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.out, ::testing::MatchesRegex("fusesim [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Program, ExceptionsAreOneLineAndStatusOne) {
  const Result broken = call({"fail"});
  EXPECT_EQ(broken.status, 1);
  EXPECT_EQ(broken.out, "");
  EXPECT_EQ(broken.err, "fusesim: file.bin: it broke badly\n");
}

TEST(Program, RunningOutOfMemoryIsSaidInASentence) {
  const Result out_of_memory = call({"fail", "--memory"});
  EXPECT_EQ(out_of_memory.status, 1);
  EXPECT_THAT(out_of_memory.err, StartsWith("fusesim: out of memory while running 'fail'; "));
}

TEST(Program, NumbersOutsideTheirRangeNameTheRange) {
  const auto message = [](const char* option, const char* text) {
    const Result result = call({"greet", "you", option, text});
    EXPECT_EQ(result.status, 2) << text;
    return result.err.substr(0, result.err.find('\n'));
  };
  for (const char* text : {"0", "11", "-1", "+1", "ten", "1.5", "1e1", " 1", "0x1", "99999999999999999999"}) {
    EXPECT_EQ(message("--limit", text),
              "fusesim: --limit " + std::string(text) + " is not a whole number from 1 to 10");
  }
  EXPECT_EQ(message("--limit", ""), "fusesim: --limit '' is not a whole number from 1 to 10");
  EXPECT_EQ(message("--seed", "-1"), "fusesim: --seed -1 is not a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(call({"greet", "you", "--times", "5", "--limit", "2", "--seed", "18446744073709551615"}).out,
            "hello you\nhello you\n");
}

TEST(Program, UsageErrorsAreStatusTwoAndPointAtTheHelp) {
  const auto message = [](const std::vector<const char*>& arguments) {
    const Result result = call(arguments);
    EXPECT_EQ(result.status, 2) << result.err;
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_EQ(message({}), "fusesim: no command given\nTry 'fusesim --help'.\n");
  EXPECT_EQ(message({"graet"}), "fusesim: unknown command 'graet'; did you mean 'greet'?\nTry 'fusesim --help'.\n");
  EXPECT_THAT(message({"zzzzzzzzz"}), StartsWith("fusesim: unknown command 'zzzzzzzzz'; valid are "));
  EXPECT_EQ(message({"--versoin"}),
            "fusesim: unknown option '--versoin'; did you mean '--version'?\nTry 'fusesim --help'.\n");
  EXPECT_EQ(message({"greet", "you", "--tmies", "3"}),
            "fusesim: unknown option '--tmies'; did you mean '--times'?\nTry 'fusesim greet --help'.\n");
  EXPECT_EQ(message({"greet", "--tmies=3"}),
            "fusesim: unknown option '--tmies'; did you mean '--times'?\nTry 'fusesim greet --help'.\n");
  EXPECT_EQ(message({"greet", "you", "me"}),
            "fusesim: 'greet' takes no further argument 'me'\nTry 'fusesim greet --help'.\n");
  EXPECT_EQ(message({"greet"}), "fusesim: NAME is required\nTry 'fusesim greet --help'.\n");
  EXPECT_THAT(message({"greet", "you", "--times", "many"}), HasSubstr("many"));
  EXPECT_THAT(message({"greet", "you", "--times"}), HasSubstr("--times"));
  EXPECT_THAT(message({"greet", "you", "--format", "cvs"}), HasSubstr("unknown format 'cvs'; did you mean 'csv'?"));
  EXPECT_EQ(message({"fail", "--usage"}), "fusesim: that makes no sense\nTry 'fusesim fail --help'.\n");
}

/// A disk without room.
class Full : public std::streambuf {
 protected:
  int_type overflow(int_type) override { return traits_type::eof(); }
  int sync() override { return -1; }
};

/// A disk without room that says so, and an error elsewhere that is more recent.
class FullWithReason : public Full {
 protected:
  int_type overflow(int_type c) override {
    errno = ENOSPC;
    return Full::overflow(c);
  }
  int sync() override {
    errno = EBADF;
    return -1;
  }
};

TEST(Program, OutputThatCannotBeWrittenGivesTheFirstReason) {
  FullWithReason full;
  std::ostream out(&full);
  std::ostringstream err;
  const std::vector<const char*> arguments = {"fusesim", "greet", "you"};
  EXPECT_EQ(run(static_cast<int>(arguments.size()), arguments.data(), out, err), 1);
  EXPECT_EQ(err.str(), "fusesim: cannot write to standard output: No space left on device\n");
}

TEST(Program, OutputThatCannotBeWrittenIsAFailure) {
  const auto with_full_disk = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "fusesim");
    Full full;
    std::ostream out(&full);
    std::ostringstream err;
    const int status = run(static_cast<int>(arguments.size()), arguments.data(), out, err);
    EXPECT_THAT(err.str(), StartsWith("fusesim: cannot write to standard output"));
    return status;
  };
  EXPECT_EQ(with_full_disk({"greet", "you"}), 1);
  EXPECT_EQ(with_full_disk({"--help"}), 1);
  EXPECT_EQ(with_full_disk({"--version"}), 1);
  EXPECT_EQ(with_full_disk({"greet", "you", "--times", "9"}), 3);
}

}  // namespace
}  // namespace fusesim::cli
