// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/read_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "hw/isa/write_file.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::isa {
namespace {

using ::testing::StartsWith;

std::string error_of(const std::filesystem::path& path, std::size_t most = max_text_bytes) {
  try {
    static_cast<void>(read_file(path, most));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ReadFile, GivesEveryByteUpToTheLimit) {
  const fusesim::test::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  std::string bytes;
  for (int i = 0; i < 200000; ++i) bytes += static_cast<char>(i * 7);
  write_file(path, bytes);
  EXPECT_EQ(read_file(path), bytes);
  EXPECT_EQ(read_file(path, bytes.size()), bytes);
  EXPECT_THAT(error_of(path, bytes.size() - 1), StartsWith(path.string() + ": longer than 199999 bytes"));
  write_file(path, "");
  EXPECT_EQ(read_file(path, 0), "");
}

TEST(ReadFile, StopsReadingADeviceThatNeverEnds) {
  EXPECT_THAT(error_of("/dev/zero"), StartsWith("/dev/zero: longer than 67108864 bytes"));
}

TEST(ReadFile, NamesTheReason) {
  const fusesim::test::TemporaryDirectory directory;
  EXPECT_EQ(error_of("none/such"), "none/such: cannot read: No such file or directory");
  EXPECT_EQ(error_of(directory / "."), (directory / ".").string() + ": cannot read: Is a directory");
  const std::filesystem::path loop = directory / "loop";
  std::filesystem::create_symlink(loop, loop);
  EXPECT_EQ(error_of(loop), loop.string() + ": cannot read: Too many levels of symbolic links");
}

}  // namespace
}  // namespace fusesim::isa
