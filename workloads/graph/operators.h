// SPDX-License-Identifier: Apache-2.0
// The operators a network graph is made of. Sizes are in elements; maps are (channels, height, width) with N = 1.
#pragma once

#include <cstdint>
#include <variant>

namespace fusesim::graph {

/// A feature map. A vector of n features is {n, 1, 1}.
struct Shape {
  std::uint32_t channels = 0, height = 0, width = 0;
  [[nodiscard]] std::uint64_t elements() const { return std::uint64_t{channels} * height * width; }
  bool operator==(const Shape&) const = default;
};

/// Zeros added around a map (for max pooling: nothing added, the window is clipped).
struct Padding {
  std::uint32_t top = 0, left = 0, bottom = 0, right = 0;
  [[nodiscard]] static Padding symmetric(std::uint32_t vertical, std::uint32_t horizontal) {
    return {vertical, horizontal, vertical, horizontal};
  }
  bool operator==(const Padding&) const = default;
};

/// The network's input.
struct Input {
  Shape shape;
};

/// Two-dimensional convolution. `groups` divides both channel counts; groups == in_channels is depthwise.
struct Conv {
  std::uint32_t in_channels = 0, out_channels = 0;
  std::uint32_t kernel_height = 1, kernel_width = 1;
  std::uint32_t stride_height = 1, stride_width = 1;
  Padding padding = {};
  std::uint32_t dilation_height = 1, dilation_width = 1;
  std::uint32_t groups = 1;
  bool bias = false;

  /// One filter per channel. With a single channel a dense convolution to one channel is the same thing.
  [[nodiscard]] bool depthwise() const { return groups == in_channels && (groups > 1 || out_channels == 1); }
};

/// Fully connected layer on a 1x1 map.
struct Linear {
  std::uint32_t in_features = 0, out_features = 0;
  bool bias = false;
};

/// Scale and offset per channel (the statistics of training are folded into them).
struct BatchNorm {
  std::uint32_t channels = 0;
};

enum class PoolKind : std::uint8_t { max, average, global_average };

/// Pooling. A global average ignores the window and gives a 1x1 map.
struct Pool {
  PoolKind kind = PoolKind::max;
  std::uint32_t kernel_height = 1, kernel_width = 1;
  std::uint32_t stride_height = 1, stride_width = 1;
  Padding padding = {};
};

/// Element-wise sum of two or more equal maps.
struct Add {};

/// Channel-wise concatenation, in input order.
struct Concat {};

/// Channels [begin, end) of a map.
struct Split {
  std::uint32_t begin = 0, end = 0;
};

/// Channels in another order, as ShuffleNet has them: with C channels, channel j * (C / groups) + i goes to
/// i * groups + j. `groups` divides C; a map of [groups][C / groups] channels is transposed.
struct Shuffle {
  std::uint32_t groups = 1;
};

/// First input times second input, a gate of one value per channel (squeeze-and-excite).
struct Scale {};

enum class ActivationKind : std::uint8_t { relu, relu6, hswish, hsigmoid };

/// "relu", "relu6", "hswish", "hsigmoid".
[[nodiscard]] const char* name(ActivationKind kind);

struct Activation {
  ActivationKind kind = ActivationKind::relu;
};

/// An expand - depthwise - project block with ReLUs after its first two convolutions, both predicted (docs/fused.md).
/// All three convolutions have the same groups; batch norms are part of it. Prediction alters results: graphs hold one
/// only where they have been annotated so.
struct PredictedBlock {
  std::uint32_t in_channels = 0, middle_channels = 0, out_channels = 0;
  std::uint32_t groups = 1;              ///< Divides all three.
  std::uint32_t kernel = 3, stride = 1;  ///< Of the depthwise convolution.
  Padding padding = {};                  ///< Likewise.
  std::uint32_t shuffle = 1;             ///< Groups of the channel shuffle that follows; 1: none.
  bool residual = false;                 ///< The block's input is added to its result, after the shuffle.
};

/// A map seen as a vector of channels * height * width features.
struct Flatten {};

using Operator = std::variant<Input, Conv, Linear, BatchNorm, Pool, Add, Concat, Split, Scale, Activation, Flatten,
                              Shuffle, PredictedBlock>;

/// "input", "conv", "linear", "batch_norm", "pool", "add", "concat", "split", "scale", "activation", "flatten",
/// "shuffle", "predicted_block".
[[nodiscard]] const char* name(const Operator& op);

/// Weights and biases in elements; batch norm has two per channel. A predicted block has those of its convolutions and
/// their batch norms; what the predictor adds is made of the same weights and does not count.
[[nodiscard]] std::uint64_t parameters(const Operator& op);

/// The three convolutions of a block, without biases.
[[nodiscard]] Conv expansion(const PredictedBlock& block);
[[nodiscard]] Conv depthwise(const PredictedBlock& block);
[[nodiscard]] Conv projection(const PredictedBlock& block);
/// Of the batch norms after them.
[[nodiscard]] std::uint64_t batch_norm_parameters(const PredictedBlock& block);

}  // namespace fusesim::graph
