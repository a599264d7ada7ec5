// SPDX-License-Identifier: Apache-2.0
// The accelerator core as compiler, hardware and traces must agree on it: array, scratchpads, vector unit, controller.
// DRAM and DMA are not part of it: they change when things happen, never what a program may say.
#pragma once

#include <cstdint>
#include <string>

#include "hw/isa/array_config.h"
#include "hw/isa/machine/fused.h"

namespace fusesim::isa::machine {

/// The on-chip memories (docs/machine.md).
enum class Pad : std::uint8_t {
  activations,  ///< int8 maps: written by loads and the vector unit, read by the array's feeders and the vector unit.
  weights,      ///< int8 weights and the vector unit's parameters: written by loads.
  outputs,      ///< int32 sums from the array, int8 results of the vector unit; read by the vector unit and stores.
};
inline constexpr std::uint32_t pad_count = 3;
/// "activations", "weights", "outputs".
[[nodiscard]] const char* name(Pad pad);

/// A scratchpad: `banks` banks of words of `width` bytes. Byte address a lies in word a / width, word w in bank
/// w mod banks.
struct ScratchpadConfig {
  std::uint64_t bytes = 0;  ///< Capacity; a multiple of banks * width.
  std::uint32_t banks = 1;
  std::uint32_t width = 1;  ///< Bytes of a word; a power of two.
  std::uint32_t ports = 1;  ///< Words that a bank hands the array's feeders in a cycle.

  /// Bytes that DMA or the vector unit move through the other port in a cycle: one word of every bank.
  [[nodiscard]] std::uint64_t row_bytes() const { return std::uint64_t{banks} * width; }
  bool operator==(const ScratchpadConfig&) const = default;
};

struct VectorConfig {
  std::uint32_t lanes = 64;   ///< Elements worked on side by side.
  std::uint32_t latency = 8;  ///< Cycles from an element's operands to its result in the scratchpad.
  bool operator==(const VectorConfig&) const = default;
};

struct ControlConfig {
  std::uint32_t fetch_cycles = 8;   ///< Until the first instruction reaches the decoder.
  std::uint32_t decode_cycles = 2;  ///< Per instruction; at least 1.
  std::uint32_t queue_depth = 16;   ///< Instructions that wait in each queue; at least 1.
  bool operator==(const ControlConfig&) const = default;
};

struct CoreConfig {
  ArrayConfig array;
  ScratchpadConfig activations{.bytes = 256 * 1024, .banks = 64, .width = 2, .ports = 1};
  ScratchpadConfig weights{.bytes = 256 * 1024, .banks = 64, .width = 1, .ports = 1};
  /// One bank a column or more, so that sums leave the array without conflicts; width 4.
  ScratchpadConfig outputs{.bytes = 512 * 1024, .banks = 64, .width = 4, .ports = 1};
  VectorConfig vector;
  ControlConfig control;
  FusedConfig fused = {};

  [[nodiscard]] const ScratchpadConfig& pad(Pad which) const {
    return which == Pad::activations ? activations : which == Pad::weights ? weights : outputs;
  }
  bool operator==(const CoreConfig&) const = default;
};

/// Throws std::invalid_argument naming the field, its value, the rule and the cure: zero or absurd sizes (capacity
/// above 2^30 bytes, more than 4096 banks, lanes above 4096 ...), a capacity that is not a multiple of banks * width,
/// fewer output banks than columns, an output width other than 4, or a fused unit against the rules of docs/isa.md.
void validate(const CoreConfig& config);

/// "array 64x64 ... | activations bytes=262144 banks=64 width=2 ports=1 | ...": one line, the same for equal
/// configurations only; what a trace's digest of the machine is taken of. A fused unit is described where there is one.
[[nodiscard]] std::string describe(const CoreConfig& config);

}  // namespace fusesim::isa::machine
