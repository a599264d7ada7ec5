// SPDX-License-Identifier: Apache-2.0
#include "hw/array/row_kernels.h"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace fusesim::array {
namespace {

using Set = std::vector<std::uint64_t>;

struct Variant {
  std::string name;
  const RowKernels* kernels;
  friend void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }
};

/// Vector kernels that this machine runs, against the portable ones.
class RowKernelsTest : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    if (GetParam().kernels == nullptr) GTEST_SKIP() << "neither this processor nor this build has " << GetParam().name;
  }

  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
  }
  /// Sets of columns for each row: full and empty words, runs that end inside a word, and noise.
  Set some_of(const Set& all) {
    Set set(all.size());
    for (std::uint64_t& word : set) {
      switch (between(0, 4)) {
        case 0:
          word = 0;
          break;
        case 1:
          word = ~std::uint64_t{0};
          break;
        case 2:
          word = ~std::uint64_t{0} << between(0, 63);
          break;
        case 3:
          word = ~std::uint64_t{0} >> between(0, 63);
          break;
        default:
          word = random_();
          break;
      }
    }
    for (std::size_t k = 0; k < set.size(); ++k) set[k] &= all[k];
    return set;
  }
  static Set all(std::uint32_t rows, std::uint32_t columns) {
    Set set(std::size_t{(columns + 63) / 64} * rows);
    for (std::uint32_t j = 0; j < columns; ++j) {
      for (std::uint32_t i = 0; i < rows; ++i) set[std::size_t{j / 64} * rows + i] |= std::uint64_t{1} << (j % 64);
    }
    return set;
  }
  /// Extremes are as likely as the rest together: the products' widest values, and sums that wrap around.
  std::vector<std::int8_t> bytes(std::size_t count) {
    std::vector<std::int8_t> values(count);
    for (std::int8_t& value : values) {
      value = between(0, 1) == 0 ? static_cast<std::int8_t>(static_cast<std::uint8_t>(between(0, 255)))
                                 : std::numeric_limits<std::int8_t>::min();
    }
    return values;
  }
  std::vector<std::int32_t> sums(std::size_t count) {
    std::vector<std::int32_t> values(count);
    for (std::int32_t& value : values) {
      value = between(0, 1) == 0
                  ? static_cast<std::int32_t>(static_cast<std::uint32_t>(random_()))
                  : std::numeric_limits<std::int32_t>::max() - static_cast<std::int32_t>(between(0, 20000));
    }
    return values;
  }

  std::mt19937_64 random_{1};
};

INSTANTIATE_TEST_SUITE_P(Variants, RowKernelsTest,
                         testing::Values(Variant{"AVX2", avx2_row_kernels()}, Variant{"AVX512", avx512_row_kernels()}),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_P(RowKernelsTest, AccumulateAsThePortableKernelDoes) {
  for (int trial = 0; trial < 5000; ++trial) {
    Accumulation work;
    work.columns = static_cast<std::uint32_t>(row_lanes * between(1, 13));
    const auto all_rows = static_cast<std::uint32_t>(between(1, 5)),
               begin = static_cast<std::uint32_t>(between(0, all_rows - 1));
    work.rows = static_cast<std::uint32_t>(between(0, all_rows - begin));
    work.a_stride = work.columns + between(0, 70);  // windows onto streams start anywhere
    const std::vector<std::int8_t> a = bytes(work.a_stride * all_rows), w = bytes(std::size_t{work.columns} * all_rows);
    const Set lanes = some_of(all(all_rows, work.columns)), first = some_of(all(all_rows, work.columns));
    work.a = a.data();
    work.w = w.data();
    work.lanes = {lanes.data() + begin, all_rows};
    if (between(0, 1) == 0) work.first = {first.data() + begin, all_rows};
    std::vector<std::int32_t> expected = sums(std::size_t{work.columns} * all_rows), got = expected;
    work.acc = expected.data();
    portable_row_kernels().accumulate(work);
    work.acc = got.data();
    GetParam().kernels->accumulate(work);
    ASSERT_EQ(got, expected) << "trial " << trial << ", " << work.rows << " rows of " << work.columns;
  }
}

TEST_P(RowKernelsTest, MoveDownAsThePortableKernelDoes) {
  for (int trial = 0; trial < 5000; ++trial) {
    const auto columns = static_cast<std::uint32_t>(row_lanes * between(1, 13));
    const auto rows = static_cast<std::uint32_t>(between(1, 5));
    const Set lanes = some_of(all(rows, columns));
    std::vector<std::int32_t> expected = sums(std::size_t{columns} * (rows + 1)), got = expected;
    portable_row_kernels().move_down(rows, columns, {lanes.data(), rows}, expected.data());
    GetParam().kernels->move_down(rows, columns, {lanes.data(), rows}, got.data());
    ASSERT_EQ(got, expected) << "trial " << trial << ", " << rows << " rows of " << columns;
  }
}

TEST_P(RowKernelsTest, CountBitsAsThePortableKernelDoes) {
  for (int trial = 0; trial < 1000; ++trial) {
    const Set words = some_of(Set(between(0, 20), ~std::uint64_t{0}));
    ASSERT_EQ(GetParam().kernels->count_bits(words.data(), words.size()),
              portable_row_kernels().count_bits(words.data(), words.size()));
  }
}

constexpr std::int32_t largest = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t smallest = std::numeric_limits<std::int32_t>::min();

TEST(PortableRowKernels, RestartWrapAroundAndLeaveOtherColumnsAlone) {
  const std::vector<std::int8_t> a = {-128, 127, 5, -1}, w = {-128, -128, 7, 1};
  const std::uint64_t lanes = 0b1011, first = 0b0010;
  std::vector<std::int32_t> acc = {largest, 99, 42, smallest};
  portable_row_kernels().accumulate({1, 4, a.data(), 4, w.data(), {&lanes, 1}, {&first, 1}, acc.data()});
  EXPECT_EQ(acc, (std::vector<std::int32_t>{smallest + 16383, -16256, 42, largest}));
}

TEST(PortableRowKernels, MoveWordsDownByOneRow) {
  const std::vector<std::uint64_t> lanes = {0b11, 0b01};
  std::vector<std::int32_t> acc = {1, 2, 3, 4, 5, 6};
  portable_row_kernels().move_down(2, 2, {lanes.data(), 2}, acc.data());
  EXPECT_EQ(acc, (std::vector<std::int32_t>{1, 2, 1, 2, 3, 6}));
}

TEST(PortableRowKernels, CountEveryBit) {
  const std::vector<std::uint64_t> words = {0, ~std::uint64_t{0}, 5};
  EXPECT_EQ(portable_row_kernels().count_bits(words.data(), words.size()), 66);
}

TEST(RowKernels, TheBestAreTheWidestThereAre) {
  const RowKernels* widest = avx512_row_kernels() != nullptr ? avx512_row_kernels() : avx2_row_kernels();
  EXPECT_EQ(&best_row_kernels(), widest != nullptr ? widest : &portable_row_kernels());
}

}  // namespace
}  // namespace fusesim::array
