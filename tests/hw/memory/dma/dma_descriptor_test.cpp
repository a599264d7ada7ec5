// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dma/dma_descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/hw/memory/support/random_descriptor.h"

namespace fusesim::memory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<DmaPiece> pieces(const DmaDescriptor& descriptor, std::uint32_t burst_bytes, DmaBursts::Memory memory) {
  std::vector<DmaPiece> all;
  for (DmaBursts bursts(descriptor, burst_bytes, memory); !bursts.done();) all.push_back(bursts.next());
  return all;
}

TEST(DmaBursts, CutsAtBurstBoundariesOfTheMemory) {
  DmaDescriptor d;
  d.source = 100;
  d.destination = 7;
  d.element_bytes = 100;
  EXPECT_THAT(pieces(d, 64, DmaBursts::Memory::source),
              ElementsAre(DmaPiece{100, 7, 28}, DmaPiece{128, 35, 64}, DmaPiece{192, 99, 8}));
  EXPECT_THAT(pieces(d, 64, DmaBursts::Memory::destination), ElementsAre(DmaPiece{7, 100, 57}, DmaPiece{64, 157, 43}));
}

TEST(DmaBursts, JoinsDimensionsThatAreDenseOnBothSides) {
  DmaDescriptor d;
  d.element_bytes = 4;
  d.counts = {8, 2, 3};
  d.source_strides = {4, 32, 1024};
  d.destination_strides = {4, 32, 64};
  EXPECT_THAT(pieces(d, 64, DmaBursts::Memory::source),
              ElementsAre(DmaPiece{0, 0, 64}, DmaPiece{1024, 64, 64}, DmaPiece{2048, 128, 64}));
  d.destination_strides[1] = 33;  // rows no longer dense
  EXPECT_EQ(pieces(d, 64, DmaBursts::Memory::source).size(), 6U);
}

TEST(DmaBursts, ARequestTakesWhatFollowsInTheMemoryWhereverItLiesOnTheOtherSide) {
  DmaDescriptor d;  // Three channels of two rows of 20 bytes: rows outside in memory, channels outside locally.
  d.element_bytes = 20;
  d.counts = {3, 2, 1};
  d.source_strides = {20, 60, 0};
  d.destination_strides = {64, 32, 0};
  DmaBursts bursts(d, 64, DmaBursts::Memory::source);
  std::vector<DmaPiece> request;
  bursts.next_request(request);
  EXPECT_THAT(request,
              ElementsAre(DmaPiece{0, 0, 20}, DmaPiece{20, 64, 20}, DmaPiece{40, 128, 20}, DmaPiece{60, 32, 4}));
  bursts.next_request(request);
  EXPECT_THAT(request, ElementsAre(DmaPiece{64, 36, 16}, DmaPiece{80, 96, 20}, DmaPiece{100, 160, 20}));
  EXPECT_TRUE(bursts.done());
}

TEST(DmaBursts, RequestsAreThePiecesJoinedWhereTheMemoryIsContiguousWithinABurst) {
  std::mt19937_64 random(4);
  std::size_t joined = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const DmaDescriptor d = memory_test::random_descriptor(random, 60'000);
    for (const auto side : {DmaBursts::Memory::source, DmaBursts::Memory::destination}) {
      const std::uint32_t burst = 1U << random() % 9;
      const std::vector<DmaPiece> expected = pieces(d, burst, side);
      std::vector<DmaPiece> all, request, memory_only;
      std::uint64_t last_end = 0;
      DmaBursts one_sided(d, burst, side, DmaBursts::Sides::memory);
      for (DmaBursts bursts(d, burst, side); !bursts.done();) {
        bursts.next_request(request);
        // Who only looks at the memory sees the same requests.
        ASSERT_FALSE(one_sided.done());
        one_sided.next_request(memory_only);
        ASSERT_LE(memory_only.size(), request.size());
        ASSERT_EQ(memory_only.front().memory, request.front().memory);
        ASSERT_EQ(memory_only.back().memory + memory_only.back().bytes, request.back().memory + request.back().bytes);
        // Nothing that could have been part of the request before.
        const std::uint64_t begin = request.front().memory;
        if (!all.empty()) {
          ASSERT_TRUE(begin != last_end || begin % burst == 0);
        }
        for (std::size_t i = 1; i < request.size(); ++i) {
          ASSERT_EQ(request[i].memory, request[i - 1].memory + request[i - 1].bytes);
        }
        last_end = request.back().memory + request.back().bytes;
        ASSERT_EQ(begin / burst, (last_end - 1) / burst);
        joined += request.size() - 1;
        all.insert(all.end(), request.begin(), request.end());
      }
      ASSERT_EQ(all, expected);
      ASSERT_TRUE(one_sided.done());
    }
  }
  EXPECT_GT(joined, 1000U);
}

TEST(DmaBursts, CoverExactlyTheBytesOfRandomDescriptors) {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 400; ++trial) {
    const DmaDescriptor d = memory_test::random_descriptor(random, 60'000);
    const auto expected = memory_test::moved_bytes(d);
    ASSERT_EQ(expected.size(), d.bytes());
    for (const auto side : {DmaBursts::Memory::source, DmaBursts::Memory::destination}) {
      const std::uint32_t burst = 1U << random() % 9;
      std::vector<std::pair<std::uint64_t, std::uint64_t>> covered;
      for (const DmaPiece& piece : pieces(d, burst, side)) {
        ASSERT_GT(piece.bytes, 0U);
        ASSERT_EQ(piece.memory / burst, (piece.memory + piece.bytes - 1) / burst);
        for (std::uint64_t b = 0; b < piece.bytes; ++b) {
          covered.push_back(side == DmaBursts::Memory::source ? std::pair(piece.memory + b, piece.local + b)
                                                              : std::pair(piece.local + b, piece.memory + b));
        }
      }
      ASSERT_EQ(covered, expected);
    }
  }
}

TEST(DmaDescriptor, RefusesWhatMovesNothingOrLeavesItsMemory) {
  const auto refused = [](auto change, const char* message) {
    DmaDescriptor d;
    d.element_bytes = 16;
    d.counts = {4, 1, 1};
    d.source_strides = d.destination_strides = {16, 0, 0};
    validate(d, 64, 64);
    change(d);
    EXPECT_THAT([&] { validate(d, 64, 64); }, ThrowsMessage<std::invalid_argument>(HasSubstr(message)));
  };
  refused([](DmaDescriptor& d) { d.element_bytes = 0; }, "element_bytes is 0");
  refused([](DmaDescriptor& d) { d.counts[1] = 0; }, "counts[1] is 0");
  refused([](DmaDescriptor& d) { d.source = 1; }, "source reaches beyond its 64 bytes");
  refused([](DmaDescriptor& d) { d.destination_strides[0] = 17; }, "destination reaches beyond");
  refused([](DmaDescriptor& d) { d.source_strides[0] = -1; }, "source reaches below address 0");
  refused([](DmaDescriptor& d) { d.counts = {~0U, ~0U, ~0U}; }, "2^48");
}

}  // namespace
}  // namespace fusesim::memory
