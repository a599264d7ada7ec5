// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/law.h"

#include <algorithm>

namespace fusesim::vector {

using isa::machine::CoreConfig;
using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;

namespace {

std::uint64_t ceil_divide(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

VectorCycles cycles(const Vector& v, const CoreConfig& core) {
  const std::uint64_t lanes = core.vector.lanes;
  const auto port_cycles = [&](Pad pad, std::uint64_t element_bytes) {
    return ceil_divide(lanes * element_bytes, core.pad(pad).row_bytes());
  };
  std::array<std::uint64_t, isa::machine::pad_count> reads{};
  reads[static_cast<std::size_t>(v.a.pad)] += port_cycles(v.a.pad, v.kind == VectorKind::requantize ? 4 : 1);
  if (v.kind == VectorKind::add) reads[static_cast<std::size_t>(v.b.pad)] += port_cycles(v.b.pad, 1);

  VectorCycles law;
  law.groups = ceil_divide(std::uint64_t{v.channels} * v.height * v.width, lanes);
  if (v.kind == VectorKind::max_pool || v.kind == VectorKind::average_pool)
    law.window = std::uint64_t{v.window.kernel_height} * v.window.kernel_width;
  law.interval = std::max(*std::max_element(reads.begin(), reads.end()), port_cycles(v.result.pad, 1));
  law.total = core.vector.latency + law.groups * law.window * law.interval;
  return law;
}

PortsUsed ports_used(const Vector& v) {
  PortsUsed used{};
  used[static_cast<std::size_t>(v.a.pad)] = true;
  if (v.kind == VectorKind::add) used[static_cast<std::size_t>(v.b.pad)] = true;
  used[static_cast<std::size_t>(v.result.pad)] = true;
  return used;
}

}  // namespace fusesim::vector
