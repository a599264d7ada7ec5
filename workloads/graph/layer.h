// SPDX-License-Identifier: Apache-2.0
// The layers of a graph that run on the systolic array, flattened into execution order: what the compiler, the
// analytic models and `fusesim layers` work on. Made from a Graph by array_layers().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fusesim::graph {

enum class LayerType : std::uint8_t {
  conv,       ///< Dense (or grouped) convolution with a spatial kernel.
  pointwise,  ///< 1x1 convolution.
  depthwise,  ///< groups == in channels, KxK.
  fuse_1xk,   ///< groups == in channels, 1xK.
  fuse_kx1,   ///< groups == in channels, Kx1.
  linear,     ///< Fully connected, on a 1x1 map.
};

/// "conv", "pw", "dw", "fuse_1xk", "fuse_kx1", "linear".
[[nodiscard]] const char* name(LayerType type);

/// Sizes in elements, N = 1. `in_channels` counts the channels the layer reads (a slice of its producer's for Half).
struct Layer {
  std::string name;
  LayerType type = LayerType::conv;
  std::uint32_t in_channels = 0, in_height = 0, in_width = 0;
  std::uint32_t out_channels = 0, out_height = 0, out_width = 0;
  std::uint32_t kernel_height = 1, kernel_width = 1;
  std::uint32_t stride_height = 1, stride_width = 1;
  std::uint32_t dilation_height = 1, dilation_width = 1;
  std::uint32_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  std::uint32_t groups = 1;
  bool bias = false;
  bool squeeze_excite = false;  ///< Part of an SE gate.
  /// Channels [begin, end) of the producing tensor, when the layer reads a slice or is a FuSe branch.
  std::optional<std::uint32_t> slice_begin, slice_end;
  /// Indices of the layers whose results this one needs, ascending, looking through operators that do not run on the
  /// array (batch norm, activation, pool, add, concat, split, scale, shuffle).
  std::vector<std::uint32_t> depends_on;

  /// Multiply-accumulates.
  [[nodiscard]] std::uint64_t macs() const {
    return std::uint64_t{out_channels} * out_height * out_width * (in_channels / groups) * kernel_height * kernel_width;
  }
  /// Weights plus bias, in elements.
  [[nodiscard]] std::uint64_t params() const {
    return std::uint64_t{out_channels} * (in_channels / groups) * kernel_height * kernel_width +
           (bias ? out_channels : 0);
  }
};

}  // namespace fusesim::graph
