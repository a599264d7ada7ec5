// SPDX-License-Identifier: Apache-2.0
// Writing the text forms: the parts that several statements and both kinds of program share.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "hw/isa/program.h"

namespace fusesim::isa::text {

template <typename... Args>
void append(std::string& text, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
}

/// The name in double quotes.
[[nodiscard]] std::string quoted(const std::string& name);

/// Lines of hexadecimal digits.
void append_values(std::string& text, std::span<const std::int8_t> values);

/// The 'array' line.
void append_array(std::string& text, const ArrayConfig& array);

/// The fields of a geometry, " in=..."; those that most operators leave at their default only when they differ from it.
void append_geometry(std::string& text, const ConvGeometry& geometry);

}  // namespace fusesim::isa::text
