// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the valid name closest to a misspelt one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fusesim::names {

/// Insertions, deletions, substitutions and swaps of neighbours that turn one name into the other. Case counts half.
[[nodiscard]] double distance(std::string_view a, std::string_view b);

/// The shortest candidate that begins with `name` (of two letters or more), or else ends with it, or else the one
/// closest to it, the first of equals; nothing when none resembles it (more than half of its letters differ).
[[nodiscard]] std::optional<std::string> nearest(std::string_view name, std::span<const std::string_view> candidates);
[[nodiscard]] std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates);

/// The end of an error message: "; did you mean 'X'?", or "; valid are A, B, C" when nothing resembles `name`.
[[nodiscard]] std::string suggestion(std::string_view name, std::span<const std::string_view> candidates);
[[nodiscard]] std::string suggestion(std::string_view name, std::span<const std::string> candidates);

}  // namespace fusesim::names
