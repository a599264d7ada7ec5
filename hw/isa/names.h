// SPDX-License-Identifier: Apache-2.0
// The written names of the instruction set's enumerations, one table each: the text form, the command line and the
// messages all use these.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "hw/isa/program.h"

namespace fusesim::isa {

template <typename E>
using NameTable = std::span<const std::pair<std::string_view, E>>;

[[nodiscard]] NameTable<Dataflow> dataflow_names();
[[nodiscard]] NameTable<Accumulators> accumulator_names();
[[nodiscard]] NameTable<FoldOverlap> fold_overlap_names();
[[nodiscard]] NameTable<ElementType> element_type_names();
[[nodiscard]] NameTable<TensorSource> tensor_source_names();

/// Throws std::invalid_argument "`what` 'txet' is unknown; did you mean 'text'? (one of a, b, c)", or "...; choose
/// one of a, b, c" when none resembles it.
[[noreturn]] void throw_unknown_name(std::string_view what, std::string_view text,
                                     std::span<const std::string_view> valid);

/// The name of a value; "?" for a value outside the enumeration.
template <typename E>
[[nodiscard]] std::string_view name_in(NameTable<E> table, E value) {
  for (const auto& [text, entry] : table) {
    if (entry == value) return text;
  }
  return "?";
}

/// The value of a name. Throws as throw_unknown_name() does.
template <typename E>
[[nodiscard]] E value_in(NameTable<E> table, std::string_view what, std::string_view text) {
  std::string_view valid[16];
  std::size_t count = 0;
  for (const auto& [entry, value] : table) {
    if (entry == text) return value;
    valid[count++] = entry;
  }
  throw_unknown_name(what, text, {valid, count});
}

}  // namespace fusesim::isa
