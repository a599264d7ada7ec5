// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "hw/vector/operands.h"
#include "hw/vector/port_cycles.h"
#include "tests/hw/vector/support/random_vector.h"

namespace fusesim::vector {
namespace {

using isa::machine::CoreConfig;
using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;
using isa::machine::VectorOperand;
using vector_test::RandomVector;

bool is_pool(VectorKind kind) {
  return kind == VectorKind::max_pool || kind == VectorKind::average_pool;
}

std::uint64_t place(const VectorOperand& map, std::uint64_t c, std::uint64_t y, std::uint64_t x) {
  return map.address + c * map.channel_pitch + y * map.line_pitch + x;
}

/// Element by element, in order: read(element, pad, first byte, bytes) and wrote(element, pad, byte).
template <class Read, class Wrote>
void for_elements(const Vector& v, Read read, Wrote wrote) {
  std::uint64_t element = 0;
  for (std::uint32_t c = 0; c < v.channels; ++c) {
    for (std::uint32_t y = 0; y < v.height; ++y) {
      for (std::uint32_t x = 0; x < v.width; ++x, ++element) {
        if (is_pool(v.kind)) {
          for (std::uint32_t ky = 0; ky < v.window.kernel_height; ++ky) {
            for (std::uint32_t kx = 0; kx < v.window.kernel_width; ++kx) {
              const std::int64_t row = std::int64_t{y} * v.window.stride_height + ky - v.window.pad_top;
              const std::int64_t column = std::int64_t{x} * v.window.stride_width + kx - v.window.pad_left;
              if (row < 0 || column < 0 || row >= v.window.in_height || column >= v.window.in_width) continue;
              read(element, v.a.pad, place(v.a, c, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(column)),
                   1U);
            }
          }
        } else if (v.kind == VectorKind::requantize) {
          read(element, v.a.pad, place(v.a, c, y, 4 * std::uint64_t{x}), 4U);
        } else {
          read(element, v.a.pad, place(v.a, c, y, x), 1U);
        }
        if (v.kind == VectorKind::add) read(element, v.b.pad, place(v.b, c, y, x), 1U);
        wrote(element, v.result.pad, place(v.result, c, y, x));
      }
    }
  }
}

using Byte = std::pair<Pad, std::uint64_t>;

TEST(VectorLaw, CountsThePortCyclesOfEachGroupOneByOne) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomVector random(seed);
    const CoreConfig core = random.core();
    const Vector v = random.instruction(random.kind());
    // Which lanes there are is not looked at: every group takes the time of a full one.
    std::uint64_t elements = 0, groups = 0, steps = 0;
    for_elements(
        v, [](auto&&...) {}, [&](auto&&...) { ++elements; });
    for (std::uint64_t first = 0; first < elements; first += core.vector.lanes) ++groups;
    for (std::uint32_t ky = 0; ky < (is_pool(v.kind) ? v.window.kernel_height : 1); ++ky) {
      for (std::uint32_t kx = 0; kx < (is_pool(v.kind) ? v.window.kernel_width : 1); ++kx) ++steps;
    }
    std::map<std::pair<Pad, bool>, std::uint64_t> busy;  // By scratchpad and direction.
    const auto access = [&](Pad pad, bool write, std::uint64_t bytes_a_lane) {
      for (std::int64_t left = static_cast<std::int64_t>(core.vector.lanes * bytes_a_lane); left > 0;
           left -= static_cast<std::int64_t>(core.pad(pad).banks * core.pad(pad).width)) {
        ++busy[{pad, write}];
      }
    };
    access(v.a.pad, false, v.kind == VectorKind::requantize ? 4 : 1);
    if (v.kind == VectorKind::add) access(v.b.pad, false, 1);
    access(v.result.pad, true, 1);
    std::uint64_t interval = 0;
    for (const auto& [port, cycles_busy] : busy) interval = std::max(interval, cycles_busy);
    EXPECT_EQ(cycles(v, core), (VectorCycles{groups, steps, interval, core.vector.latency + groups * steps * interval}))
        << seed;
  }
}

TEST(VectorLaw, TrafficCountsEachElementAsOftenAsItIsRead) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomVector random(seed);
    const Vector v = random.instruction(random.kind());
    Traffic expected;
    for_elements(
        v, [&](auto, Pad pad, auto, std::uint64_t bytes) { expected.read[static_cast<std::size_t>(pad)] += bytes; },
        [&](auto, Pad pad, auto) { ++expected.written[static_cast<std::size_t>(pad)]; });
    for (std::uint32_t c = 0; c < v.channels; ++c) {
      if (v.kind == VectorKind::scale) ++expected.read[static_cast<std::size_t>(v.b.pad)];
      if (v.kind == VectorKind::requantize) expected.read[static_cast<std::size_t>(Pad::weights)] += 12;
    }
    if (v.has_table) expected.read[static_cast<std::size_t>(Pad::weights)] += 256;
    EXPECT_EQ(traffic(v), expected) << seed;
  }
}

TEST(VectorOperands, AreTheBytesThatElementsReadAndWrite) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomVector random(seed);
    const Vector v = random.instruction(random.kind());
    std::set<Byte> read, written, expected_read, expected_written;
    for_elements(
        v,
        [&](auto, Pad pad, std::uint64_t first, std::uint64_t bytes) {
          for (std::uint64_t i = 0; i < bytes; ++i) expected_read.emplace(pad, first + i);
        },
        [&](auto, Pad pad, std::uint64_t at) { expected_written.emplace(pad, at); });
    for (std::uint32_t c = 0; c < v.channels; ++c) {
      if (v.kind == VectorKind::scale) expected_read.emplace(v.b.pad, v.b.address + c * v.b.channel_pitch);
      for (std::uint32_t i = 0; i < 12 && v.kind == VectorKind::requantize; ++i)
        expected_read.emplace(Pad::weights, v.parameters + c * 12 + i);
    }
    for (std::uint32_t i = 0; i < 256 && v.has_table; ++i) expected_read.emplace(Pad::weights, v.table + i);
    const auto collect = [](std::set<Byte>& bytes) {
      return [&bytes](Pad pad, const memory::ByteGrid& grid) {
        memory::for_runs(grid, [&](std::uint64_t address, std::uint64_t count) {
          for (std::uint64_t i = 0; i < count; ++i) bytes.emplace(pad, address + i);
        });
      };
    };
    for_read_bytes(v, collect(read));
    collect(written)(v.result.pad, written_bytes(v));
    ASSERT_EQ(read, expected_read) << seed;
    ASSERT_EQ(written, expected_written) << seed;
  }
}

TEST(VectorOperands, ADenseMapIsOneStretch) {
  Vector v;
  v.kind = VectorKind::rescale;
  v.channels = 5;
  v.height = 7;
  v.width = 3;
  v.a = {Pad::outputs, 100, 21, 3};
  v.result = {Pad::activations, 0, 21, 3};
  std::vector<std::pair<Pad, memory::ByteGrid>> read;
  for_read_bytes(v, [&](Pad pad, const memory::ByteGrid& bytes) { read.emplace_back(pad, bytes.packed()); });
  EXPECT_EQ(read, (decltype(read){{Pad::outputs, {.address = 100, .run = 105}}}));
}

/// Whether some byte of the result is read for a later element, or belongs to what registers hold from the start.
bool overwrites_unread(const Vector& v) {
  std::map<Byte, std::uint64_t> last_read;
  for_elements(
      v,
      [&](std::uint64_t element, Pad pad, std::uint64_t first, std::uint64_t bytes) {
        for (std::uint64_t i = 0; i < bytes; ++i) last_read[{pad, first + i}] = element;
      },
      [](auto&&...) {});
  bool found = false;
  for_elements(
      v, [](auto&&...) {},
      [&](std::uint64_t element, Pad pad, std::uint64_t at) {
        const auto read = last_read.find({pad, at});
        found = found || (read != last_read.end() && read->second > element);
        for (std::uint32_t c = 0; c < v.channels && v.kind == VectorKind::scale; ++c)
          found = found || (pad == v.b.pad && at == v.b.address + c * v.b.channel_pitch);
      });
  return found;
}

TEST(VectorOperands, ResultsThatAreAllowedOverwriteNothingUnread) {
  int allowed_over_operand = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    RandomVector random(seed);
    Vector v = random.instruction(random.kind(), false);
    if (std::uint64_t{v.channels} * v.height * v.width > 300) continue;
    // Somewhere near an operand, its lines and channels laid as they were, as the operand's, or channel beside channel.
    const VectorOperand& near = v.kind == VectorKind::scale && random.one_in(2) ? v.b : v.a;
    if (near.pad == Pad::weights) continue;
    v.result.pad = near.pad;
    v.result.address = static_cast<std::uint32_t>(
        std::max<std::int64_t>(0, near.address + random.from_to(-9, 9) * (random.one_in(2) ? 1 : 0)));
    if (random.one_in(3)) {
      v.result.line_pitch = v.a.line_pitch;
      v.result.channel_pitch = v.a.channel_pitch;
    } else if (random.one_in(2) && !is_pool(v.kind)) {
      const std::uint32_t bytes = v.kind == VectorKind::requantize ? 4 : 1;
      v.a.channel_pitch = v.width * bytes;
      v.a.line_pitch = v.channels * v.width * bytes;
      if (random.one_in(2)) {
        v.result.channel_pitch = v.width;
        v.result.line_pitch = v.channels * v.width;
      }
    }
    if (clobbers(v)) {
      ++refused;
    } else {
      EXPECT_FALSE(overwrites_unread(v)) << seed;
      ++allowed_over_operand;
    }
  }
  EXPECT_GT(allowed_over_operand, 200);
  EXPECT_GT(refused, 200);
}

TEST(VectorOperands, ResultsInThePlaceOfSumsAndMapsAreAllowed) {
  Vector v;
  v.channels = 3;
  v.height = 4;
  v.width = 5;
  v.a = {Pad::outputs, 64, 80, 20};
  v.result = {Pad::outputs, 64, 20, 5};
  EXPECT_FALSE(clobbers(v));
  v.result.address = 65;
  EXPECT_TRUE(clobbers(v));
  v.result.address = 64 + 240;
  EXPECT_FALSE(clobbers(v));
  v.kind = VectorKind::max_pool;
  v.window = {4, 5, 1, 1, 1, 1, 0, 0};
  v.a = v.result;
  EXPECT_TRUE(clobbers(v));
  v.kind = VectorKind::rescale;
  EXPECT_FALSE(clobbers(v));
}

TEST(PortCycles, CountACycleOnceHoweverManyScratchpadsAreTaken) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RandomVector random(seed);
    const CoreConfig core = random.core();
    memory::Scratchpads pads(core, false);
    for (std::size_t i = 0; i < isa::machine::pad_count; ++i) {
      std::uint64_t cycle = 0;
      for (int takes = 0; takes < 20; ++takes) {
        cycle += static_cast<std::uint64_t>(random.from_to(0, 40));
        pads[static_cast<Pad>(i)].take_port(cycle, static_cast<std::uint64_t>(random.from_to(1, 300)));
      }
    }
    for (int query = 0; query < 50; ++query) {
      const PortsUsed used{random.one_in(2), random.one_in(2), random.one_in(2)};
      const auto begin = static_cast<std::uint64_t>(random.from_to(0, 500));
      const std::uint64_t end = begin + static_cast<std::uint64_t>(random.from_to(0, 500));
      std::uint64_t expected = 0;
      for (std::uint64_t cycle = begin; cycle < end; ++cycle) {
        bool taken = false;
        for (std::size_t i = 0; i < used.size(); ++i)
          taken = taken || (used[i] && pads[static_cast<Pad>(i)].taken(cycle));
        expected += taken ? 1 : 0;
      }
      ASSERT_EQ(taken_cycles(pads, used, begin, end), expected) << seed;
    }
  }
}

}  // namespace
}  // namespace fusesim::vector
