// SPDX-License-Identifier: Apache-2.0
// Damaged and hostile inputs: whatever happens to a trace or a text, reading it gives an error or a valid program, and
// a valid program can be timed. Compiled with the sanitizers, so that crashes, undefined behaviour and leaks show.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "hw/control/timing.h"
#include "hw/isa/text.h"
#include "hw/isa/trace.h"
#include "tests/hw/isa/random_program.h"
#include "tests/hw/isa/seal.h"

namespace fusesim::isa {
namespace {

#ifndef __SANITIZE_ADDRESS__
#error "compile this test and what it tests with -fsanitize=address,undefined"
#endif

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  /// 0 .. n - 1.
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

  void flip_bits(std::string& bytes, std::size_t from) {
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      char& byte = bytes[from + below(bytes.size() - from)];
      byte = static_cast<char>(byte ^ 1 << below(8));
    }
  }

  /// Overwrites an aligned 32-bit word with a value that is likely to hurt.
  void set_word(std::string& bytes, std::size_t from) {
    static constexpr std::uint32_t values[] = {0,          1,          2,          3,          4,         8,
                                               0x7f,       0x80,       0xff,       0xffff,     0x10000,   0x7fffffff,
                                               0x80000000, 0xfffffff0, 0xffffffff, 0x40000000, 0x3fffffff};
    const std::size_t words = (bytes.size() - from) / 4;
    if (words == 0) return;
    test::store(bytes, from + 4 * below(words), values[below(std::size(values))]);
  }

  void cut(std::string& bytes) { bytes.resize(below(bytes.size() + 1)); }

  void remove_inside(std::string& bytes) {
    const std::size_t at = below(bytes.size());
    bytes.erase(at, below(16) + 1);
  }

  void copy_inside(std::string& bytes, std::size_t from) {
    const std::size_t size = below(32) + 1;
    if (bytes.size() < from + size) return;
    const std::string part = bytes.substr(from + below(bytes.size() - from - size + 1), size);
    bytes.replace(from + below(bytes.size() - from - size + 1), size, part);
  }

 private:
  std::mt19937 random_;
};

/// What time_program() may have to look at one by one: positions of a line's stream, folds that differ.
std::uint64_t timing_work(const Program& program) {
  std::uint64_t work = 0;
  for (const ArrayInstruction& instruction : program.instructions) {
    const ConvGeometry& g = instruction.geometry;
    const std::uint64_t stride = std::max(g.stride_height, g.stride_width);
    const std::uint64_t reach = std::uint64_t{g.dilation_height} * g.kernel_height * g.dilation_width * g.kernel_width;
    const std::uint64_t lines = std::max(g.kernel_height, g.kernel_width);
    const std::uint64_t filters = g.out_channels / g.groups;
    work += lines * (stride * program.array.cols + reach) + filters / program.array.cols;
  }
  return work;
}

/// Times a valid program and checks what holds for any: every cycle of the run is somebody's, in order.
void expect_timing_adds_up(const Program& program) {
  const auto timings = control::time_program(program);
  ASSERT_EQ(timings.size(), program.instructions.size());
  std::uint64_t booked = 0, end = 0, start = 0;
  for (std::size_t i = 0; i < timings.size(); ++i) {
    ASSERT_GE(timings[i].start, start);
    ASSERT_GT(timings[i].end, timings[i].start);
    ASSERT_GT(timings[i].folds, 0U);
    for (const std::uint32_t index : program.instructions[i].wait_for) {
      ASSERT_GE(timings[i].start, timings[index].end);
    }
    start = timings[i].start;
    end = std::max(end, timings[i].end);
    booked += timings[i].cycles.total();
  }
  ASSERT_EQ(booked, end);
}

constexpr std::uint64_t most_timing_work = std::uint64_t{1} << 16;

TEST(Fuzz, DamagedTracesGiveAnErrorOrAProgramThatCanBeTimed) {
  constexpr int rounds = 120000;
  constexpr std::size_t header = 40;
  std::vector<std::string> originals;
  for (std::uint32_t seed = 0; seed < 64; ++seed) originals.push_back(encode_trace(test::random_program(seed)));
  Mutator mutate(1);
  int accepted = 0, timed = 0, refused_by_content = 0, refused_outside = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = originals[mutate.below(originals.size())];
    const bool resealed = i % 2 == 1;
    const std::size_t from = resealed ? header : 0;
    switch (mutate.below(6)) {
      case 0:
      case 1:
        mutate.flip_bits(bytes, from);
        break;
      case 2:
        mutate.set_word(bytes, from);
        break;
      case 3:
        mutate.cut(bytes);
        break;
      case 4:
        mutate.remove_inside(bytes);
        break;
      default:
        mutate.copy_inside(bytes, from);
    }
    if (resealed) test::seal(bytes);
    try {
      const Program program = decode_trace(bytes, "t");
      ++accepted;
      if (timing_work(program) <= most_timing_work) {
        ++timed;
        ASSERT_NO_FATAL_FAILURE(expect_timing_adds_up(program)) << disassemble(program);
      }
      if (i % 16 == 1) {
        ASSERT_EQ(decode_trace(encode_trace(program), "t"), program);
      }
    } catch (const TraceError& error) {
      const std::string_view message = error.what();
      ASSERT_TRUE(message.starts_with("t: ")) << message;
      ASSERT_EQ(message.find('\n'), std::string_view::npos) << message;
      const bool by_content = message.starts_with("t: instruction") || message.starts_with("t: tensor");
      (by_content ? refused_by_content : refused_outside) += 1;
    }
  }
  // All three gates were reached, many times.
  EXPECT_GT(accepted, rounds / 100);
  EXPECT_GT(timed, accepted / 2);
  EXPECT_GT(refused_by_content, rounds / 100);
  EXPECT_GT(refused_outside, rounds / 4);
}

TEST(Fuzz, NoTraceSurvivesACutOrAFlippedBitUnnoticed) {
  const std::string original = encode_trace(test::random_program(5));
  const Program program = decode_trace(original, "t");
  for (std::size_t size = 0; size < original.size(); ++size) {
    EXPECT_THROW(static_cast<void>(decode_trace(original.substr(0, size), "t")), TraceError) << size;
  }
  for (std::size_t bit = 0; bit < 8 * original.size(); ++bit) {
    std::string bytes = original;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    EXPECT_THROW(static_cast<void>(decode_trace(bytes, "t")), TraceError) << bit;
  }
}

TEST(Fuzz, MutatedTextsGiveAnErrorOrAProgramThatCanBeTimed) {
  constexpr int rounds = 40000;
  static constexpr std::string_view words[] = {" ",          "\n",
                                               "\"",         "\\",
                                               "#",          "=",
                                               "x",          ",",
                                               "+",          "-1",
                                               "0",          "1",
                                               "4294967295", "99999999999999999999",
                                               "hex",        "0x",
                                               "tensor",     "instruction 0 gemm",
                                               "layer",      "\0",
                                               "fuse_row",   "gemm",
                                               "computed"};
  std::vector<std::string> originals;
  for (std::uint32_t seed = 0; seed < 64; ++seed) originals.push_back(disassemble(test::random_program(seed)));
  Mutator mutate(2);
  int accepted = 0, timed = 0, refused = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string text = originals[mutate.below(originals.size())];
    switch (mutate.below(5)) {
      case 0:
        mutate.flip_bits(text, 0);
        break;
      case 1:
        mutate.cut(text);
        break;
      case 2:
        mutate.remove_inside(text);
        break;
      case 3:
        mutate.copy_inside(text, 0);
        break;
      default:
        text.insert(mutate.below(text.size()), words[mutate.below(std::size(words))]);
    }
    try {
      const Program program = assemble(text, "t");
      ++accepted;
      if (timing_work(program) <= most_timing_work) {
        ++timed;
        ASSERT_NO_FATAL_FAILURE(expect_timing_adds_up(program)) << text;
      }
      if (i % 4 == 0) {
        ASSERT_EQ(assemble(disassemble(program)), program);
      }
    } catch (const TextError& error) {
      ++refused;
      const std::string_view message = error.what();
      ASSERT_TRUE(message.starts_with("t:")) << message;
      ASSERT_EQ(message.find('\n'), std::string_view::npos) << message;
    }
  }
  EXPECT_GT(accepted, rounds / 100);
  EXPECT_GT(timed, accepted / 2);
  EXPECT_GT(refused, rounds / 4);
}

}  // namespace
}  // namespace fusesim::isa
