// SPDX-License-Identifier: Apache-2.0
#include "sim/config/comma_list.h"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>

namespace fusesim::config {

std::vector<std::string_view> split_list(std::string_view option, std::string_view text) {
  std::vector<std::string_view> items;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    items.push_back(rest.substr(0, comma));
    if (items.back().empty()) {
      throw std::invalid_argument(fmt::format(
          "{}: an empty value in the list '{}'; put one comma between two values, and none at the ends", option, text));
    }
    if (comma == std::string_view::npos) return items;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace fusesim::config
