// SPDX-License-Identifier: Apache-2.0
// A strict reader of value change dumps, for tests only: anything it does not expect is an error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fusesim::waves {

struct Vcd {
  struct Variable {
    std::string kind;
    unsigned bits = 0;
    std::map<std::uint64_t, std::string> changes;  ///< Time to digits, leading zeros restored.

    /// Digits at a time: those of the last change up to then. "" before the first.
    [[nodiscard]] std::string at(std::uint64_t time) const;
    /// The same as a number, sign extended for kind "integer". Throws when it is unknown.
    [[nodiscard]] std::int64_t value(std::uint64_t time) const;
  };
  std::string timescale;
  std::vector<std::string> order;             ///< Paths as declared: "fusesim.array.row0.pe0.a".
  std::map<std::string, Variable> variables;  ///< By path.
  std::vector<std::uint64_t> times;           ///< Time stamps in the order written.
  std::vector<std::string> comments;

  [[nodiscard]] const Variable& operator[](const std::string& path) const { return variables.at(path); }
};

/// Throws std::runtime_error with the offending word.
[[nodiscard]] Vcd read_vcd(const std::filesystem::path& path);
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

}  // namespace fusesim::waves
