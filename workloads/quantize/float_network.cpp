// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/float_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "workloads/reference/quantized_graph.h"

namespace fusesim::quantize {
namespace {

using graph::Node;
using graph::NodeId;
using graph::Shape;

double clamp6(double x) {
  return std::clamp(x, 0.0, 6.0);
}

double activate(graph::ActivationKind kind, double x) {
  switch (kind) {
    case graph::ActivationKind::relu:
      return std::max(x, 0.0);
    case graph::ActivationKind::relu6:
      return clamp6(x);
    case graph::ActivationKind::hswish:
      return x * clamp6(x + 3) / 6;
    case graph::ActivationKind::hsigmoid:
      return clamp6(x + 3) / 6;
  }
  return x;
}

/// result[first .. first + count) += factor * from[start], from[start + stride], ...
void add_scaled(double factor, const double* from, std::size_t stride, std::size_t count, double* result) {
  if (stride == 1) {
    for (std::size_t i = 0; i < count; ++i) result[i] += factor * from[i];
  } else {
    for (std::size_t i = 0; i < count; ++i) result[i] += factor * from[i * stride];
  }
}

/// Positions [first, end) along an axis whose operand `offset + position * stride` lies in [0, size).
struct Span {
  std::size_t first = 0, end = 0;
};
Span valid_positions(std::int64_t offset, std::int64_t stride, std::int64_t size, std::int64_t positions) {
  const std::int64_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const std::int64_t end = offset >= size ? 0 : std::min(positions, (size - 1 - offset) / stride + 1);
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(std::max(first, end))};
}

/// The part of a result that one weight of a window touches, and where its operands start.
struct Tap {
  Span rows, columns;
  std::int64_t row_offset = 0, column_offset = 0;
};
std::vector<Tap> window_taps(const graph::Conv& conv, Shape in, Shape out) {
  std::vector<Tap> taps;
  for (std::uint32_t ky = 0; ky < conv.kernel_height; ++ky) {
    for (std::uint32_t kx = 0; kx < conv.kernel_width; ++kx) {
      Tap tap;
      tap.row_offset = std::int64_t{ky} * conv.dilation_height - conv.padding.top;
      tap.column_offset = std::int64_t{kx} * conv.dilation_width - conv.padding.left;
      tap.rows = valid_positions(tap.row_offset, conv.stride_height, in.height, out.height);
      tap.columns = valid_positions(tap.column_offset, conv.stride_width, in.width, out.width);
      if (tap.columns.first == tap.columns.end) tap.rows = {};
      taps.push_back(tap);
    }
  }
  return taps;
}

/// Sums weight by weight over whole rows of the result, which the compiler vectorises without reordering a sum.
Map convolve(const graph::Conv& conv, Shape in, Shape out, const Map& map, const Parameters& parameters) {
  const std::uint32_t group_in = conv.in_channels / conv.groups, group_out = conv.out_channels / conv.groups;
  const std::vector<Tap> taps = window_taps(conv, in, out);
  Map result(out.elements(), 0.0);
  const double* weight = parameters.weights.data();
  for (std::uint32_t o = 0; o < out.channels; ++o) {
    double* plane = &result[std::size_t{o} * out.height * out.width];
    if (conv.bias) std::fill_n(plane, std::size_t{out.height} * out.width, parameters.bias[o]);
    for (std::uint32_t i = 0; i < group_in; ++i) {
      const double* source = &map[std::size_t{o / group_out * group_in + i} * in.height * in.width];
      for (const Tap& tap : taps) {
        const double factor = *weight++;
        for (std::size_t y = tap.rows.first; y < tap.rows.end; ++y) {
          const std::int64_t at = (tap.row_offset + static_cast<std::int64_t>(y) * conv.stride_height) * in.width +
                                  tap.column_offset + static_cast<std::int64_t>(tap.columns.first) * conv.stride_width;
          add_scaled(factor, source + at, conv.stride_width, tap.columns.end - tap.columns.first,
                     plane + y * out.width + tap.columns.first);
        }
      }
    }
  }
  return result;
}

Map pool_map(const graph::Pool& op, Shape in, Shape out, const Map& map) {
  graph::Pool pool = op;
  if (pool.kind == graph::PoolKind::global_average) {
    pool = {graph::PoolKind::average, in.height, in.width, 1, 1, {}};
  }
  const bool max = pool.kind == graph::PoolKind::max;
  const double area = double{static_cast<double>(pool.kernel_height)} * pool.kernel_width;
  Map result;
  result.reserve(out.elements());
  for (std::uint32_t c = 0; c < out.channels; ++c) {
    for (std::uint32_t y = 0; y < out.height; ++y) {
      for (std::uint32_t x = 0; x < out.width; ++x) {
        double value = max ? -std::numeric_limits<double>::infinity() : 0.0;
        for (std::uint32_t ky = 0; ky < pool.kernel_height; ++ky) {
          for (std::uint32_t kx = 0; kx < pool.kernel_width; ++kx) {
            const std::int64_t row = std::int64_t{y} * pool.stride_height + ky - pool.padding.top;
            const std::int64_t column = std::int64_t{x} * pool.stride_width + kx - pool.padding.left;
            if (row < 0 || row >= in.height || column < 0 || column >= in.width) continue;
            const double element = map[(std::size_t{c} * in.height + static_cast<std::size_t>(row)) * in.width +
                                       static_cast<std::size_t>(column)];
            value = max ? std::max(value, element) : value + element;
          }
        }
        result.push_back(max ? value : value / area);
      }
    }
  }
  return result;
}

void require_block(const Node& node, const graph::PredictedBlock& op, const Parameters& parameters) {
  if (!parameters.block) {
    throw QuantizeError(fmt::format(
        "node '{}': has no parameters of a predicted block; annotate a network that has weights", node.name));
  }
  try {
    predict::check(op, *parameters.block);
  } catch (const predict::PredictError& error) {
    throw QuantizeError(fmt::format("node '{}': {}", node.name, error.what()));
  }
}

struct Evaluation {
  const graph::Graph& graph;
  const Node& node;
  const Parameters& parameters;
  std::span<const Map* const> inputs;

  [[nodiscard]] Shape in_shape() const { return graph.node(node.inputs[0]).shape; }
  [[nodiscard]] std::size_t pixels() const { return std::size_t{node.shape.height} * node.shape.width; }
  [[nodiscard]] const Map& in() const { return *inputs[0]; }
  /// The first input with each element replaced by f(element, its index).
  template <typename F>
  [[nodiscard]] Map each(F f) const {
    Map result(in().size());
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = f(in()[i], i);
    return result;
  }

  Map operator()(const graph::Conv& op) const { return convolve(op, in_shape(), node.shape, in(), parameters); }
  Map operator()(const graph::Linear&) const { return (*this)(*reference::as_convolution(node.op)); }
  Map operator()(const graph::Pool& op) const { return pool_map(op, in_shape(), node.shape, in()); }
  Map operator()(const graph::BatchNorm&) const {
    return each(
        [&](double x, std::size_t i) { return x * parameters.weights[i / pixels()] + parameters.bias[i / pixels()]; });
  }
  Map operator()(const graph::Add&) const {
    Map sum = in();
    for (const Map* other : inputs.subspan(1)) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += (*other)[i];
    }
    return sum;
  }
  Map operator()(const graph::Concat&) const {
    Map result;
    for (const Map* part : inputs) result.insert(result.end(), part->begin(), part->end());
    return result;
  }
  Map operator()(const graph::Split& op) const {
    const double* first = in().data();
    return {first + op.begin * pixels(), first + op.end * pixels()};
  }
  Map operator()(const graph::Scale&) const {
    return each([&](double x, std::size_t i) { return x * (*inputs[1])[i / pixels()]; });
  }
  Map operator()(const graph::Activation& op) const {
    return each([&](double x, std::size_t) { return activate(op.kind, x); });
  }
  Map operator()(const graph::Flatten&) const { return in(); }
  Map operator()(const graph::Shuffle& op) const {
    const std::size_t group = node.shape.channels / op.groups;
    Map result;
    result.reserve(in().size());
    for (std::size_t i = 0; i < group; ++i) {
      for (std::size_t j = 0; j < op.groups; ++j) {
        const double* channel = in().data() + (j * group + i) * pixels();
        result.insert(result.end(), channel, channel + pixels());
      }
    }
    return result;
  }
  Map operator()(const graph::PredictedBlock& op) const {
    require_block(node, op, parameters);
    return predict::evaluate(op, *parameters.block, in_shape(), node.shape, in()).result;
  }
  Map operator()(const graph::Input&) const {
    throw QuantizeError(fmt::format("node '{}': the input is given, not evaluated", node.name));
  }
};

}  // namespace

namespace {

/// One value that is not a number would silently become all of a channel, or of a calibrated range.
void require_finite(const Node& node, const char* what, std::span<const double> values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double value) { return !std::isfinite(value); });
  if (bad != values.end()) {
    throw QuantizeError(
        fmt::format("node '{}': {} {} is {}; give a finite number", node.name, what, bad - values.begin(), *bad));
  }
}

}  // namespace

void check(const FloatNetwork& network) {
  const std::vector<Node>& nodes = network.graph.nodes();
  if (network.parameters.size() != nodes.size()) {
    throw QuantizeError(fmt::format("parameters of {} nodes given for {}", network.parameters.size(), nodes.size()));
  }
  for (NodeId id = 0; id < nodes.size(); ++id) {
    if (!nodes[id].executed) continue;
    std::size_t weights = 0, bias = 0;
    if (const std::optional<graph::Conv> conv = reference::as_convolution(nodes[id].op)) {
      bias = conv->bias ? conv->out_channels : 0;
      weights = graph::parameters(nodes[id].op) - bias;
    } else if (const auto* norm = std::get_if<graph::BatchNorm>(&nodes[id].op)) {
      weights = bias = norm->channels;
    }
    const Parameters& given = network.parameters[id];
    if (const auto* block = std::get_if<graph::PredictedBlock>(&nodes[id].op)) require_block(nodes[id], *block, given);
    if (given.weights.size() != weights || given.bias.size() != bias) {
      throw QuantizeError(fmt::format("node '{}': has {} weights and {} biases, needs {} and {}", nodes[id].name,
                                      given.weights.size(), given.bias.size(), weights, bias));
    }
    require_finite(nodes[id], "weight", given.weights);
    require_finite(nodes[id], "bias", given.bias);
  }
}

NodeId input_of(const graph::Graph& graph) {
  std::vector<NodeId> found;
  for (NodeId id = 0; id < graph.nodes().size(); ++id) {
    if (std::holds_alternative<graph::Input>(graph.nodes()[id].op)) found.push_back(id);
  }
  if (found.size() != 1) throw QuantizeError(fmt::format("the graph has {} inputs, not one", found.size()));
  return found[0];
}

Map evaluate(const graph::Graph& graph, NodeId id, const Parameters& parameters, std::span<const Map* const> inputs) {
  const Node& node = graph.node(id);
  return std::visit(Evaluation{graph, node, parameters, inputs}, node.op);
}

std::vector<Map> execute(const FloatNetwork& network, std::span<const double> input, const Checkpoint& checkpoint) {
  check(network);
  const NodeId entry = input_of(network.graph);
  const Node& entry_node = network.graph.node(entry);
  if (input.size() != entry_node.shape.elements()) {
    throw QuantizeError(fmt::format("node '{}': the input has {} elements, needs {} ({} x {} x {})", entry_node.name,
                                    input.size(), entry_node.shape.elements(), entry_node.shape.channels,
                                    entry_node.shape.height, entry_node.shape.width));
  }
  require_finite(entry_node, "element", input);
  std::vector<Map> maps(network.graph.nodes().size());
  for (NodeId id = 0; id < maps.size(); ++id) {
    if (checkpoint) checkpoint();
    const Node& node = network.graph.node(id);
    if (id == entry) maps[id].assign(input.begin(), input.end());
    if (id == entry || !node.executed) continue;
    std::vector<const Map*> inputs;
    for (const NodeId producer : node.inputs) inputs.push_back(&maps[producer]);
    maps[id] = evaluate(network.graph, id, network.parameters[id], inputs);
  }
  return maps;
}

}  // namespace fusesim::quantize
