// SPDX-License-Identifier: Apache-2.0
// The values of one operator on the array, computed at once: what the event model uses instead of stepping PEs.
// Exact: each sum is the 32-bit wrap-around sum that the PEs' accumulators hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "hw/array/values/instruction_set.h"
#include "hw/isa/program.h"

namespace fusesim::array::values {

/// Working memory of convolve(). It grows to what the largest operator needs and is then reused, so that repeated
/// calls allocate nothing. Not to be shared between threads that run at the same time.
class Scratch {
 public:
  /// At least `bytes` bytes, aligned to 64. What an earlier call returned is no longer valid.
  [[nodiscard]] std::byte* reserve(std::size_t bytes);
  /// Bytes held.
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  struct Release {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Release> memory_;
  std::size_t capacity_ = 0;
};

/// out[o][y][x] = sum over i, kh, kw of in[i][y*stride + kh*dilation - pad][x*...] * weights[o][i][kh][kw], where
/// elements outside the map are `pad_value`. Shapes: `in` in_channels x in_height x in_width, `weights` out_channels x
/// in_channels/groups x kernel_height x kernel_width, `out` out_channels x out_height x out_width, all row-major.
/// Rows and columns outside the map read as padding wherever they lie, so pad_bottom and pad_right follow from the
/// other fields and are not consulted. Throws std::invalid_argument naming the field when a size, stride or dilation is
/// zero or `groups` does not divide the channels.
void convolve(const isa::ConvGeometry& geometry, const std::int8_t* in, const std::int8_t* weights,
              std::int8_t pad_value, std::int32_t* out, Scratch& scratch);

/// The same with a given instruction set, which must be one of available_instruction_sets().
void convolve(const isa::ConvGeometry& geometry, const std::int8_t* in, const std::int8_t* weights,
              std::int8_t pad_value, std::int32_t* out, Scratch& scratch, InstructionSet set);

}  // namespace fusesim::array::values
