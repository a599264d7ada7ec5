// SPDX-License-Identifier: Apache-2.0
#include "workloads/import/cifar10.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_directory.h"
#include "workloads/import/import_error.h"

namespace fusesim::trained {
namespace {

using test::TemporaryDirectory;

std::string written(const TemporaryDirectory& directory, const std::string& bytes) {
  const std::string path = (directory.path() / "pictures.bin").string();
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(Cifar10, ReadsLabelsAndPlanes) {
  const TemporaryDirectory directory;
  std::string bytes;
  for (int picture = 0; picture < 3; ++picture) {
    bytes += static_cast<char>(picture + 7);
    for (int i = 0; i < 3072; ++i) bytes += static_cast<char>(picture + i / 1024 * 10);
  }
  const std::vector<Picture> pictures = read_cifar10(written(directory, bytes));
  ASSERT_EQ(pictures.size(), 3u);
  for (std::uint8_t picture = 0; picture < 3; ++picture) {
    EXPECT_EQ(pictures[picture].label, picture + 7);
    for (std::size_t i = 0; i < 3072; ++i) ASSERT_EQ(pictures[picture].pixels[i], picture + i / 1024 * 10);
  }
  const quantize::Map map =
      normalise(pictures[2], std::array<double, 3>{0.5, 0.25, 0}, std::array<double, 3>{1, 2, 0.5});
  EXPECT_EQ(map[0], 2 / 255.0 - 0.5);
  EXPECT_EQ(map[1024], (12 / 255.0 - 0.25) / 2);
  EXPECT_EQ(map[3071], 22 / 255.0 / 0.5);
}

TEST(Cifar10, RefusesWhatIsNoFileOfPictures) {
  const TemporaryDirectory directory;
  const auto message = [](const std::string& path) -> std::string {
    try {
      (void)read_cifar10(path);
    } catch (const ImportError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string path = written(directory, "");
  EXPECT_EQ(message(path), path + ": 0 bytes are not a whole number of pictures of 3073");
  EXPECT_EQ(message(written(directory, std::string(3074, '\0'))),
            path + ": 3074 bytes are not a whole number of pictures of 3073");
  EXPECT_EQ(message(written(directory, std::string(3073, '\0') + std::string(3073, '\12'))),
            path + ": picture 1: label 10 is above 9");
  EXPECT_EQ(message(path + "x"), path + "x: cannot be read");
}

}  // namespace
}  // namespace fusesim::trained
