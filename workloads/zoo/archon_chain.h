// SPDX-License-Identifier: Apache-2.0
// What the networks of the ARCHON study share: a chain of operators that grows at its end, with TensorFlow's padding.
#pragma once

#include <cstdint>
#include <string>

#include "workloads/graph/graph.h"

namespace fusesim::zoo {

/// Appends operators to the end of a graph. Convolutions have no bias and are followed by a batch norm; its name, and
/// that of whatever else belongs to a layer, begin with the layer's.
class ArchonChain {
 public:
  /// Starts with the input, 3x32x32.
  ArchonChain();

  [[nodiscard]] graph::NodeId end() const { return end_; }
  [[nodiscard]] std::uint32_t channels() const { return graph_.node(end_).shape.channels; }
  [[nodiscard]] graph::Shape shape() const { return graph_.node(end_).shape; }

  void convolution(const std::string& name, std::uint32_t out_channels, std::uint32_t kernel);
  void pointwise(const std::string& name, std::uint32_t out_channels, std::uint32_t groups = 1);
  void depthwise(const std::string& name, std::uint32_t kernel, std::uint32_t stride);
  /// Of the layer `name`.
  void relu(const std::string& name);
  void shuffle(const std::string& name, std::uint32_t groups);
  /// Scales the end by a gate made of it: global average, `name`1 to `hidden` channels with ReLU, `name`2 back with
  /// hard sigmoid. Both have a bias and no batch norm.
  void squeeze_excite(const std::string& name, std::uint32_t hidden);
  void add(const std::string& name, graph::NodeId other);
  /// The end's channels, then those of `other` after a 3x3 average pool with this stride.
  void join_pooled(const std::string& name, graph::NodeId other, std::uint32_t stride);
  /// Global average pool and the classifier, with bias.
  void classify(std::uint32_t classes);

  [[nodiscard]] graph::Graph finish() && { return std::move(graph_); }

 private:
  void append(const std::string& name, graph::Operator op) { end_ = graph_.add(name, std::move(op), {end_}); }
  void norm(const std::string& name) { append(name + ".bn", graph::BatchNorm{channels()}); }

  graph::Graph graph_;
  graph::NodeId end_ = 0;
};

/// TensorFlow's SAME: output sizes are ceil(size / stride), and of an odd number of zeros the larger half goes below
/// and to the right.
[[nodiscard]] graph::Padding same_padding(graph::Shape in, std::uint32_t kernel, std::uint32_t stride);

}  // namespace fusesim::zoo
