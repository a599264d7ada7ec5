// SPDX-License-Identifier: Apache-2.0
// Exit statuses and messages of the frame that every command shares.
#include <gmock/gmock.h>

#include <iostream>
#include <memory>
#include <sstream>

#include "sim/cli/command.h"

namespace fusesim::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Registration greet({20, "greet", "Say hello", [](CLI::App& app) -> Action {
                            struct Options {
                              std::string name;
                              int times = 1;
                              report::Format format = report::Format::table;
                            };
                            auto options = std::make_shared<Options>();
                            app.add_option("NAME", options->name, "Whom")->required();
                            app.add_option("-t,--times", options->times, "How often");
                            add_format_option(app, options->format);
                            return [options](std::ostream& out) {
                              for (int i = 0; i < options->times; ++i) out << "hello " << options->name << '\n';
                              return options->times == 9 ? 3 : 0;
                            };
                          }});

const Registration fail({10, "fail", "Throw", [](CLI::App& app) -> Action {
                           auto usage = std::make_shared<bool>(false);
                           app.add_flag("--usage", *usage, "Throw a usage error");
                           return [usage](std::ostream&) -> int {
                             if (*usage) throw UsageError("that makes\nno sense");
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
