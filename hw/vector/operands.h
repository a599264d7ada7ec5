// SPDX-License-Identifier: Apache-2.0
// The bytes that a vector instruction reads and writes. Plain C++.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "hw/isa/machine/program.h"
#include "hw/memory/scratchpad/byte_grid.h"

namespace fusesim::vector {

/// Called for the bytes of each operand; a byte may be in several of them.
using UseBytes = std::function<void(isa::machine::Pad pad, const memory::ByteGrid& bytes)>;

/// Every byte it reads: maps (of a pool's map what lies in a window), gates, parameters, table.
void for_read_bytes(const isa::machine::Vector& instruction, const UseBytes& use);
/// Every byte of its result.
[[nodiscard]] memory::ByteGrid written_bytes(const isa::machine::Vector& instruction);

/// Bytes that pass the scratchpads, by Pad. An element counts as often as it is read: a pool reads once for each window
/// that an element of the map lies in. Each channel's parameters or gate and the table are read once.
struct Traffic {
  std::array<std::uint64_t, isa::machine::pad_count> read{}, written{};
  bool operator==(const Traffic&) const = default;
};
[[nodiscard]] Traffic traffic(const isa::machine::Vector& instruction);

/// Whether the result may be written over something that is still to be read. Elements are worked on in C,H,W order;
/// each is read before its result is written, but how much else is read in between depends on lanes and latency. So
/// the result may take the place of a map as follows, and must not overlap anything else that is read:
///   - over an int8 map of the same address and pitches: each element over its own operand;
///   - over a map whose channels and lines lie in order, when no element of the result lies above its own operand: int8
///     over int32 sums with the same start, say. It then overwrites this operand or earlier ones.
/// A pool's result must not overlap its map. Overlap is judged by first and last byte.
[[nodiscard]] bool clobbers(const isa::machine::Vector& instruction);

}  // namespace fusesim::vector
