// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/untrained.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "hw/isa/generated_values.h"
#include "workloads/quantize/quantize.h"
#include "workloads/quantize/rewrite.h"

namespace fusesim::quantize {
namespace {

using graph::Node;
using graph::NodeId;
using reference::Scale;

constexpr double uniform_deviation = 73.9;  ///< Of all 256 values of int8.

/// What is known of a tensor's real values.
struct Moments {
  double mean = 0, variance = 1;
  Range range{-1.733, 1.733};  ///< Of the network's input: uniform, of variance 1.
  [[nodiscard]] double square() const { return mean * mean + variance; }
};

/// A nearly normal tensor: hardly a value is more than 3.5 deviations from the mean.
Moments normal(double mean, double variance) {
  const double reach = 3.5 * std::sqrt(variance);
  return {mean, variance, {mean - reach, mean + reach}};
}

double activated(graph::ActivationKind kind, double x) {
  const double gate = std::clamp(x + 3, 0.0, 6.0) / 6;
  switch (kind) {
    case graph::ActivationKind::relu:
      return std::max(x, 0.0);
    case graph::ActivationKind::relu6:
      return std::clamp(x, 0.0, 6.0);
    case graph::ActivationKind::hswish:
      return x * gate;
    case graph::ActivationKind::hsigmoid:
      return gate;
  }
  return x;
}

/// Of 16 equally likely parts of a normal distribution the middles, upper half.
constexpr std::array<double, 8> normal_quantiles = {0.0784, 0.2372, 0.4023, 0.5791, 0.7764, 1.0100, 1.3180, 1.8627};

Moments after(graph::ActivationKind kind, const Moments& in) {
  double sum = 0, squares = 0;
  for (const double z : normal_quantiles) {
    for (const double side : {-z, z}) {
      const double y = activated(kind, in.mean + side * std::sqrt(in.variance));
      sum += y / 16;
      squares += y * y / 16;
    }
  }
  Range range{activated(kind, in.range.low), activated(kind, in.range.high)};
  if (kind == graph::ActivationKind::hswish) range.low = std::min(range.low, -0.375);  // Its minimum, at -1.5.
  return {sum, std::max(squares - sum * sum, 1e-4), range};
}

Moments together(const Moments& a, const Moments& b, double share_of_a) {
  const double mean = share_of_a * a.mean + (1 - share_of_a) * b.mean;
  const double square = share_of_a * a.square() + (1 - share_of_a) * b.square();
  return {mean, square - mean * mean, {std::min(a.range.low, b.range.low), std::max(a.range.high, b.range.high)}};
}

/// Of a channel's results and of its bias, in units of the results' deviation without bias.
constexpr double bias_low = -0.5, bias_high = 1.0;

class Propagation {
 public:
  explicit Propagation(const graph::Graph& graph) : graph_(graph) {
    for (const Node& node : graph.nodes()) moments_.push_back(of(node));
  }
  [[nodiscard]] const Moments& of(NodeId id) const { return moments_[id]; }

 private:
  Moments of(const Node& node) const {
    const auto in = [&](std::size_t i) -> const Moments& { return moments_[node.inputs[i]]; };
    if (reference::as_convolution(node.op)) {
      return normal((bias_low + bias_high) / 2, 1.05 + (bias_high - bias_low) * (bias_high - bias_low) / 12);
    }
    if (const auto* activation = std::get_if<graph::Activation>(&node.op)) return after(activation->kind, in(0));
    if (const auto* pool = std::get_if<graph::Pool>(&node.op)) return pooled(*pool, in(0), graph_.node(node.inputs[0]));
    if (std::holds_alternative<graph::Add>(node.op)) {
      double mean = 0, variance = 0;
      for (const NodeId input : node.inputs) {
        mean += moments_[input].mean;
        variance += moments_[input].variance;
      }
      return normal(mean, variance);
    }
    if (std::holds_alternative<graph::Concat>(node.op)) {
      Moments all = in(0);
      double channels = graph_.node(node.inputs[0]).shape.channels;
      for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        const double more = graph_.node(node.inputs[i]).shape.channels;
        all = together(all, in(i), channels / (channels + more));
        channels += more;
      }
      return all;
    }
    if (std::holds_alternative<graph::Scale>(node.op)) {
      const double mean = in(0).mean * in(1).mean, square = in(0).square() * in(1).square();
      const double low = std::min(in(0).range.low, 0.0), high = std::max(in(0).range.high, 0.0);
      return {mean, std::max(square - mean * mean, 1e-4), {low, high}};
    }
    return node.inputs.empty() ? Moments{} : in(0);
  }

  static Moments pooled(const graph::Pool& pool, const Moments& in, const Node& producer) {
    const bool global = pool.kind == graph::PoolKind::global_average;
    const double area = global ? double{1} * producer.shape.height * producer.shape.width
                               : double{1} * pool.kernel_height * pool.kernel_width;
    if (pool.kind == graph::PoolKind::max) {
      return {in.mean + std::sqrt(in.variance) * std::min(1.5, area / 8), in.variance / 2, in.range};
    }
    // Channels differ in their means: something of the variance stays however large the window.
    const double reach = 3.5 * std::sqrt(in.variance * (0.25 + 0.75 / area));
    return {in.mean,
            in.variance * (0.25 + 0.75 / area),
            {std::max(in.range.low, in.mean - reach), std::min(in.range.high, in.mean + reach)}};
  }

  const graph::Graph& graph_;
  std::vector<Moments> moments_;
};

/// Uniform in [low, high).
double spread(std::uint64_t seed, std::uint64_t index, double low, double high) {
  return low + (high - low) * 0x1p-53 * static_cast<double>(isa::generated_block(seed, index) >> 11);
}

/// Weights that give results of unit variance, and biases.
reference::Weights layer_weights(const graph::Conv& conv, const Moments& in, Scale in_scale, std::uint64_t seed) {
  const std::size_t taps = std::size_t{conv.in_channels / conv.groups} * conv.kernel_height * conv.kernel_width;
  reference::Weights weights;
  weights.values.resize(conv.out_channels * taps);
  isa::fill_generated(seed, 0, weights.values);
  const double deviation = 1 / std::sqrt(static_cast<double>(taps) * in.square());
  for (std::uint32_t o = 0; o < conv.out_channels; ++o) {
    const double own = deviation * spread(~seed, 2 * std::uint64_t{o}, 0.75, 1.25);
    const auto scale = Scale(std::clamp(static_cast<float>(own / uniform_deviation), Scale::smallest, Scale::largest));
    const double step = double{in_scale.value()} * double{scale.value()};
    const double bias = spread(~seed, 2 * std::uint64_t{o} + 1, bias_low, bias_high) / step;
    weights.scales.push_back(scale);
    weights.bias.push_back(static_cast<std::int32_t>(std::clamp(bias, -0x1p30, 0x1p30)));
  }
  return weights;
}

}  // namespace

reference::QuantizedGraph untrained_network(const graph::Graph& graph, std::uint64_t seed) {
  static_cast<void>(input_of(graph));
  graph::Graph folded = without_batch_norm(graph).graph;
  const Propagation propagation(folded);
  std::vector<Range> ranges;
  for (NodeId id = 0; id < folded.nodes().size(); ++id) ranges.push_back(propagation.of(id).range);
  std::vector<reference::TensorFormat> formats = choose_formats(folded, ranges);
  std::map<NodeId, reference::Weights> weights;
  for (NodeId id = 0; id < folded.nodes().size(); ++id) {
    const Node& node = folded.node(id);
    const auto conv = reference::as_convolution(node.op);
    if (!conv) continue;
    const NodeId input = node.inputs[0];
    weights.emplace(
        id, layer_weights(*conv, propagation.of(input), formats[input].scale, isa::mix64(isa::mix64(seed) + id)));
  }
  return {std::move(folded), std::move(formats), std::move(weights)};
}

}  // namespace fusesim::quantize
