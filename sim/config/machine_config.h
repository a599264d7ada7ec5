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

#include "hw/accelerator/memory_config.h"
#include "hw/isa/machine/config.h"

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
  /// As written: `banks` may be 0, which core_of() replaces.
  isa::machine::CoreConfig core{.array = {},
                                .activations = {.bytes = 256 * 1024, .banks = 0, .width = 2, .ports = 1},
                                .weights = {.bytes = 256 * 1024, .banks = 0, .width = 1, .ports = 1},
                                .outputs = {.bytes = 512 * 1024, .banks = 0, .width = 4, .ports = 1},
                                .vector = {},
                                .control = {}};
  accelerator::MemoryConfig memory{.standard = "none"};  ///< "none": ideal, the array alone is timed.
  /// Turns cycles into seconds. Without DRAM cycle counts do not depend on it.
  double frequency_mhz = 1000;

  /// Whether networks run from DRAM to DRAM through scratchpads, DMA and vector unit.
  [[nodiscard]] bool has_dram() const { return memory.standard != "none"; }
  bool operator==(const MachineConfig&) const = default;
};

/// The core without the keys of a fused unit that is not there, and with every number of banks chosen: one that is 0
/// becomes the larger side of the array, rounded up to a power of two, and at least 32, so that neither feeders nor a
/// usual DRAM wait for a lack of banks.
[[nodiscard]] isa::machine::CoreConfig core_of(const MachineConfig& config);

/// Throws ConfigError when keys do not fit each other (each on its own is checked where it is set).
void validate(const MachineConfig& config);

/// The machine that `machine` names: a preset, or else the path of a TOML file. Throws UnknownMachine or
/// ConfigError.
[[nodiscard]] MachineConfig load(std::string_view machine);
/// Throws ConfigError; `source` is what its text calls the file.
[[nodiscard]] MachineConfig parse(std::string_view toml, std::string_view source);
[[nodiscard]] MachineConfig load_file(const std::filesystem::path& path);

/// Sets one key from its text without validating the result, for callers that set several and then validate(). Throws
/// ConfigError that opens with `where`.
void set_key(MachineConfig& config, std::string_view key, std::string_view text, std::string_view where);
/// The same from "array.rows=32"; `where` is "--set array.rows=32".
void set_key(MachineConfig& config, std::string_view assignment);

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
