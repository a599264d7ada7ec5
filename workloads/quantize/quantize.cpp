// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "workloads/quantize/rewrite.h"
#include "workloads/reference/execute.h"

namespace fusesim::quantize {
namespace {

using graph::Node;
using graph::NodeId;
using reference::ElementType;
using reference::Scale;
using reference::TensorFormat;

Range joined(Range a, Range b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

Range range_of(Map map, const Options& options) {
  if (options.calibration == Calibration::min_max) {
    const auto [low, high] = std::minmax_element(map.begin(), map.end());
    return {*low, *high};
  }
  const double cut = (1 - options.percentile / 100) * static_cast<double>(map.size() - 1);
  const auto outside = static_cast<std::ptrdiff_t>(cut);
  const auto element = [&](std::ptrdiff_t at) {
    std::nth_element(map.begin(), map.begin() + at, map.end());
    return map[static_cast<std::size_t>(at)];
  };
  const double low = element(outside);
  return {low, element(static_cast<std::ptrdiff_t>(map.size()) - 1 - outside)};
}

/// The nearest binary32 number that may be a scale.
Scale nearest_scale(double value) {
  return Scale(std::clamp(static_cast<float>(value), Scale::smallest, Scale::largest));
}

bool is_clamp(const graph::Operator& op) {
  const auto* activation = std::get_if<graph::Activation>(&op);
  return activation &&
         (activation->kind == graph::ActivationKind::relu || activation->kind == graph::ActivationKind::relu6);
}

bool is_hsigmoid(const graph::Operator& op) {
  const auto* activation = std::get_if<graph::Activation>(&op);
  return activation && activation->kind == graph::ActivationKind::hsigmoid;
}

/// Whether the node's result shares the format of what it reads.
bool shares_format(const graph::Operator& op, ConcatScales concat) {
  if (const auto* pool = std::get_if<graph::Pool>(&op)) return pool->kind == graph::PoolKind::max;
  if (std::holds_alternative<graph::Concat>(op)) return concat == ConcatScales::equalised;
  return is_clamp(op) || std::holds_alternative<graph::Split>(op) || std::holds_alternative<graph::Flatten>(op) ||
         std::holds_alternative<graph::Shuffle>(op);
}

/// Nodes that share a format, as a forest: each points to another of its set, the root to itself.
class Sets {
 public:
  explicit Sets(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), NodeId{0}); }
  NodeId root(NodeId id) {
    while (parent_[id] != id) id = parent_[id] = parent_[parent_[id]];
    return id;
  }
  void join(NodeId a, NodeId b) { parent_[root(a)] = root(b); }

 private:
  std::vector<NodeId> parent_;
};

reference::Weights quantize_layer(const Node& node, const Parameters& parameters, Scale input, ElementType type) {
  const std::size_t channels = reference::as_convolution(node.op)->out_channels;
  const std::size_t window = parameters.weights.size() / channels;
  const auto highest = static_cast<double>(reference::weight_limits(type).highest);
  // Room for the largest sums beside the bias in 32 bits.
  constexpr double bias_limit = 0x1p30;
  reference::Weights result;
  result.type = type;
  for (std::size_t c = 0; c < channels; ++c) {
    const std::span<const double> filter{&parameters.weights[c * window], window};
    const double bias = parameters.bias.empty() ? 0.0 : parameters.bias[c];
    double largest = 0;
    for (const double weight : filter) largest = std::max(largest, std::abs(weight));
    const double least = std::abs(bias) / (double{input.value()} * bias_limit);
    const Scale scale = nearest_scale(std::max(largest / highest, least));
    for (const double weight : filter) {
      const double steps = std::floor(weight / double{scale.value()} + 0.5);
      result.values.push_back(static_cast<std::int8_t>(std::clamp(steps, -highest, highest)));
    }
    const double steps = std::floor(bias / (double{input.value()} * double{scale.value()}) + 0.5);
    if (!(std::abs(steps) <= 1.01 * bias_limit)) {
      throw QuantizeError(fmt::format("node '{}': bias {} of channel {} is too large for its input's scale {}",
                                      node.name, bias, c, input.value()));
    }
    result.scales.push_back(scale);
    result.bias.push_back(static_cast<std::int32_t>(steps));
  }
  return result;
}

}  // namespace

std::vector<TensorFormat> choose_formats(const graph::Graph& graph, std::span<const Range> ranges,
                                         const Options& options) {
  const std::vector<Node>& nodes = graph.nodes();
  Sets sets(nodes.size());
  for (NodeId id = 0; id < nodes.size(); ++id) {
    if (!shares_format(nodes[id].op, options.concat)) continue;
    for (const NodeId input : nodes[id].inputs) sets.join(input, id);
  }
  // A set covers what leaves it: values that go no further than, say, a ReLU of the set need no room of their own.
  const std::vector<std::vector<NodeId>> readers = graph.consumers();
  std::vector<Range> covered(nodes.size());  // Of roots. Every range includes zero.
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const auto outside = [&](NodeId reader) { return !shares_format(nodes[reader].op, options.concat); };
    if (!readers[id].empty() && std::none_of(readers[id].begin(), readers[id].end(), outside)) continue;
    const Range range = is_hsigmoid(nodes[id].op) ? Range{0, 1} : ranges[id];
    covered[sets.root(id)] = joined(covered[sets.root(id)], range);
  }
  std::vector<TensorFormat> formats;
  for (NodeId id = 0; id < nodes.size(); ++id) {
    formats.push_back(format_of(covered[sets.root(id)], options.activations));
  }
  return formats;
}

TensorFormat format_of(Range range, ElementType type) {
  const reference::Limits limits = reference::limits(type);
  const Range covered = joined(range, {0, 0});
  if (!std::isfinite(covered.low) || !std::isfinite(covered.high)) {
    throw QuantizeError(fmt::format("a range of {} .. {} has no scale", range.low, range.high));
  }
  if (covered.low == covered.high) return {Scale(1.0F), 0, type};
  const Scale scale = nearest_scale((covered.high - covered.low) / (limits.highest - limits.lowest));
  const double zero = std::floor(limits.lowest - covered.low / double{scale.value()} + 0.5);
  return {scale, static_cast<std::int32_t>(std::clamp<double>(zero, limits.lowest, limits.highest)), type};
}

namespace {

struct Measured {
  std::vector<Range> nodes;
  std::map<NodeId, Range> projections;
};

Measured measure(const FloatNetwork& network, std::span<const Map> samples, const Options& options) {
  if (samples.empty()) throw QuantizeError("calibration needs a sample input");
  if (!(options.percentile > 50 && options.percentile <= 100)) {
    throw QuantizeError(fmt::format("percentile {} is outside 50 .. 100", options.percentile));
  }
  const std::vector<Node>& nodes = network.graph.nodes();
  Measured measured{std::vector<Range>(nodes.size()), {}};
  for (std::size_t sample = 0; sample < samples.size(); ++sample) {
    std::vector<Map> maps;
    try {
      maps = execute(network, samples[sample], options.checkpoint);
    } catch (const QuantizeError& error) {
      throw QuantizeError(fmt::format("calibration sample {}: {}", sample, error.what()));
    }
    for (NodeId id = 0; id < maps.size(); ++id) {
      const auto* block = std::get_if<graph::PredictedBlock>(&nodes[id].op);
      if (maps[id].empty() || !block || !block->residual) continue;
      Map projected = maps[id];
      for (std::size_t i = 0; i < projected.size(); ++i) projected[i] -= maps[nodes[id].inputs[0]][i];
      const Range range = range_of(std::move(projected), options);
      const auto [at, first] = measured.projections.emplace(id, range);
      if (!first) at->second = joined(at->second, range);
    }
    for (NodeId id = 0; id < maps.size(); ++id) {
      if (maps[id].empty()) continue;
      const Range range = range_of(std::move(maps[id]), options);
      measured.nodes[id] = sample == 0 ? range : joined(measured.nodes[id], range);
    }
  }
  return measured;
}

reference::BlockConstants quantize_block(const Node& node, const graph::PredictedBlock& block,
                                         const Parameters& parameters, const TensorFormat& in, const TensorFormat& out,
                                         const Range* projection, const Options& options) {
  if (block.residual && !projection) {
    throw QuantizeError(fmt::format(
        "node '{}': has a residual, so its projection needs a range of its own; give calibrate_projections()",
        node.name));
  }
  const TensorFormat projected = block.residual ? format_of(*projection, options.activations) : out;
  try {
    return predict::quantise_block(block, *parameters.block, in, projected, out, options.blocks);
  } catch (const predict::PredictError& error) {
    throw QuantizeError(fmt::format("node '{}': {}", node.name, error.what()));
  }
}

}  // namespace

std::vector<Range> calibrate(const FloatNetwork& network, std::span<const Map> samples, const Options& options) {
  return measure(network, samples, options).nodes;
}

std::map<NodeId, Range> calibrate_projections(const FloatNetwork& network, std::span<const Map> samples,
                                              const Options& options) {
  return measure(network, samples, options).projections;
}

reference::QuantizedGraph quantize(const FloatNetwork& network, std::span<const Range> ranges, const Options& options,
                                   const std::map<NodeId, Range>& projections) {
  check(network);
  const std::vector<Node>& nodes = network.graph.nodes();
  if (ranges.size() != nodes.size()) {
    throw QuantizeError(fmt::format("{} ranges for {} nodes", ranges.size(), nodes.size()));
  }
  std::vector<TensorFormat> formats = choose_formats(network.graph, ranges, options);
  std::map<NodeId, reference::Weights> weights;
  std::map<NodeId, reference::BlockConstants> blocks;
  for (NodeId id = 0; id < nodes.size(); ++id) {
    if (options.checkpoint) options.checkpoint();
    const Node& node = nodes[id];
    if (const auto* block = std::get_if<graph::PredictedBlock>(&node.op)) {
      const auto projection = projections.find(id);
      blocks.emplace(id, quantize_block(node, *block, network.parameters[id], formats[node.inputs[0]], formats[id],
                                        projection == projections.end() ? nullptr : &projection->second, options));
    }
    if (!reference::as_convolution(node.op)) continue;
    weights.emplace(id, quantize_layer(node, network.parameters[id], formats[node.inputs[0]].scale, options.weights));
  }
  return {network.graph, std::move(formats), std::move(weights), std::move(blocks)};
}

reference::QuantizedGraph quantize(const FloatNetwork& network, std::span<const Map> samples, const Options& options) {
  const FloatNetwork folded = fold_batch_norm(network);
  const Measured measured = measure(folded, samples, options);
  return quantize(folded, measured.nodes, options, measured.projections);
}

std::vector<std::int8_t> quantize_map(std::span<const double> map, const TensorFormat& format) {
  std::vector<std::int8_t> result;
  result.reserve(map.size());
  for (const double value : map) result.push_back(reference::quantize(value, format));
  return result;
}

double sqnr(std::span<const double> exact, std::span<const std::int8_t> actual, const TensorFormat& format) {
  if (exact.size() != actual.size()) {
    throw QuantizeError(fmt::format("{} exact values are compared with {}", exact.size(), actual.size()));
  }
  double signal = 0, error = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = exact[i] - reference::dequantize(actual[i], format);
    signal += exact[i] * exact[i];
    error += difference * difference;
  }
  return error == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal / error);
}

std::vector<bool> comparable_nodes(const reference::QuantizedGraph& network) {
  const std::vector<Node>& nodes = network.graph().nodes();
  const std::vector<std::vector<NodeId>> readers = network.graph().consumers();
  std::vector<bool> comparable(nodes.size());
  for (NodeId id = static_cast<NodeId>(nodes.size()); id-- > 0;) {
    const auto exact_reader = [&](NodeId reader) {
      if (is_clamp(nodes[reader].op)) return false;
      // Operators that hand values on unchanged are as good as what reads them.
      const bool hands_on =
          shares_format(nodes[reader].op, ConcatScales::equalised) && network.format(reader) == network.format(id);
      return !hands_on || comparable[reader];
    };
    comparable[id] = readers[id].empty() || std::any_of(readers[id].begin(), readers[id].end(), exact_reader);
  }
  return comparable;
}

std::vector<std::optional<Accuracy>> accuracy(const FloatNetwork& network, const reference::QuantizedGraph& quantized,
                                              std::span<const double> input) {
  const std::vector<Map> exact = execute(network, input);
  const std::vector<reference::Tensor> actual =
      reference::execute(quantized, quantize_map(input, quantized.format(quantized.input())));
  if (exact.size() != actual.size()) {
    throw QuantizeError(fmt::format("a network of {} nodes is compared with one of {}", exact.size(), actual.size()));
  }
  const std::vector<bool> comparable = comparable_nodes(quantized);
  std::vector<std::optional<Accuracy>> result(exact.size());
  std::vector<Map> read(exact.size());  // What the readers of a node are taken to read.
  for (NodeId id = 0; id < exact.size(); ++id) {
    const TensorFormat& format = quantized.format(id);
    const double whole = sqnr(exact[id], actual[id].values, format);
    double own = whole;
    if (id != quantized.input()) {
      std::vector<const Map*> inputs;
      for (const NodeId producer : quantized.graph().node(id).inputs) inputs.push_back(&read[producer]);
      read[id] = evaluate(network.graph, id, network.parameters[id], inputs);
      own = sqnr(read[id], actual[id].values, format);
    }
    if (!comparable[id]) continue;  // Its real values stay: it counts as one with what reads it.
    result[id] = {whole, own};
    read[id].clear();
    for (const std::int8_t q : actual[id].values) read[id].push_back(reference::dequantize(q, format));
  }
  return result;
}

}  // namespace fusesim::quantize
