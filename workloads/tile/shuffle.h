// SPDX-License-Identifier: Apache-2.0
// A channel shuffle takes no pass and no arithmetic: the pass before it stores its channels where the shuffle puts
// them. What a tile stores then are rectangles of channels, each of which one transfer can describe.
#pragma once

#include <cstdint>
#include <vector>

namespace fusesim::tile {

/// Channels [begin, begin + groups * members) of a pass's result, group by group. Member i of group j of these goes to
/// channel to + i * stride + j.
struct ShuffledChannels {
  std::uint32_t begin = 0;
  std::uint32_t groups = 1, members = 1;
  std::uint32_t to = 0, stride = 1;
  bool operator==(const ShuffledChannels&) const = default;
};

/// Channels [begin, begin + count) of `channels`, shuffled in `groups`, cut into as few rectangles as there are: whole
/// groups, and a part of one before and after them. One for all of them without a shuffle (groups = 1).
[[nodiscard]] std::vector<ShuffledChannels> shuffled_channels(std::uint32_t channels, std::uint32_t groups,
                                                              std::uint32_t begin, std::uint32_t count);

}  // namespace fusesim::tile
