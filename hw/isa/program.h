// SPDX-License-Identifier: Apache-2.0
// A program in memory: what a trace file holds once it has been read and verified.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/isa/array_config.h"

namespace fusesim::isa {

/// How an operator is laid on the array. One array instruction runs one operator with one of these.
enum class Dataflow : std::uint8_t {
  gemm,                 ///< Output stationary implicit GEMM: output pixels on rows, filters on columns.
  depthwise_column,     ///< A GEMM per channel with N = 1: pixels on rows, one column busy.
  depthwise_row,        ///< Operands swapped: pixels on columns, the channel's filter on one row.
  depthwise_broadcast,  ///< KhxKw depthwise on the FuSe wires: a row computes output lines of one channel.
  fuse_row,             ///< 1xK depthwise on the FuSe wires (lines are image rows).
  fuse_column,          ///< Kx1 depthwise on the FuSe wires (lines are image columns: transposed access).
};

[[nodiscard]] const char* name(Dataflow dataflow);

enum class ElementType : std::uint8_t { int8, int32 };

/// Where the bytes of a tensor come from.
enum class TensorSource : std::uint8_t {
  computed,   ///< Written by an instruction.
  generated,  ///< int8 values drawn from `seed` (workloads/reference and hw/memory use the same generator).
  constant,   ///< Stored in the trace.
};

/// A tensor in (N = 1) channel-major order: activations C,H,W; weights O,I,H,W with `channels` = O * I.
struct Tensor {
  std::string name = {};
  ElementType type = ElementType::int8;
  TensorSource source = TensorSource::generated;
  std::uint32_t channels = 0;
  std::uint32_t height = 0;
  std::uint32_t width = 0;
  std::uint64_t seed = 0;                ///< For `generated`.
  std::vector<std::int8_t> values = {};  ///< For `constant`: exactly elements() of them.

  [[nodiscard]] std::uint64_t elements() const { return std::uint64_t{channels} * height * width; }
  bool operator==(const Tensor&) const = default;
};

/// The channels [channel, channel + count) of a tensor, where count follows from the instruction.
struct TensorSlice {
  std::uint32_t tensor = 0;
  std::uint32_t channel = 0;
  bool operator==(const TensorSlice&) const = default;
};

/// Shape of a convolution; a linear layer is a 1x1 convolution on a 1x1 map. Sizes in elements.
struct ConvGeometry {
  std::uint32_t in_channels = 1, in_height = 1, in_width = 1;
  std::uint32_t out_channels = 1, out_height = 1, out_width = 1;
  std::uint32_t kernel_height = 1, kernel_width = 1;
  std::uint32_t stride_height = 1, stride_width = 1;
  std::uint32_t dilation_height = 1, dilation_width = 1;
  std::uint32_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  std::uint32_t groups = 1;

  [[nodiscard]] std::uint64_t macs() const {
    return std::uint64_t{out_channels} * out_height * out_width * (in_channels / groups) * kernel_height * kernel_width;
  }
  bool operator==(const ConvGeometry&) const = default;
};

/// One operator on the array. Reads int8 `input` and int8 `weights`, writes int32 `output`.
struct ArrayInstruction {
  Dataflow dataflow = Dataflow::gemm;
  ConvGeometry geometry;
  TensorSlice input;
  std::uint32_t weights = 0;  ///< Tensor index; out_channels x in_channels/groups x kernel_height x kernel_width.
  TensorSlice output;
  std::uint32_t lines_per_row = 1;  ///< FuSe row packing: image lines side by side in an array row (FuSe dataflows).
  std::int8_t pad_value = 0;        ///< What the feeders insert outside the map.
  std::uint32_t layer = 0;          ///< Index into Program::layers.
  std::vector<std::uint32_t> wait_for;  ///< Earlier instructions that must have ended, ascending.
  bool operator==(const ArrayInstruction&) const = default;
};

struct Program {
  std::string network;  ///< What was compiled, for people: "mobilenet_v2 fuse_half".
  ArrayConfig array;    ///< The array it was compiled for.
  std::vector<std::string> layers;
  std::vector<Tensor> tensors;
  std::vector<ArrayInstruction> instructions;
  bool operator==(const Program&) const = default;
};

/// Throws InvalidProgram (hw/isa/invalid_program.h), a std::invalid_argument, naming instruction, field and cure when
/// an index is out of range, a tensor's shape does not fit its instruction, a dataflow needs what the array lacks, or a
/// dependency does not point backwards.
void validate(const Program& program);

/// Largest number of image lines of one channel that fit side by side in a row of `cols` PEs for a FuSe dataflow
/// (>= 1), and the distance between the first outputs of two neighbours, in columns. Derivation: docs/timing.md.
struct RowPacking {
  std::uint32_t lines = 1;
  std::uint32_t pitch = 0;
};
[[nodiscard]] RowPacking densest_packing(Dataflow dataflow, const ConvGeometry& geometry, std::uint32_t cols);

}  // namespace fusesim::isa
