// SPDX-License-Identifier: Apache-2.0
// Damaged and hostile inputs: whatever happens to a trace or a text, reading it gives an error or a valid program, and
// a valid program can be timed. Compiled with the sanitizers, so that crashes, undefined behaviour and leaks show.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "hw/control/timing.h"
#include "hw/isa/text.h"
#include "hw/isa/trace.h"
#include "tests/hw/isa/mutator.h"
#include "tests/hw/isa/random_program.h"
#include "tests/hw/isa/seal.h"

namespace fusesim::isa {
namespace {

#ifndef __SANITIZE_ADDRESS__
#error "compile this test and what it tests with -fsanitize=address,undefined"
#endif

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
  test::Mutator mutate(1);
  int accepted = 0, timed = 0, refused_by_content = 0, refused_outside = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = originals[mutate.below(originals.size())];
    const bool resealed = i % 2 == 1;
    const std::size_t from = resealed ? header : 0;
    mutate.damage_bytes(bytes, from);
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
  static constexpr std::string_view words[] = {"tensor", "instruction 0 gemm", "layer", "fuse_row", "gemm", "computed"};
  std::vector<std::string> originals;
  for (std::uint32_t seed = 0; seed < 64; ++seed) originals.push_back(disassemble(test::random_program(seed)));
  test::Mutator mutate(2);
  int accepted = 0, timed = 0, refused = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string text = originals[mutate.below(originals.size())];
    mutate.damage_text(text, words);
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
