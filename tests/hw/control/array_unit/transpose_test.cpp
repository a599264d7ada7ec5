// SPDX-License-Identifier: Apache-2.0
#include "hw/control/array_unit/transpose.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace fusesim::control::machine {
namespace {

TEST(TransposeBytes, IsTheDefinitionForAllSizesAndPitches) {
  std::mt19937 random(1);
  for (std::size_t rows = 1; rows <= 26; ++rows) {
    for (std::size_t columns = 1; columns <= 26; ++columns) {
      const std::size_t pitch = columns + random() % 3;
      std::vector<std::int8_t> from(rows * pitch), to(rows * columns, 99);
      for (std::int8_t& value : from) value = static_cast<std::int8_t>(random());
      transpose_bytes(from.data(), pitch, rows, columns, to.data());
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < columns; ++c) ASSERT_EQ(to[c * rows + r], from[r * pitch + c]);
      }
    }
  }
}

}  // namespace
}  // namespace fusesim::control::machine
