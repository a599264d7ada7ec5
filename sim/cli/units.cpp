// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/units.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace fusesim::cli {

std::string duration(std::uint64_t cycles, double mhz) {
  constexpr std::array<std::string_view, 4> units{"ns", "us", "ms", "s"};
  constexpr double rounds_up = 999.9995;  // Three decimals of it and more are those of the next unit's 1.
  double value = static_cast<double>(cycles) / mhz * 1000;
  std::size_t unit = 0;
  for (; value >= rounds_up && unit + 1 < units.size(); ++unit) value /= 1000;
  return fmt::format("{:.3f} {}", value, units[unit]);
}

std::string amount(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  const auto value = static_cast<double>(bytes);
  if (bytes < 999'995) return fmt::format("{:.2f} kB", value / 1e3);  // Above, two decimals would say 1000.00 kB.
  return fmt::format("{:.2f} MB", value / 1e6);
}

}  // namespace fusesim::cli
