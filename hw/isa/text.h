// SPDX-License-Identifier: Apache-2.0
// The text form of an array program: complete, for people to read and write. docs/isa.md has its grammar.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "hw/isa/program.h"
#include "hw/isa/program_kind.h"

namespace fusesim::isa {

inline constexpr std::uint32_t text_version = 1;

/// A text that is no program. what() is "FILE:LINE: message".
class TextError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What kind of program a text is for, as its first line says. A text that says nothing sensible is an array program's,
/// whose assembler will refuse it.
[[nodiscard]] ProgramKind text_kind(std::string_view text);

/// Equal programs give equal texts, and assemble() gives the same program back. Throws std::invalid_argument when the
/// program is not valid.
[[nodiscard]] std::string disassemble(const Program& program);

/// A valid program. `file` is named in messages. Throws TextError.
[[nodiscard]] Program assemble(std::string_view text, const std::string& file = "text");

}  // namespace fusesim::isa
