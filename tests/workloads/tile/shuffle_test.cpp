// SPDX-License-Identifier: Apache-2.0
// Shuffled stores: which channels a transfer takes, and which bytes it writes, element by element.
#include "workloads/tile/shuffle.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>
#include <vector>

#include "tests/support/machine_interpreter.h"
#include "workloads/quantize/untrained.h"
#include "workloads/reference/execute.h"
#include "workloads/tile/compile.h"
#include "workloads/tile/tasks.h"

namespace fusesim::tile {
namespace {

/// Where the channels of a map go, by writing the matrix of groups row by row and reading it column by column.
std::vector<std::uint32_t> destinations(std::uint32_t channels, std::uint32_t groups) {
  std::vector<std::uint32_t> to(channels);
  std::uint32_t next = 0;
  for (std::uint32_t member = 0; member < channels / groups; ++member) {
    for (std::uint32_t group = 0; group < groups; ++group) to[group * (channels / groups) + member] = next++;
  }
  return to;
}

TEST(ShuffledChannels, SendEveryChannelOfABlockToItsPlaceInFewParts) {
  for (std::uint32_t groups = 1; groups <= 5; ++groups) {
    for (std::uint32_t members = 1; members <= 5; ++members) {
      const std::uint32_t channels = groups * members;
      const std::vector<std::uint32_t> to = destinations(channels, groups);
      for (std::uint32_t begin = 0; begin < channels; ++begin) {
        for (std::uint32_t count = 1; begin + count <= channels; ++count) {
          const std::vector<ShuffledChannels> parts = shuffled_channels(channels, groups, begin, count);
          std::uint32_t at = begin;
          for (const ShuffledChannels& part : parts) {
            EXPECT_EQ(part.begin, at);
            for (std::uint32_t j = 0; j < part.groups; ++j) {
              for (std::uint32_t i = 0; i < part.members; ++i) {
                EXPECT_EQ(part.to + i * part.stride + j, to[at]) << groups << ' ' << members << ' ' << at;
                ++at;
              }
            }
          }
          EXPECT_EQ(at, begin + count);
          const bool starts = begin % members == 0, ends = (begin + count) % members == 0;
          const bool inside = begin / members == (begin + count - 1) / members;
          const std::size_t whole = (begin + count) / members > (begin + members - 1) / members ? 1 : 0;
          EXPECT_EQ(parts.size(), inside ? 1 : whole + (starts ? 0 : 1) + (ends ? 0 : 1));
        }
      }
    }
  }
}

/// Both orders in DRAM, alone and inside a larger map, all bands: the sets of runs are the bytes, each once.
TEST(StoredRuns, AreTheBytesOfTheShuffledElements) {
  constexpr std::uint64_t height = 3, width = 2, offset = 5;
  for (const auto& [groups, members] : {std::pair{2U, 3U}, {3U, 2U}, {4U, 4U}, {3U, 1U}, {1U, 3U}}) {
    const std::uint32_t channels = groups * members;
    const std::vector<std::uint32_t> to = destinations(channels, groups);
    for (const std::uint64_t more : {0, 1}) {
      const std::uint64_t all = channels + more;
      for (const TensorPlace& place :
           {TensorPlace{7, offset, width, all * width}, {7, offset, height * width, width}}) {
        for (std::uint32_t begin = 0; begin < channels; ++begin) {
          for (std::uint32_t count = 1; begin + count <= channels; ++count) {
            for (const auto& [row, rows] : {std::pair{0U, 3U}, {1U, 2U}, {1U, 1U}}) {
              std::set<std::uint64_t> bytes, covered;
              for (std::uint32_t c = begin; c < begin + count; ++c) {
                for (std::uint64_t y = row; y < row + rows; ++y) {
                  for (std::uint64_t x = 0; x < width; ++x) {
                    bytes.insert(offset + to[c] * place.channel_stride + y * place.row_stride + x);
                  }
                }
              }
              std::size_t written = 0;
              for (const ShuffledChannels& part : shuffled_channels(channels, groups, begin, count)) {
                for (const DramRuns& runs : stored_runs(place, part, row, rows, width)) {
                  EXPECT_EQ(runs.section, 7U);
                  EXPECT_TRUE(runs.count == 1 || runs.stride >= runs.run);
                  for (std::uint64_t i = 0; i < runs.count; ++i) {
                    for (std::uint64_t k = 0; k < runs.run; ++k) {
                      covered.insert(runs.begin + i * runs.stride + k);
                      ++written;
                    }
                  }
                }
              }
              EXPECT_EQ(covered, bytes);
              EXPECT_EQ(written, bytes.size());
            }
          }
        }
      }
    }
  }
}

/// A grouped pointwise layer, its ReLU and its shuffle are one pass; tiles of whole groups store with one transfer
/// each.
TEST(CompiledShuffle, TakesNoPassAndOneStoreATileOfWholeGroups) {
  graph::Graph graph;
  graph.add("in", graph::Input{{12, 9, 7}});
  graph.add("conv", graph::Conv{.in_channels = 12, .out_channels = 20, .groups = 4}, {0});
  graph.add("relu", graph::Activation{graph::ActivationKind::relu}, {1});
  graph.add("shuffle", graph::Shuffle{4}, {2});
  const reference::QuantizedGraph network = quantize::untrained_network(graph);
  Options options;
  options.core.array.rows = options.core.array.cols = 8;
  const Compiled compiled = compile(network, "test", options);
  ASSERT_EQ(compiled.layers.size(), 1U);
  std::size_t stores = 0;
  for (const isa::machine::Instruction& instruction : compiled.program.instructions) {
    stores += std::holds_alternative<isa::machine::Store>(instruction.work) ? 1 : 0;
  }
  EXPECT_EQ(stores, compiled.layers[0].tiles);
  EXPECT_EQ(compiled.layers[0].store_bytes, 20U * 9 * 7);
  EXPECT_EQ(compiled.nodes[1].folded_into, 2U);
  EXPECT_EQ(compiled.nodes[2].folded_into, 3U);

  test::MachineInterpreter machine(compiled.program);
  machine.run();
  const auto bytes = [&](graph::NodeId id) {
    const isa::machine::Section& section = compiled.program.sections[*compiled.nodes[id].section];
    return std::span(machine.dram()).subspan(section.address, section.bytes);
  };
  const std::vector<reference::Tensor> expected =
      reference::execute(network, gather(compiled.nodes[0], {12, 9, 7}, bytes(0)));
  EXPECT_EQ(gather(compiled.nodes[3], {20, 9, 7}, bytes(3)), expected[3].values);
}

}  // namespace
}  // namespace fusesim::tile
