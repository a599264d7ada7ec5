// SPDX-License-Identifier: Apache-2.0
// The keys of a machine's TOML file: the one table from which reading, checking, writing and the help text follow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/config/machine_config.h"

namespace fusesim::config {

using Value = std::variant<std::int64_t, double, bool, std::string>;

/// Which values a key takes.
struct Integers {
  std::int64_t least, most;
};
/// A size in bytes: a whole number, or a text such as "256KiB" or "2MiB".
struct Bytes {
  std::int64_t least, most;
};
struct Reals {
  double least, most;
};
struct Booleans {};
struct Choices {
  std::vector<std::string_view> names;
};
struct Text {};
using Domain = std::variant<Integers, Bytes, Reals, Booleans, Choices, Text>;

struct Key {
  std::string_view name;  ///< With its table: "array.rows".
  std::string_view unit;  ///< Empty when it has none.
  std::string_view description;
  Domain domain;
  Value (*get)(const MachineConfig&);
  void (*set)(MachineConfig&, const Value&);  ///< The value has passed check().
};

/// In the order of the file; keys of a table are neighbours.
[[nodiscard]] std::span<const Key> keys();

/// "an integer from 1 to 4096", "one of single, pingpong": completes the sentence "array.rows must be ...".
[[nodiscard]] std::string domain_text(const Key& key);

/// Bytes of a text such as "256KiB" or "131072"; nothing when it is none.
[[nodiscard]] std::optional<std::int64_t> parse_bytes(std::string_view text);
/// "256KiB" for 262144: in the largest unit that leaves a whole number.
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

/// `value` as the key holds it (an integer is a valid real, "256KiB" a valid size). Throws ConfigError when it is
/// outside the key's domain; `shown` is the value as the user wrote it and `where` what the text opens with.
[[nodiscard]] Value check(const Key& key, Value value, std::string_view shown, std::string_view where);

/// As a TOML value: 64, true, "pingpong".
[[nodiscard]] std::string toml_text(const Value& value);

/// All keys with default, values, unit and meaning, two lines a key, for a terminal.
[[nodiscard]] std::string keys_help();
/// The same as a Markdown table; docs/guide.md holds it.
[[nodiscard]] std::string keys_markdown();

}  // namespace fusesim::config
