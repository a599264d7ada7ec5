// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/numbers.h"

#include <fmt/format.h>

#include <charconv>

namespace fusesim::cli {

std::uint64_t parse_whole(std::string_view option, std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end || value < least || value > most) {
    throw CLI::ValidationError(
        fmt::format("{} {} is not a whole number from {} to {}", option, text.empty() ? "''" : text, least, most));
  }
  return value;
}

double parse_share(std::string_view option, std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end || !(value >= 0 && value <= 1)) {
    throw CLI::ValidationError(fmt::format("{} {} is not a number from 0 to 1", option, text));
  }
  return value == 0 ? 0 : value;  // -0 is 0.
}

}  // namespace fusesim::cli
