// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/shuffle.h"

#include <algorithm>

namespace fusesim::tile {

std::vector<ShuffledChannels> shuffled_channels(std::uint32_t channels, std::uint32_t groups, std::uint32_t begin,
                                                std::uint32_t count) {
  const std::uint32_t members = channels / groups;
  std::vector<ShuffledChannels> parts;
  for (std::uint32_t at = begin, left = count; left > 0;) {
    const std::uint32_t group = at / members, member = at % members;
    ShuffledChannels part{at, 1, std::min(left, members - member), member * groups + group, groups};
    if (part.members == members) part.groups = left / members;
    parts.push_back(part);
    at += part.groups * part.members;
    left -= part.groups * part.members;
  }
  return parts;
}

}  // namespace fusesim::tile
