// SPDX-License-Identifier: Apache-2.0
// The text form of a machine program: complete, for people to read and write. docs/isa.md has its grammar.
#pragma once

#include <string>
#include <string_view>

#include "hw/isa/machine/program.h"
#include "hw/isa/text.h"

namespace fusesim::isa::machine {

/// Equal programs give equal texts, and assemble() gives the same program back. Throws std::invalid_argument when the
/// program is not valid.
[[nodiscard]] std::string disassemble(const Program& program);

/// A valid program; isa::text_kind() tells whether a text holds one. `file` is named in messages. Throws TextError.
[[nodiscard]] Program assemble(std::string_view text, const std::string& file = "text");

}  // namespace fusesim::isa::machine
