// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/write_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temporary_directory.h"

namespace fusesim::isa {
namespace {

using testing::HasSubstr;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string message_of(const std::filesystem::path& path, std::string_view bytes) {
  try {
    write_file(path, bytes);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(WriteFile, ReplacesAFileAndLeavesNothingElse) {
  fusesim::test::TemporaryDirectory directory;
  write_file(directory / "a", "first");
  write_file(directory / "a", "second");
  EXPECT_EQ(read(directory / "a"), "second");
  EXPECT_EQ(directory.files(), 1U);
}

TEST(WriteFile, GivesAFileTheUsualMode) {
  fusesim::test::TemporaryDirectory directory;
  write_file(directory / "a", "x");
  const mode_t mask = ::umask(0);
  ::umask(mask);
  struct stat info {};
  ASSERT_EQ(::stat((directory / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0666 & ~mask);
}

TEST(WriteFile, WritesThroughASymbolicLink) {
  fusesim::test::TemporaryDirectory directory;
  write_file(directory / "a", "first");
  std::filesystem::create_symlink("a", directory / "link");
  write_file(directory / "link", "second");
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
  EXPECT_EQ(read(directory / "a"), "second");
}

TEST(WriteFile, KeepsTheOldFileWhenTheDiskIsFull) {
  fusesim::test::TemporaryDirectory directory;
  write_file(directory / "a", "old");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);  // so that the write fails instead
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of(directory / "a", std::string(5000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr((directory / "a").string() + ": cannot write: File too large"));
  EXPECT_EQ(read(directory / "a"), "old");
  EXPECT_EQ(directory.files(), 1U);
}

TEST(WriteFile, ReportsAFullDeviceAndLeavesItADevice) {
  EXPECT_THAT(message_of("/dev/full", "x"), HasSubstr("/dev/full: cannot write: No space left on device"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(WriteFile, NamesAMissingOrWrongPlace) {
  fusesim::test::TemporaryDirectory directory;
  EXPECT_THAT(message_of(directory / "no/such", "x"), HasSubstr("no/such: cannot write: No such file or directory"));
  EXPECT_THAT(message_of(directory / ".", "x"), HasSubstr("cannot write: Is a directory"));
}

TEST(CheckWritable, KnowsAWrongPlaceBeforeThereAreBytes) {
  fusesim::test::TemporaryDirectory directory;
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      check_writable(path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(directory / "no/such"), HasSubstr("no/such: cannot write: No such file or directory"));
  EXPECT_THAT(message(directory / "."), HasSubstr("cannot write: Is a directory"));
  EXPECT_EQ(message("/dev/full"), "") << "what a device takes is seen when it gets bytes";
  EXPECT_EQ(message(directory / "new"), "");
  EXPECT_EQ(directory.files(), 0U);
  write_file(directory / "a", "kept");
  EXPECT_EQ(message(directory / "a"), "");
  EXPECT_EQ(read(directory / "a"), "kept");
  EXPECT_EQ(directory.files(), 1U);
}

}  // namespace
}  // namespace fusesim::isa
