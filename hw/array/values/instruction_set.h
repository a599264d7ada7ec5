// SPDX-License-Identifier: Apache-2.0
// Which vector instructions the value kernels use. Every set computes the same bits; they differ in speed only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace fusesim::array::values {

enum class InstructionSet : std::uint8_t {
  portable,     ///< Plain C++: every processor.
  avx2,         ///< 256-bit vpmaddwd.
  avx512,       ///< 512-bit vpmaddwd (AVX512BW).
  avx512_vnni,  ///< 512-bit vpdpbusd and vpdpwssd, the forms that do not saturate.
};

/// "portable", "avx2", "avx512", "avx512_vnni".
[[nodiscard]] const char* name(InstructionSet set);

/// The inverse of name(). Throws std::invalid_argument that lists the names when `text` is none of them.
[[nodiscard]] InstructionSet parse_instruction_set(std::string_view text);

/// Those this program was built with and this processor can run, slowest first; `portable` always.
[[nodiscard]] std::vector<InstructionSet> available_instruction_sets();

/// The fastest available one, or what the environment variable FUSESIM_INSTRUCTION_SET names. Decided at the first
/// call. Throws std::invalid_argument when the variable names an unknown or unavailable set.
[[nodiscard]] InstructionSet default_instruction_set();

}  // namespace fusesim::array::values
