// SPDX-License-Identifier: Apache-2.0
#include "sim/config/machine_config.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "sim/config/keys.h"

namespace fusesim::config {

std::string to_toml(const MachineConfig& config) {
  std::string text;
  std::string_view open_table;
  for (const Key& key : keys()) {
    const std::size_t dot = key.name.rfind('.');
    const std::string_view table = dot == std::string_view::npos ? "" : key.name.substr(0, dot);
    const std::string_view name = dot == std::string_view::npos ? key.name : key.name.substr(dot + 1);
    if (table != open_table) text += fmt::format("\n[{}]\n", table);
    open_table = table;
    const std::string unit = key.unit.empty() ? "" : fmt::format(" [{}]", key.unit);
    text += fmt::format("{} = {}  # {}{}\n", name, toml_text(key.get(config)), key.description, unit);
  }
  return text;
}

std::uint64_t digest(const MachineConfig& config) {
  std::string text;
  for (const Key& key : keys()) {
    // Without the unit none of its keys says anything: machines that behave alike have one digest.
    if (key.name.starts_with("fused.") && !config.core.fused.present) continue;
    if (key.name != "description") text += fmt::format("{}={}\n", key.name, toml_text(key.get(config)));
  }
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace fusesim::config
