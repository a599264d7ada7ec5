// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/grid.h"

#include <algorithm>
#include <array>
#include <limits>

namespace fusesim::isa::machine {

std::uint64_t reach(std::uint64_t run_bytes, std::span<const Axis> axes) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t end = run_bytes;
  for (const Axis& axis : axes) {
    std::uint64_t step = 0;
    if (__builtin_mul_overflow(axis.count - 1, axis.stride, &step) || __builtin_add_overflow(end, step, &end)) {
      return most;
    }
  }
  return end;
}

bool disjoint(std::uint64_t run_bytes, std::span<const Axis> axes) {
  std::array<Axis, 3> used;
  std::size_t count = 0;
  for (const Axis& axis : axes) {
    if (axis.count > 1) used[count++] = axis;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto shortest = std::min_element(used.begin() + i, used.begin() + count,
                                           [](const Axis& a, const Axis& b) { return a.stride < b.stride; });
    std::iter_swap(used.begin() + i, shortest);
    if (used[i].stride < reach(run_bytes, {used.data(), i})) return false;
  }
  return true;
}

}  // namespace fusesim::isa::machine
