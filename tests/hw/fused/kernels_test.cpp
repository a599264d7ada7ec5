// SPDX-License-Identifier: Apache-2.0
// Every instruction set's kernels do what the definitions say, on the sizes where vectors and words end. What they add
// up to together is compared in law_test.cpp.
#include "hw/fused/values/kernels.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "hw/array/values/instruction_set.h"

namespace fusesim::fused::values {
namespace {

using array::values::InstructionSet;

class FusedKernels : public ::testing::TestWithParam<InstructionSet> {
 protected:
  std::uint64_t bits() {
    return (std::uint64_t{random_()} << 32 | random_()) & (std::uint64_t{random_()} << 32 | random_());
  }
  std::int32_t between(std::int32_t low, std::int32_t high) {
    return std::uniform_int_distribution<std::int32_t>(low, high)(random_);
  }
  const Kernels& kernels_ = kernels(GetParam());

 private:
  std::mt19937 random_{1};
};

TEST_P(FusedKernels, GatherBitsMovesSelectedBitsToTheirPlaces) {
  for (int i = 0; i < 300; ++i) {
    const std::size_t from_words = static_cast<std::size_t>(between(1, 5)),
                      to_words = static_cast<std::size_t>(between(1, 4));
    std::vector<std::uint64_t> from(from_words), select(from_words), place(to_words), to(to_words, ~std::uint64_t{0}),
        wanted(to_words);
    std::vector<std::size_t> free_bits;
    for (std::uint64_t& word : from) word = bits();
    for (std::uint64_t& word : place) word = i % 3 == 0 ? ~std::uint64_t{0} : bits();
    for (std::size_t at = 0; at < to_words * 64; ++at) {
      if ((place[at / 64] >> at % 64 & 1) != 0) free_bits.push_back(at);
    }
    // As many selected bits as places, or places that stay unused are taken away.
    std::size_t used = 0;
    for (std::size_t at = 0; at < from_words * 64 && used < free_bits.size(); ++at) {
      if (between(0, 2) == 0) continue;
      select[at / 64] |= std::uint64_t{1} << at % 64;
      wanted[free_bits[used] / 64] |= (from[at / 64] >> at % 64 & 1) << free_bits[used] % 64;
      ++used;
    }
    for (; used < free_bits.size(); ++used) place[free_bits[used] / 64] &= ~(std::uint64_t{1} << free_bits[used] % 64);
    kernels_.gather_bits(from.data(), select.data(), from_words, place.data(), to_words, to.data());
    ASSERT_EQ(to, wanted) << i;
  }
}

TEST_P(FusedKernels, LaddersAddCompareAndCountOnLinesOfAnyLength) {
  for (std::size_t count = 1; count < 140; count += count < 20 ? 1 : 7) {
    std::vector<std::int16_t> inputs(5 * 200);
    for (std::int16_t& input : inputs) input = static_cast<std::int16_t>(between(-8, 7));
    const std::vector<std::uint32_t> offsets{3, 200, 407, 600, 801};
    std::vector<isa::machine::FusedLane> lanes;
    for (int n = between(0, 9); n > 0; --n)
      lanes.push_back({static_cast<std::uint16_t>(between(0, 4)), between(0, 1) == 1});
    std::int16_t levels[7];
    for (std::int16_t& level : levels) level = static_cast<std::int16_t>(between(-20, 20));
    LadderTask task{lanes.data(), lanes.size(),  between(0, 1) == 1, static_cast<std::int16_t>(between(-9, 9)),
                    levels,       inputs.data(), offsets.data(),     count};
    const std::size_t padded = (count + 63) / 64 * 64;
    std::vector<std::int16_t> sums(padded, 99), found_levels(padded, 99);
    std::vector<std::uint64_t> mask(padded / 64, ~std::uint64_t{0});
    kernels_.ladder(task, sums.data(), found_levels.data(), mask.data());
    for (std::size_t i = 0; i < padded; ++i) {
      std::int32_t sum = 0;
      for (const auto& lane : lanes)
        sum += (lane.negative ? -1 : 1) * inputs[offsets[lane.index] + (i < count ? i : 0)];
      const auto passes = [&](std::int16_t threshold) { return task.falling ? sum <= threshold : sum >= threshold; };
      ASSERT_EQ(mask[i / 64] >> i % 64 & 1, i < count && passes(task.mask) ? 1 : 0) << count << " " << i;
      if (i >= count) continue;
      std::int32_t level = 0;
      for (const std::int16_t threshold : levels) level += passes(threshold) ? 1 : 0;
      ASSERT_EQ(found_levels[i], level);
    }
  }
}

TEST_P(FusedKernels, SumsWrapAndUseEveryMaskAndOperand) {
  for (int i = 0; i < 50; ++i) {
    const std::uint32_t taps = 4, channels = 3, middle = 6;
    const std::size_t blocks = 2, block = static_cast<std::size_t>(i % 2);
    std::vector<std::uint64_t> masks((taps + 1) * blocks * middle);
    for (std::uint64_t& mask : masks) mask = bits();
    std::vector<std::int16_t> operands(taps * channels * blocks * block_pes);
    for (std::int16_t& operand : operands) operand = static_cast<std::int16_t>(between(-255, 255));
    std::vector<isa::machine::FusedTerm> terms(5);
    std::vector<std::uint32_t> ends;
    for (std::uint32_t list = 0; list < taps * (channels + 1) + 1; ++list) {
      for (int n = between(1, 6); n > 0; --n) {
        terms.push_back({static_cast<std::int16_t>(between(-32768, 32767)), static_cast<std::uint16_t>(between(0, 5))});
      }
      ends.push_back(static_cast<std::uint32_t>(terms.size()));
    }
    ChannelTask task{
        terms.data(),    ends.data(),        5,       taps,   channels, {masks.data(), blocks, middle}, block,
        operands.data(), blocks * block_pes, 1 << 14, 1 << 13};
    std::int32_t sums[block_pes];
    kernels_.channel_sums(task, sums);
    for (std::size_t p = 0; p < block_pes; ++p) {
      std::uint32_t wanted = 0;
      for (std::uint32_t list = 0; list < ends.size(); ++list) {
        const std::uint32_t tap = list / (channels + 1), c = list % (channels + 1);
        std::int64_t sum = 0;
        for (std::uint32_t t = list == 0 ? 5 : ends[list - 1]; t < ends[list]; ++t) {
          if ((masks[(tap * blocks + block) * middle + terms[t].middle] >> p & 1) != 0) sum += terms[t].weight;
        }
        std::int64_t operand = 1 << 13;
        if (tap < taps)
          operand =
              c == channels ? 1 << 14 : operands[(tap * channels + c) * blocks * block_pes + block * block_pes + p];
        wanted += static_cast<std::uint32_t>(sum * operand);
      }
      ASSERT_EQ(static_cast<std::uint32_t>(sums[p]), wanted);
    }
  }
}

std::vector<InstructionSet> sets() {
  return array::values::available_instruction_sets();
}

INSTANTIATE_TEST_SUITE_P(Sets, FusedKernels, ::testing::ValuesIn(sets()),
                         [](const auto& of) { return std::string(array::values::name(of.param)); });

}  // namespace
}  // namespace fusesim::fused::values
