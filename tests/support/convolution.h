// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/isa/program.h"

namespace fusesim::test {

/// A convolution by its definition.
inline std::vector<std::int32_t> convolve(const isa::ArrayInstruction& instruction, std::span<const std::int8_t> input,
                                          std::span<const std::int8_t> weights) {
  const isa::ConvGeometry& g = instruction.geometry;
  std::vector<std::int32_t> output;
  const std::uint32_t depth = g.in_channels / g.groups;
  for (std::uint32_t o = 0; o < g.out_channels; ++o) {
    for (std::uint32_t y = 0; y < g.out_height; ++y) {
      for (std::uint32_t x = 0; x < g.out_width; ++x) {
        std::uint32_t sum = 0;
        for (std::uint32_t c = 0; c < depth; ++c) {
          for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
            for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx) {
              const int iy =
                  static_cast<int>(y * g.stride_height + ky * g.dilation_height) - static_cast<int>(g.pad_top);
              const int ix =
                  static_cast<int>(x * g.stride_width + kx * g.dilation_width) - static_cast<int>(g.pad_left);
              const bool inside =
                  iy >= 0 && iy < static_cast<int>(g.in_height) && ix >= 0 && ix < static_cast<int>(g.in_width);
              const std::uint32_t channel = o / (g.out_channels / g.groups) * depth + c;
              const int a = inside ? input[(channel * g.in_height + static_cast<std::uint32_t>(iy)) * g.in_width +
                                           static_cast<std::uint32_t>(ix)]
                                   : instruction.pad_value;
              sum += static_cast<std::uint32_t>(
                  a * weights[((o * depth + c) * g.kernel_height + ky) * g.kernel_width + kx]);
            }
          }
        }
        output.push_back(static_cast<std::int32_t>(sum));
      }
    }
  }
  return output;
}

}  // namespace fusesim::test
