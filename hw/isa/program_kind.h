// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace fusesim::isa {

/// What a trace or a text holds; the numbers stand in the header of traces.
enum class ProgramKind : std::uint32_t {
  array = 0,    ///< A program of the array alone (hw/isa/program.h).
  machine = 1,  ///< A program of the whole machine (hw/isa/machine/program.h).
};

/// "an array program", "a machine program": for messages.
[[nodiscard]] constexpr const char* in_words(ProgramKind kind) {
  return kind == ProgramKind::machine ? "a machine program" : "an array program";
}

}  // namespace fusesim::isa
