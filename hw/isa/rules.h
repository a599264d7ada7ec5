// SPDX-License-Identifier: Apache-2.0
// The rules that programs of arrays and of machines share. Each message names the place, the value and the cure.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "hw/isa/invalid_program.h"
#include "hw/isa/program.h"

namespace fusesim::isa {

/// What a message is about.
struct Where {
  InvalidProgram::Part part;
  std::size_t index;
  std::string text;  ///< "instruction 7 (conv1)"
  // Of an instruction, in the text's place: a program has thousands, of which none has an error as a rule.
  std::string_view unit{}, layer{};

  [[nodiscard]] std::string place() const {
    return unit.empty() ? text : fmt::format("instruction {} ({}, {})", index, unit, layer);
  }
};

/// Throws InvalidProgram "place: message".
template <typename... Args>
[[noreturn]] void fail(const Where& where, fmt::format_string<Args...> format, Args&&... args) {
  throw InvalidProgram(where.part, where.index,
                       where.place() + ": " + fmt::format(format, std::forward<Args>(args)...));
}

/// A name is one printable line of at most max_name_length bytes.
void check_name(const Where& where, const std::string& text);

/// Sizes fit one another; strides, dilations and paddings are at most max_geometry_step.
void check_geometry(const Where& where, const ConvGeometry& geometry);

/// About how many positions a row streams in one fold of a dataflow on the FuSe wires, for a checked geometry.
[[nodiscard]] std::uint64_t fold_feed(Dataflow dataflow, const ConvGeometry& geometry, const ArrayConfig& array);

/// The dataflow can run a checked geometry on the array, with so many lines packed into a row.
void check_dataflow(const Where& where, Dataflow dataflow, const ConvGeometry& geometry, std::uint32_t lines_per_row,
                    const ArrayConfig& array);

}  // namespace fusesim::isa
