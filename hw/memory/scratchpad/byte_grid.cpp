// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/byte_grid.h"

#include <cstddef>

namespace fusesim::memory {

std::uint64_t ByteGrid::end() const {
  std::uint64_t end = address + run;
  for (const Axis& axis : axes) end += std::uint64_t{axis.count - 1} * axis.stride;
  return end;
}

bool ByteGrid::ascends() const {
  std::uint64_t extent = run;
  for (const Axis& axis : axes) {
    if (axis.count == 1) continue;
    if (axis.stride < extent) return false;
    extent += std::uint64_t{axis.count - 1} * axis.stride;
  }
  return true;
}

ByteGrid ByteGrid::packed() const {
  ByteGrid made{.address = address, .run = run};
  std::size_t used = 0;
  for (const Axis& axis : axes) {
    if (axis.count == 1) continue;
    if (used == 0 && axis.stride == made.run) {
      made.run *= axis.count;
    } else {
      made.axes[used++] = axis;
    }
  }
  return made;
}

bool ByteGrid::shows(const ByteGrid& part) const {
  if (part.address < address) return false;
  std::uint64_t offset = part.address - address;
  std::size_t left = part.axes.size();
  while (left > 0 && part.axes[left - 1].count == 1) --left;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const Axis& axis = axes[i];
    if (axis.count == 1) continue;
    const std::uint64_t first = offset / axis.stride;
    offset %= axis.stride;
    std::uint64_t count = 1;
    if (left > 0 && part.axes[left - 1].stride == axis.stride) count = part.axes[--left].count;
    if (first + count > axis.count) return false;
  }
  std::uint64_t end = offset + part.run;
  while (left > 0) {
    const Axis& axis = part.axes[--left];
    end += std::uint64_t{axis.count - 1} * axis.stride;
  }
  return end <= run;
}

std::uint64_t ByteGrid::run_end(std::uint64_t at) const {
  if (at < address) return at;
  std::uint64_t offset = at - address;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const Axis& axis = axes[i];
    if (axis.count == 1) continue;
    if (offset / axis.stride >= axis.count) return at;
    offset %= axis.stride;
  }
  return offset < run ? at + (run - offset) : at;
}

}  // namespace fusesim::memory
