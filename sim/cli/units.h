// SPDX-License-Identifier: Apache-2.0
// Durations and amounts for people, in the unit that suits their size.
#pragma once

#include <cstdint>
#include <string>

namespace fusesim::cli {

/// "512.000 ns", "3.250 us", "17.003 ms", "2.500 s": below 1000 of the unit as printed, wherever there is a larger one.
[[nodiscard]] std::string duration(std::uint64_t cycles, double mhz);

/// "0 B", "999 B", "1.50 kB", "7.42 MB", in units of 1000; megabytes from a million on.
[[nodiscard]] std::string amount(std::uint64_t bytes);

}  // namespace fusesim::cli
