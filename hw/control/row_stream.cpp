// SPDX-License-Identifier: Apache-2.0
#include "hw/control/row_stream.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace fusesim::control {

RowStream::RowStream(std::uint32_t cols, std::uint32_t taps, std::uint32_t stride, std::uint32_t dilation)
    : stride_(stride) {
  if (cols == 0 || taps == 0 || stride == 0 || dilation == 0) {
    throw std::invalid_argument("row stream: columns, taps, stride and dilation must be at least 1");
  }
  // Taps by phase, offsets ascending within a phase.
  struct Member {
    std::uint32_t phase, offset, tap;
  };
  std::vector<Member> members;
  for (std::uint32_t tap = 0; tap < taps; ++tap) {
    members.push_back({dilation * tap % stride, dilation * tap / stride, tap});
  }
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.phase < b.phase; });
  for (auto first = members.begin(); first != members.end();) {
    const auto last =
        std::find_if(first, members.end(), [&](const Member& member) { return member.phase != first->phase; });
    const std::uint32_t q_min = first->offset, q_max = std::prev(last)->offset;
    phases_.push_back({length_, stride * (cols - 1 + q_max) + first->phase});
    for (auto member = last; member != first;) {
      --member;
      taps_.push_back({length_ + cols - 1 + q_max - member->offset, member->tap});
    }
    length_ += cols + q_max - q_min;
    first = last;
  }
}

std::uint32_t RowStream::position(std::uint32_t cycle) const {
  const auto after = std::upper_bound(phases_.begin(), phases_.end(), cycle,
                                      [](std::uint32_t value, const Phase& phase) { return value < phase.begin; });
  const Phase& phase = *std::prev(after);
  return phase.first - stride_ * (cycle - phase.begin);
}

}  // namespace fusesim::control
