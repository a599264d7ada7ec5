// SPDX-License-Identifier: Apache-2.0
// A list as a command line writes it.
#pragma once

#include <string_view>
#include <vector>

namespace fusesim::config {

/// What stands between the commas of "a,b,c". Throws std::invalid_argument, which opens with `option`, when that is
/// nothing.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view option, std::string_view text);

}  // namespace fusesim::config
