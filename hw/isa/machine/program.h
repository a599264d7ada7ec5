// SPDX-License-Identifier: Apache-2.0
// A machine program: what runs a network from DRAM to DRAM through the scratchpads. Four queues of instructions, each
// in order, that wait for one another by tokens. docs/machine.md has the laws.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "hw/isa/machine/config.h"
#include "hw/isa/machine/fused.h"
#include "hw/isa/program.h"

namespace fusesim::isa::machine {

enum class Queue : std::uint8_t { load, compute, vector, store };
inline constexpr std::uint32_t queue_count = 4;
/// "load", "compute", "vector", "store".
[[nodiscard]] const char* name(Queue queue);

/// Tokens: every queue counts its completed instructions (in order), and an instruction may start when each count has
/// reached the value given here. 0 waits for nothing.
using Waits = std::array<std::uint32_t, queue_count>;  ///< Indexed by Queue.

/// Bytes of a scratchpad that hold nothing of use any more once the instruction has completed. Reading them before they
/// are written again is an error, and they no longer count as occupied.
struct Release {
  Pad pad = Pad::activations;
  std::uint32_t address = 0;
  std::uint32_t bytes = 0;
  bool operator==(const Release&) const = default;
};

/// A DMA transfer between DRAM and a scratchpad: contiguous runs of `run_bytes` on a grid of up to three dimensions,
/// dimension 0 innermost, strides in bytes and not negative. An unused dimension has count 1.
struct Transfer {
  std::uint64_t dram = 0;
  Pad pad = Pad::activations;
  std::uint32_t address = 0;
  std::uint32_t run_bytes = 1;
  std::array<std::uint32_t, 3> counts{1, 1, 1};
  std::array<std::uint64_t, 3> dram_strides{};
  std::array<std::uint32_t, 3> pad_strides{};

  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{run_bytes} * counts[0] * counts[1] * counts[2]; }
  bool operator==(const Transfer&) const = default;
};
struct Load : Transfer {
  bool operator==(const Load&) const = default;
};
struct Store : Transfer {
  bool operator==(const Store&) const = default;
};

/// An int8 map in the activations scratchpad: element (c, y, x) at address + c * channel_pitch + y * line_pitch + x.
struct Map {
  std::uint32_t address = 0;
  std::uint32_t channel_pitch = 0;
  std::uint32_t line_pitch = 0;
  bool operator==(const Map&) const = default;
};

/// One operator, or a tile of one, on the array.
struct Compute {
  Dataflow dataflow = Dataflow::gemm;
  ConvGeometry geometry;            ///< Of the tile: what lies outside the map it holds is padding.
  std::uint32_t lines_per_row = 1;  ///< FuSe row packing.
  std::int8_t pad_value = 0;
  Map input;  ///< in_channels x in_height x in_width in the activations scratchpad.
  /// Weight t of output channel o at weights + t * weights_pitch + o in the weights scratchpad, where t counts
  /// (in_channels / groups) x kernel_height x kernel_width, row-major.
  std::uint32_t weights = 0;
  std::uint32_t weights_pitch = 0;  ///< At least out_channels.
  /// int32 sums, out_channels x out_height x out_width dense, little endian, in the outputs scratchpad; multiple of 4.
  std::uint32_t output = 0;
  bool operator==(const Compute&) const = default;
};

enum class VectorKind : std::uint8_t {
  requantize,    ///< int32 sums and per-channel parameters to int8.
  add,           ///< Two int8 maps.
  scale,         ///< An int8 map times a gate per channel.
  rescale,       ///< An int8 map to another format, or through a table, or clamped.
  max_pool,      ///< Windows of an int8 map; what lies outside takes no part.
  average_pool,  ///< Windows of an int8 map; what lies outside counts as the zero point.
};
[[nodiscard]] const char* name(VectorKind kind);

/// Element (c, y, x) at address + c * channel_pitch + y * line_pitch + x * (size of an element). Bytes.
struct VectorOperand {
  Pad pad = Pad::outputs;
  std::uint32_t address = 0;
  std::uint32_t channel_pitch = 0;
  std::uint32_t line_pitch = 0;
  bool operator==(const VectorOperand&) const = default;
};

/// What requantize reads for each channel from the weights scratchpad: three little-endian int32, 12 bytes.
struct ChannelParameters {
  std::int32_t bias = 0;
  std::int32_t multiplier = 0;
  std::int32_t shift = 1;
};
inline constexpr std::uint32_t channel_parameter_bytes = 12;
inline constexpr std::uint32_t table_bytes = 256;

/// A window of a pool over the operand's in_height x in_width map. Global average: one window of the whole map.
struct Window {
  std::uint32_t in_height = 1, in_width = 1;
  std::uint32_t kernel_height = 1, kernel_width = 1;
  std::uint32_t stride_height = 1, stride_width = 1;
  std::uint32_t pad_top = 0, pad_left = 0;
  bool operator==(const Window&) const = default;
};

/// One pass of the vector unit over a channels x height x width result. With round(v, t) = floor(v / 2^t + 1/2)
/// (docs/arithmetic.md) the value before the bounds is
///
///   requantize    zero_out + round((a + bias[c]) * multiplier[c], shift[c])       a + bias modulo 2^32
///   add           zero_out + round((a - zero_a) * multiplier_a + (b - zero_b) * multiplier_b, shift)
///   scale         zero_out + round((a - zero_a) * (b[c] - zero_b) * multiplier_a, shift)
///   rescale       zero_out + round((a - zero_a) * multiplier_a, shift)            equal formats: 2^30 and 30
///   max_pool      max over the window of a
///   average_pool  zero_out + round((sum over the window of (a - zero_a)) * multiplier_a, shift)
///
/// then clamped to lowest .. highest, then, with a table, looked up: table[value + 128].
struct Vector {
  VectorKind kind = VectorKind::requantize;
  std::uint32_t channels = 1, height = 1, width = 1;  ///< Of the result.
  VectorOperand a;                                    ///< int32 for requantize (pitches in bytes), else int8.
  VectorOperand b;       ///< add: int8 map; scale: one int8 a channel (channel_pitch apart); else not read.
  VectorOperand result;  ///< int8.
  Window window;         ///< Pools only.
  std::int32_t zero_a = 0, zero_b = 0, zero_out = 0;
  std::int32_t multiplier_a = 0, multiplier_b = 0, shift = 1;
  std::int8_t lowest = -128, highest = 127;
  std::uint32_t parameters = 0;  ///< requantize: address of channels x ChannelParameters in the weights scratchpad.
  bool has_table = false;
  std::uint32_t table = 0;  ///< Address of 256 int8 in the weights scratchpad.
  bool operator==(const Vector&) const = default;
};

struct Instruction {
  /// The first four in the order of Queue; those of the fused block go to the compute queue.
  std::variant<Load, Compute, Vector, Store, FusedTile, FusedPredict, FusedAccumulate> work;
  Waits waits{};
  std::uint32_t layer = 0;  ///< Index into Program::layers.
  std::vector<Release> releases = {};

  [[nodiscard]] Queue queue() const { return is_fused() ? Queue::compute : static_cast<Queue>(work.index()); }
  [[nodiscard]] bool is_fused() const { return work.index() >= queue_count; }
  bool operator==(const Instruction&) const = default;
};
/// "load", "compute", "vector", "store", "fused_tile", "fused_predict", "fused_accumulate".
[[nodiscard]] const char* name(const Instruction& instruction);

enum class Role : std::uint8_t {
  input,         ///< The network's input.
  constant,      ///< Weights, parameters, tables as the program lays them out.
  intermediate,  ///< A tensor between layers.
  output,        ///< The network's result.
  lists,         ///< Lists of the fused block: constants on which timing depends.
};
[[nodiscard]] const char* name(Role role);

/// A piece of DRAM with a name. Tensors are int8 and carry the name of their node. In which order their elements lie is
/// the compiler's choice: H,C,W, or C,H,W where features are read in that order (docs/compiler.md, "Places").
struct Section {
  std::string name;
  Role role = Role::intermediate;
  std::uint64_t address = 0;  ///< Byte address in DRAM.
  std::uint64_t bytes = 0;
  /// What the bytes hold before the run: all of them (input, constant), or nothing. A program made for timing only
  /// leaves input and constants empty too; it cannot be run with values. Lists always have theirs.
  std::vector<std::int8_t> values = {};
  bool operator==(const Section&) const = default;
};

struct Program {
  std::string network;
  /// What it was compiled for. It runs on a core with the same array and scratchpads that hold all its addresses.
  CoreConfig core;
  std::vector<std::string> layers;
  std::vector<Section> sections;
  std::vector<Instruction> instructions;  ///< In fetch order.
  bool operator==(const Program&) const = default;

  /// Whether every input and constant section has its values.
  [[nodiscard]] bool has_values() const;
  /// One past the last byte of DRAM it uses.
  [[nodiscard]] std::uint64_t dram_bytes() const;
};

/// Throws InvalidProgram (hw/isa/invalid_program.h) naming instruction, field and cure when an address leaves a
/// scratchpad or every section, a shape or pitch does not fit, a dataflow needs what the array lacks, a token is never
/// given (more instructions than the queue has), sections overlap, or values are of the wrong number. docs/isa.md lists
/// every rule.
void validate(const Program& program);

/// Throws InvalidProgram when the program cannot run on `core`: another array, or addresses beyond its scratchpads
/// ("traces whose addresses leave the machine they run on").
void validate(const Program& program, const CoreConfig& core);

}  // namespace fusesim::isa::machine
