// SPDX-License-Identifier: Apache-2.0
// The size of an array as a command line writes it.
#pragma once

#include <cstdint>
#include <string_view>

namespace fusesim::config {

struct ArraySize {
  std::uint32_t rows = 0, cols = 0;  ///< Processing elements.
  bool operator==(const ArraySize&) const = default;
};

/// "64", a square, or "48x96", 48 rows by 96 columns. Throws std::invalid_argument, which opens with `option`.
[[nodiscard]] ArraySize parse_array_size(std::string_view option, std::string_view text);

}  // namespace fusesim::config
