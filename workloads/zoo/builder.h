// SPDX-License-Identifier: Apache-2.0
// What the networks share: a chain of operators that grows at its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workloads/graph/graph.h"

namespace fusesim::zoo {

/// Which of a network's spatial layers, in order, FuSe replaces. A block that is to be replaced keeps its baseline
/// operators but carries the names of the published FuSe block, and what else that block owns.
using Mask = std::vector<bool>;

/// A baseline network and its spatial layers in order.
struct Baseline {
  graph::Graph graph;
  std::vector<graph::NodeId> spatial;
};

/// Appends operators to the end of a graph. Convolutions are followed by a batch norm and have no bias.
class Chain {
 public:
  /// Starts with the input, 3x224x224.
  Chain();

  [[nodiscard]] graph::NodeId end() const { return end_; }
  void set_end(graph::NodeId id) { end_ = id; }
  [[nodiscard]] std::uint32_t channels() const { return graph_.node(end_).shape.channels; }

  struct Names {
    std::string conv, norm, activation;
  };
  using OptionalActivation = std::optional<graph::ActivationKind>;

  /// KxK convolution padded by K/2, then batch norm, then the activation if any.
  void conv(const Names& names, std::uint32_t out_channels, std::uint32_t kernel, std::uint32_t stride,
            OptionalActivation activation);
  /// The same depthwise, recorded as a spatial layer.
  void depthwise(const Names& names, std::uint32_t kernel, std::uint32_t stride, OptionalActivation activation);
  /// Records the convolution `name` as a spatial layer.
  void mark_spatial(const std::string& name);
  void activation(const std::string& name, graph::ActivationKind kind);
  /// Bias-free gate C -> C/4 -> C on the end, "fc.0" (ReLU) and "fc.2" (hard sigmoid) under `prefix`.
  void squeeze_excite(const std::string& prefix);
  void add(const std::string& name, graph::NodeId other);
  void max_pool(const std::string& name, std::uint32_t kernel, std::uint32_t stride);
  void global_average_pool(const std::string& name);
  void linear(const std::string& name, std::uint32_t out_features);
  /// 1x1 convolution with bias and without batch norm.
  void pointwise_with_bias(const std::string& name, std::uint32_t out_channels);
  /// A pointwise convolution and its batch norm which the model owns and never runs.
  void unused_pointwise(const std::string& conv_name, const std::string& norm_name, std::uint32_t out_channels);

  [[nodiscard]] Baseline finish() &&;

 private:
  void append(const std::string& name, graph::Operator op) { end_ = graph_.add(name, std::move(op), {end_}); }

  graph::Graph graph_;
  graph::NodeId end_ = 0;
  std::vector<graph::NodeId> spatial_;
};

[[nodiscard]] Baseline mobilenet_v1(const Mask& replaced);
[[nodiscard]] Baseline mobilenet_v2(const Mask& replaced);
[[nodiscard]] Baseline mobilenet_v3_small(const Mask& replaced);
[[nodiscard]] Baseline mobilenet_v3_large(const Mask& replaced);
[[nodiscard]] Baseline mnasnet_b1(const Mask& replaced);
[[nodiscard]] Baseline resnet50(const Mask& replaced);

}  // namespace fusesim::zoo
