// SPDX-License-Identifier: Apache-2.0
#include "sim/config/array_size.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "hw/isa/array_config.h"

namespace fusesim::config {

ArraySize parse_array_size(std::string_view option, std::string_view text) {
  const auto side = [&](std::string_view digits) {
    std::uint32_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || value < 1 || value > isa::ArrayConfig::max_side) {
      throw std::invalid_argument(
          fmt::format("{}: '{}' is not a size; write one number for a square array or ROWSxCOLS, each from 1 to {}, as "
                      "in 64 or 48x96",
                      option, text, isa::ArrayConfig::max_side));
    }
    return value;
  };
  const std::size_t times = text.find('x');
  if (times == std::string_view::npos) return {side(text), side(text)};
  return {side(text.substr(0, times)), side(text.substr(times + 1))};
}

}  // namespace fusesim::config
