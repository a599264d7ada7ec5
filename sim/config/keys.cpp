// SPDX-License-Identifier: Apache-2.0
#include "sim/config/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "hw/isa/names.h"

namespace fusesim::config {
namespace {

using isa::ArrayConfig;

template <typename E>
std::vector<std::string_view> names_of(isa::NameTable<E> table) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : table) names.push_back(name);
  return names;
}

template <auto Member>
Value get_side(const MachineConfig& config) {
  return std::int64_t{config.array.*Member};
}

template <auto Member>
void set_side(MachineConfig& config, const Value& value) {
  config.array.*Member = static_cast<std::uint32_t>(std::get<std::int64_t>(value));
}

std::string values_text(const Key& key) {
  return std::visit(
      [](const auto& domain) -> std::string {
        using D = std::decay_t<decltype(domain)>;
        if constexpr (std::is_same_v<D, Booleans>) return "true, false";
        if constexpr (std::is_same_v<D, Text>) return "text";
        if constexpr (std::is_same_v<D, Choices>) return fmt::format("{}", fmt::join(domain.names, ", "));
        if constexpr (std::is_same_v<D, Integers> || std::is_same_v<D, Reals>) {
          return fmt::format("{} .. {}", domain.least, domain.most);
        }
      },
      key.domain);
}

}  // namespace

std::span<const Key> keys() {
  static const std::array all{
      Key{"description", "", "what the machine is, for people; changes nothing", Text{},
          [](const MachineConfig& c) { return Value{c.description}; },
          [](MachineConfig& c, const Value& v) { c.description = std::get<std::string>(v); }},
      Key{"array.rows", "processing elements", "rows of the array", Integers{1, ArrayConfig::max_side},
          get_side<&ArrayConfig::rows>, set_side<&ArrayConfig::rows>},
      Key{"array.cols", "processing elements", "columns of the array", Integers{1, ArrayConfig::max_side},
          get_side<&ArrayConfig::cols>, set_side<&ArrayConfig::cols>},
      Key{"array.accumulators", "", "accumulators of a processing element: one, or two used by folds in turn",
          Choices{names_of(isa::accumulator_names())},
          [](const MachineConfig& c) {
            return Value{std::string(isa::name_in(isa::accumulator_names(), c.array.accumulators))};
          },
          [](MachineConfig& c, const Value& v) {
            c.array.accumulators =
                isa::value_in(isa::accumulator_names(), "array.accumulators", std::get<std::string>(v));
          }},
      Key{"array.folds", "",
          "a fold starts when the one before has left the array (serial), or as soon as no part is used twice "
          "(pipelined)",
          Choices{names_of(isa::fold_overlap_names())},
          [](const MachineConfig& c) {
            return Value{std::string(isa::name_in(isa::fold_overlap_names(), c.array.folds))};
          },
          [](MachineConfig& c, const Value& v) {
            c.array.folds = isa::value_in(isa::fold_overlap_names(), "array.folds", std::get<std::string>(v));
          }},
      Key{"array.fuse_links", "", "a broadcast wire along each row, which FuSe layers and the broadcast mapping need",
          Booleans{}, [](const MachineConfig& c) { return Value{c.array.fuse_links}; },
          [](MachineConfig& c, const Value& v) { c.array.fuse_links = std::get<bool>(v); }},
      Key{"array.broadcast_stages", "registers", "pipeline registers on each broadcast wire, fewer than columns",
          Integers{0, ArrayConfig::max_side - 1}, get_side<&ArrayConfig::broadcast_stages>,
          set_side<&ArrayConfig::broadcast_stages>},
      Key{"clock.frequency_mhz", "MHz", "clock; turns cycles into seconds and changes no cycle count",
          Reals{0.001, 100000}, [](const MachineConfig& c) { return Value{c.frequency_mhz}; },
          [](MachineConfig& c, const Value& v) { c.frequency_mhz = std::get<double>(v); }},
  };
  return all;
}

std::string domain_text(const Key& key) {
  return std::visit(
      [&](const auto& domain) -> std::string {
        using D = std::decay_t<decltype(domain)>;
        const std::string of_unit = key.unit.empty() ? "" : fmt::format(" ({})", key.unit);
        if constexpr (std::is_same_v<D, Booleans>) return "true or false";
        if constexpr (std::is_same_v<D, Text>) return "a text in quotes";
        if constexpr (std::is_same_v<D, Choices>) return fmt::format("one of {}", fmt::join(domain.names, ", "));
        if constexpr (std::is_same_v<D, Integers>) {
          return fmt::format("an integer from {} to {}{}", domain.least, domain.most, of_unit);
        }
        if constexpr (std::is_same_v<D, Reals>) {
          return fmt::format("a number from {} to {}{}", domain.least, domain.most, of_unit);
        }
      },
      key.domain);
}

Value check(const Key& key, Value value, std::string_view shown, std::string_view where) {
  const auto fits = [&value](const auto& domain) {
    using D = std::decay_t<decltype(domain)>;
    if constexpr (std::is_same_v<D, Booleans>) return std::holds_alternative<bool>(value);
    if constexpr (std::is_same_v<D, Text>) return std::holds_alternative<std::string>(value);
    if constexpr (std::is_same_v<D, Choices>) {
      const auto* name = std::get_if<std::string>(&value);
      return name != nullptr && std::ranges::find(domain.names, *name) != domain.names.end();
    }
    if constexpr (std::is_same_v<D, Integers>) {
      const auto* number = std::get_if<std::int64_t>(&value);
      return number != nullptr && *number >= domain.least && *number <= domain.most;
    }
    if constexpr (std::is_same_v<D, Reals>) {
      if (const auto* whole = std::get_if<std::int64_t>(&value)) value = static_cast<double>(*whole);
      const auto* number = std::get_if<double>(&value);
      return number != nullptr && *number >= domain.least && *number <= domain.most;  // false for NaN
    }
  };
  if (!std::visit(fits, key.domain)) {
    throw ConfigError(fmt::format("{}: {} must be {}, not {}", where, key.name, domain_text(key), shown));
  }
  return value;
}

std::string toml_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return std::visit(
        [](const auto& plain) -> std::string {
          if constexpr (std::is_same_v<std::decay_t<decltype(plain)>, std::string>) return plain;
          return fmt::format("{}", plain);
        },
        value);
  }
  std::string quoted = "\"";
  for (const char c : *text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string keys_help() {
  const MachineConfig defaults;
  std::string text;
  for (const Key& key : keys()) {
    text += fmt::format("  {} = {}  ({}{}{})\n      {}\n", key.name, toml_text(key.get(defaults)), values_text(key),
                        key.unit.empty() ? "" : " ", key.unit, key.description);
  }
  return text;
}

std::string keys_markdown() {
  const MachineConfig defaults;
  std::string text = "| key | values | default | unit | meaning |\n|---|---|---|---|---|\n";
  for (const Key& key : keys()) {
    text += fmt::format("| `{}` | {} | `{}` | {} | {} |\n", key.name, values_text(key), toml_text(key.get(defaults)),
                        key.unit, key.description);
  }
  return text;
}

}  // namespace fusesim::config
