// SPDX-License-Identifier: Apache-2.0
// One machine, as a TOML file describes it.
//
// A file holds the keys of keys() and no others. A key that is left out has its default. Every problem is a
// ConfigError whose text is one line, "file:line:column: key, reason, cure".
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hw/isa/array_config.h"

namespace fusesim::config {

class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// No preset and no file has that name.
class UnknownMachine : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

struct MachineConfig {
  std::string description;  ///< For people; changes nothing.
  isa::ArrayConfig array;
  double frequency_mhz = 1000;  ///< Turns cycles into seconds; cycle counts do not depend on it.

  bool operator==(const MachineConfig&) const = default;
};

/// Throws ConfigError when keys do not fit each other (each on its own is checked where it is set).
void validate(const MachineConfig& config);

/// The machine that `machine` names: a preset, or else the path of a TOML file. Throws UnknownMachine or
/// ConfigError.
[[nodiscard]] MachineConfig load(std::string_view machine);
/// Throws ConfigError; `source` is what its text calls the file.
[[nodiscard]] MachineConfig parse(std::string_view toml, std::string_view source);
[[nodiscard]] MachineConfig load_file(const std::filesystem::path& path);

/// Sets one key, given as "array.rows=32", and validates the result. Quotes round a text value are optional.
/// Throws ConfigError and leaves `config` as it was.
void apply_override(MachineConfig& config, std::string_view assignment);
/// Sets several in order and validates the result once, so that keys which must fit each other can change together.
void apply_overrides(MachineConfig& config, std::span<const std::string> assignments);

/// A complete TOML file, every key with its unit and meaning as a comment. parse() gives back an equal machine.
[[nodiscard]] std::string to_toml(const MachineConfig& config);

/// Equal for machines that behave alike: covers every key but the description. Stable across runs and platforms.
[[nodiscard]] std::uint64_t digest(const MachineConfig& config);

struct Preset {
  std::string_view name;
  std::string_view toml;  ///< The file's text.
};
/// The machines that are compiled in, by name.
[[nodiscard]] std::span<const Preset> presets();

}  // namespace fusesim::config
