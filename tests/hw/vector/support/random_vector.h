// SPDX-License-Identifier: Apache-2.0
// Vector instructions of every kind and shape, on small scratchpads, and bytes for them to work on.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "hw/isa/machine/program.h"
#include "hw/memory/scratchpad/scratchpad.h"

namespace fusesim::vector_test {

class RandomVector {
 public:
  explicit RandomVector(std::uint64_t seed) : engine_(seed) {}

  /// low .. high
  std::int64_t from_to(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  bool one_in(std::int64_t n) { return from_to(1, n) == 1; }

  [[nodiscard]] isa::machine::CoreConfig core();
  [[nodiscard]] isa::machine::VectorKind kind() { return static_cast<isa::machine::VectorKind>(from_to(0, 5)); }
  /// Valid on every core(). With in_place, the result may take the place of an operand, as clobbers() allows.
  [[nodiscard]] isa::machine::Vector instruction(isa::machine::VectorKind kind, bool in_place = true);
  /// Random bytes everywhere, extreme ones often.
  void fill(memory::Scratchpads& pads);
  /// Parameters of the instruction's channels, and int32 sums of sizes that lead to results of all kinds.
  void fill_operands(const isa::machine::Vector& instruction, memory::Scratchpads& pads);

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(from_to(0, n - 1)); }
  /// A map at a place of its own.
  isa::machine::VectorOperand place(isa::machine::Pad pad, std::uint32_t element_bytes, std::uint32_t channels,
                                    std::uint32_t height, std::uint32_t width);
  std::uint32_t reserve(isa::machine::Pad pad, std::uint32_t bytes);

  std::mt19937_64 engine_;
  std::uint32_t free_[isa::machine::pad_count] = {};  ///< First free byte while an instruction is made.
};

/// All bytes of the three scratchpads.
using Image = std::vector<std::vector<std::int8_t>>;
[[nodiscard]] Image image(memory::Scratchpads& pads);

}  // namespace fusesim::vector_test
