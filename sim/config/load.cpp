// SPDX-License-Identifier: Apache-2.0
// Reading: files, presets and overrides. What a key is and takes is in keys.cpp.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <optional>
#include <sstream>
#include <vector>

#include "hw/isa/names.h"
#include "hw/isa/read_file.h"
#include "sim/config/keys.h"
#include "sim/config/machine_config.h"

namespace fusesim::config {
namespace {

std::string place(std::string_view source, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", source, region.begin.line, region.begin.column);
}

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(keys(), name, &Key::name);
  return found == keys().end() ? nullptr : &*found;
}

bool is_table(std::string_view name) {
  return std::ranges::any_of(keys(), [&](const Key& key) {
    return key.name.starts_with(name) && key.name.substr(name.size()).starts_with('.');
  });
}

[[noreturn]] void unknown(std::string_view where, std::string_view what, std::string_view name,
                          std::span<const std::string_view> valid) {
  try {
    isa::throw_unknown_name(what, name, valid);
  } catch (const std::invalid_argument& error) {
    throw ConfigError(fmt::format("{}: {}", where, error.what()));
  }
}

[[noreturn]] void unknown_key(std::string_view where, std::string_view name) {
  std::vector<std::string_view> valid;
  std::ranges::transform(keys(), std::back_inserter(valid), &Key::name);
  unknown(where, "key", name, valid);
}

[[noreturn]] void unknown_table(std::string_view where, std::string_view name) {
  std::vector<std::string_view> valid;
  for (const Key& key : keys()) {
    const std::size_t dot = key.name.rfind('.');
    if (dot == std::string_view::npos) continue;
    const std::string_view table = key.name.substr(0, dot);
    if (valid.empty() || valid.back() != table) valid.push_back(table);
  }
  unknown(where, "table", name, valid);
}

/// How an error names the value found: a table or an array by its kind, anything else as it stands in TOML.
std::string shown(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  std::ostringstream text;
  node.visit([&text](const auto& typed) { text << typed; });
  return text.str();
}

std::optional<Value> plain_value(const toml::node& node) {
  if (const auto* v = node.as_integer()) return v->get();
  if (const auto* v = node.as_floating_point()) return v->get();
  if (const auto* v = node.as_boolean()) return v->get();
  if (const auto* v = node.as_string()) return v->get();
  return std::nullopt;
}

void read_table(const toml::table& table, const std::string& prefix, std::string_view source, MachineConfig& config) {
  for (const auto& [toml_key, node] : table) {
    const std::string name = prefix + std::string(toml_key.str());
    const std::string at_key = place(source, toml_key.source());
    if (const Key* key = find_key(name)) {
      const std::string at_value = place(source, node.source());
      const std::optional<Value> value = plain_value(node);
      // Tables, arrays and dates are no key's value.
      if (!value)
        throw ConfigError(fmt::format("{}: {} must be {}, not {}", at_value, name, domain_text(*key), shown(node)));
      key->set(config, check(*key, *value, shown(node), at_value));
    } else if (is_table(name)) {
      if (!node.is_table()) {
        throw ConfigError(
            fmt::format("{}: '{}' is a table of keys, written [{}], not {}", at_key, name, name, shown(node)));
      }
      read_table(*node.as_table(), name + '.', source, config);
    } else if (node.is_table()) {
      unknown_table(at_key, name);
    } else {
      unknown_key(at_key, name);
    }
  }
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// What a command line means by a value: a number or a boolean if all of it reads as one, else the text itself.
Value value_of_text(const Key& key, std::string_view text) {
  if (std::holds_alternative<Choices>(key.domain) || std::holds_alternative<Text>(key.domain)) {
    const bool quoted =
        text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
    return std::string(quoted ? text.substr(1, text.size() - 2) : text);
  }
  if (text == "true") return true;
  if (text == "false") return false;
  const char* const end = text.data() + text.size();
  std::int64_t integer = 0;
  if (const auto read = std::from_chars(text.data(), end, integer); read.ec == std::errc{} && read.ptr == end) {
    return integer;
  }
  double real = 0;
  if (const auto read = std::from_chars(text.data(), end, real); read.ec == std::errc{} && read.ptr == end) return real;
  return std::string(text);
}

}  // namespace

MachineConfig parse(std::string_view toml, std::string_view source) {
  MachineConfig config;
  try {
    read_table(toml::parse(toml, std::string(source)), "", source, config);
  } catch (const toml::parse_error& error) {
    throw ConfigError(fmt::format("{}: {}", place(source, error.source()), error.description()));
  }
  try {
    validate(config);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("{}: {}", source, error.what()));
  }
  return config;
}

MachineConfig load_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw ConfigError(fmt::format("{}: is a directory; a machine is a TOML file", path.string()));
  }
  std::string text;
  try {
    text = isa::read_file(path);
  } catch (const std::runtime_error& error) {
    throw ConfigError(error.what());
  }
  return parse(text, path.string());
}

MachineConfig load(std::string_view machine) {
  for (const Preset& preset : presets()) {
    if (preset.name == machine) return parse(preset.toml, fmt::format("preset {}", preset.name));
  }
  std::error_code error;
  const bool exists = std::filesystem::exists(std::filesystem::path(machine), error);
  // A name that cannot even be looked up (a link to itself, a directory one may not enter) is a file's.
  if (exists || error) return load_file(machine);
  std::vector<std::string_view> names;
  std::ranges::transform(presets(), std::back_inserter(names), &Preset::name);
  try {
    isa::throw_unknown_name("no such file, and preset machine", machine, names);
  } catch (const std::invalid_argument& unknown_preset) {
    throw UnknownMachine(unknown_preset.what());
  }
}

void set_key(MachineConfig& config, std::string_view key, std::string_view text, std::string_view where) {
  const Key* const found = find_key(key);
  if (found == nullptr) unknown_key(where, key);
  found->set(config, check(*found, value_of_text(*found, text), fmt::format("'{}'", text), where));
}

void set_key(MachineConfig& config, std::string_view assignment) {
  const std::string where = fmt::format("--set {}", assignment);
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    throw ConfigError(fmt::format("{}: an override is written key=value, for example array.rows=32", where));
  }
  set_key(config, trimmed(assignment.substr(0, equals)), trimmed(assignment.substr(equals + 1)), where);
}

void apply_overrides(MachineConfig& config, std::span<const std::string> assignments) {
  MachineConfig changed = config;
  for (const std::string& assignment : assignments) set_key(changed, assignment);
  try {
    validate(changed);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("--set {}: {}", fmt::join(assignments, " --set "), error.what()));
  }
  config = std::move(changed);
}

void apply_override(MachineConfig& config, std::string_view assignment) {
  const std::string one(assignment);
  apply_overrides(config, {&one, 1});
}

}  // namespace fusesim::config
