// SPDX-License-Identifier: Apache-2.0
// A counter that says what it counts.
#pragma once

#include <cstdint>
#include <string_view>

namespace fusesim::memory {

struct Statistic {
  std::string_view name;
  std::string_view unit;
  std::string_view description;
  std::uint64_t value = 0;
};

}  // namespace fusesim::memory
