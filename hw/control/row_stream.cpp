// SPDX-License-Identifier: Apache-2.0
#include "hw/control/row_stream.h"

#include <algorithm>
#include <stdexcept>

namespace fusesim::control {

RowStream::RowStream(std::uint32_t cols, std::uint32_t taps, std::uint32_t stride, std::uint32_t dilation) {
  if (cols == 0 || taps == 0 || stride == 0 || dilation == 0) {
    throw std::invalid_argument("row stream: columns, taps, stride and dilation must be at least 1");
  }
  for (std::uint32_t phase = 0; phase < stride; ++phase) {
    std::vector<TapSlot> members;  // (q, tap) of this phase, q ascending
    for (std::uint32_t tap = 0; tap < taps; ++tap) {
      if (dilation * tap % stride == phase) members.push_back({dilation * tap / stride, tap});
    }
    if (members.empty()) continue;
    const std::uint32_t q_min = members.front().cycle, q_max = members.back().cycle;
    const std::uint32_t begin = length();
    for (std::uint32_t m = 0; m < cols + q_max - q_min; ++m)
      position_.push_back(stride * (cols - 1 + q_max - m) + phase);
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      taps_.push_back({begin + cols - 1 + q_max - member->cycle, member->tap});
    }
  }
}

}  // namespace fusesim::control
