// SPDX-License-Identifier: Apache-2.0
// Damaged and hostile machine programs: whatever happens to a trace or a text, reading it gives an error or a program
// that touches no byte it may not. Compiled with the sanitizers, so that crashes, undefined behaviour and leaks show.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "hw/isa/machine/text.h"
#include "hw/isa/machine/trace.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/hw/isa/machine/touched_bytes.h"
#include "tests/hw/isa/mutator.h"
#include "tests/hw/isa/seal.h"

namespace fusesim::isa::machine {
namespace {

#ifndef __SANITIZE_ADDRESS__
#error "compile this test and what it tests with -fsanitize=address,undefined"
#endif

Program random_program(std::uint32_t seed) {
  const bool values = seed % 4 == 0;
  return seed % 2 == 0 ? test::random_fused_program(seed, values) : test::random_machine_program(seed, values);
}

/// How many runs touched_bytes() lists for an instruction, about.
std::uint64_t runs_of(const Instruction& instruction) {
  if (const auto* vector = std::get_if<Vector>(&instruction.work)) {
    return 3 * std::uint64_t{vector->channels} * (std::uint64_t{vector->height} + vector->window.in_height);
  }
  if (const auto* compute = std::get_if<Compute>(&instruction.work)) {
    const ConvGeometry& g = compute->geometry;
    return std::uint64_t{g.in_channels} * (g.in_height + std::uint64_t{g.kernel_height} * g.kernel_width);
  }
  if (const auto* tile = std::get_if<FusedTile>(&instruction.work)) {
    return std::uint64_t{tile->geometry.channels} * tile->geometry.region_rows;
  }
  if (std::holds_alternative<FusedPredict>(instruction.work)) return 2;
  if (const auto* accumulate = std::get_if<FusedAccumulate>(&instruction.work)) {
    const FusedTile none;
    const FusedGeometry& next = accumulate->next ? accumulate->next->geometry : none.geometry;
    return 2 * std::uint64_t{accumulate->out_channels} * accumulate->geometry.out_rows +
           std::uint64_t{next.channels} * next.region_rows;
  }
  const Transfer& transfer = instruction.queue() == Queue::load
                                 ? static_cast<const Transfer&>(std::get<Load>(instruction.work))
                                 : std::get<Store>(instruction.work);
  return transfer.bytes() / transfer.run_bytes;
}

/// By a list of every byte the program touches.
void expect_bytes_allowed(const Program& program) {
  for (const Instruction& instruction : program.instructions) {
    if (runs_of(instruction) > 5000) continue;
    for (const test::Touched& run : test::touched_bytes(instruction)) {
      if (run.dram) {
        const auto holds = [&](const Section& section) {
          const bool writable = section.role == Role::intermediate || section.role == Role::output;
          return run.address >= section.address && run.address + run.bytes <= section.address + section.bytes &&
                 (writable || !run.write);
        };
        ASSERT_TRUE(std::any_of(program.sections.begin(), program.sections.end(), holds));
      } else {
        ASSERT_LE(run.address + run.bytes, program.core.pad(run.pad).bytes);
        ASSERT_FALSE(run.write && run.pad == Pad::weights && instruction.queue() != Queue::load);
      }
    }
  }
}

TEST(MachineFuzz, DamagedTracesGiveAnErrorOrAProgramThatStaysInBounds) {
  constexpr int rounds = 60000;
  constexpr std::size_t header = 40;
  std::vector<std::string> originals;
  for (std::uint32_t seed = 0; seed < 64; ++seed) {
    originals.push_back(encode_trace(random_program(seed)));
  }
  isa::test::Mutator mutate(1);
  int accepted = 0, refused_by_content = 0, refused_outside = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = originals[mutate.below(originals.size())];
    const bool resealed = i % 4 != 0;
    const std::size_t from = resealed ? header : 0;
    mutate.damage_bytes(bytes, from);
    if (resealed) isa::test::seal(bytes);
    try {
      const Program program = decode_trace(bytes, "t");
      ++accepted;
      ASSERT_NO_FATAL_FAILURE(expect_bytes_allowed(program)) << disassemble(program);
      if (i % 16 == 1) {
        ASSERT_EQ(decode_trace(encode_trace(program), "t"), program);
      }
    } catch (const TraceError& error) {
      const std::string_view message = error.what();
      ASSERT_TRUE(message.starts_with("t: ")) << message;
      ASSERT_EQ(message.find('\n'), std::string_view::npos) << message;
      const bool by_content = message.starts_with("t: instruction") || message.starts_with("t: section");
      (by_content ? refused_by_content : refused_outside) += 1;
    }
  }
  // All gates were reached, many times.
  EXPECT_GT(accepted, rounds / 100);
  EXPECT_GT(refused_by_content, rounds / 100);
  EXPECT_GT(refused_outside, rounds / 4);
}

TEST(MachineFuzz, NoTraceSurvivesACutOrAFlippedBitUnnoticed) {
  const std::string original = encode_trace(test::random_machine_program(5, false));
  for (std::size_t size = 0; size < original.size(); ++size) {
    EXPECT_THROW(static_cast<void>(decode_trace(original.substr(0, size), "t")), TraceError) << size;
  }
  for (std::size_t bit = 0; bit < 8 * original.size(); ++bit) {
    std::string bytes = original;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    EXPECT_THROW(static_cast<void>(decode_trace(bytes, "t")), TraceError) << bit;
  }
}

TEST(MachineFuzz, MutatedTextsGiveAnErrorOrAProgramThatStaysInBounds) {
  constexpr int rounds = 10000;
  static constexpr std::string_view words[] = {"section",
                                               "load 0",
                                               "compute 0 gemm",
                                               "vector 0 add",
                                               "store 0",
                                               "wait=load:1",
                                               "release=weights:0x0+1",
                                               "b=",
                                               "table=0x0 ",
                                               "seed=1 ",
                                               "outputs",
                                               "activations",
                                               "machine",
                                               "input",
                                               "next_",
                                               "lists=0x0+4",
                                               "fused_predict 0",
                                               "residual="};
  std::vector<std::string> originals;
  for (std::uint32_t seed = 0; seed < 64; ++seed) {
    originals.push_back(disassemble(random_program(seed)));
  }
  isa::test::Mutator mutate(2);
  int accepted = 0, refused = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string text = originals[mutate.below(originals.size())];
    mutate.damage_text(text, words);
    try {
      const Program program = assemble(text, "t");
      ++accepted;
      ASSERT_NO_FATAL_FAILURE(expect_bytes_allowed(program)) << text;
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
  EXPECT_GT(refused, rounds / 4);
}

}  // namespace
}  // namespace fusesim::isa::machine
