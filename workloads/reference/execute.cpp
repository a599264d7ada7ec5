// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "workloads/reference/operators.h"

namespace fusesim::reference {
namespace {

using graph::Node;
using graph::NodeId;
using Inputs = std::span<const Tensor* const>;

/// One node at work: an overload an operator, each of which fills `result.values`.
struct Execution {
  const QuantizedGraph& network;
  NodeId id;
  const Node& node;
  Inputs inputs;
  const ExecuteOptions& options;
  Tensor result;

  [[nodiscard]] const TensorFormat& format() const { return network.format(id); }
  [[nodiscard]] const TensorFormat& in_format(std::size_t i) const { return network.format(node.inputs[i]); }
  [[nodiscard]] std::int32_t in_zero(std::size_t i) const { return in_format(i).zero_point; }
  template <typename C>
  [[nodiscard]] const C& constants() const {
    return std::get<C>(network.constants(id));
  }
  [[nodiscard]] std::int8_t requantized(std::int32_t sum, Multiplier by) const {
    return requantize(sum, by, format().zero_point, limits(format().type));
  }

  void convolve(const graph::Conv& conv) {
    const auto& constants = this->constants<ConvConstants>();
    std::vector<std::int32_t> sums = convolution_sums(conv, inputs[0]->shape, node.shape, inputs[0]->values,
                                                      constants.weights.values, constants.pad_value);
    const std::size_t pixels = std::size_t{node.shape.height} * node.shape.width;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::size_t channel = i / pixels;
      result.values.push_back(
          requantized(wrapping_add(sums[i], constants.folded_bias[channel]), constants.multipliers[channel]));
    }
    if (options.keep_sums) result.sums = std::move(sums);
  }

  void operator()(const graph::Conv& conv) { convolve(conv); }
  void operator()(const graph::Linear&) { convolve(*as_convolution(node.op)); }

  void operator()(const graph::Pool& pool) {
    if (pool.kind == graph::PoolKind::max) {
      result.values = max_pool(pool, inputs[0]->shape, node.shape, inputs[0]->values);
      return;
    }
    const Multiplier by = constants<RescaleConstants>().multipliers[0];
    for (const std::int32_t sum : window_sums(pool, inputs[0]->shape, node.shape, inputs[0]->values, in_zero(0))) {
      result.values.push_back(requantized(sum, by));
    }
  }

  void operator()(const graph::Add&) {
    const SharedMultiplier& by = constants<AddConstants>().multiplier;
    std::vector<std::int32_t> differences(inputs.size());
    for (std::size_t i = 0; i < node.shape.elements(); ++i) {
      for (std::size_t k = 0; k < inputs.size(); ++k) differences[k] = inputs[k]->values[i] - in_zero(k);
      result.values.push_back(requantize_sum(differences, by, format().zero_point, limits(format().type)));
    }
  }

  void operator()(const graph::Concat&) {
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const Multiplier by = constants<RescaleConstants>().multipliers[k];
      for (const std::int8_t q : inputs[k]->values) result.values.push_back(requantized(q - in_zero(k), by));
    }
  }

  void operator()(const graph::Split& split) {
    const std::size_t pixels = std::size_t{node.shape.height} * node.shape.width;
    const std::span<const std::int8_t> map = inputs[0]->values;
    const auto slice = map.subspan(split.begin * pixels, (split.end - split.begin) * pixels);
    result.values.assign(slice.begin(), slice.end());
  }

  void operator()(const graph::Scale&) {
    const Multiplier by = constants<RescaleConstants>().multipliers[0];
    const std::size_t pixels = std::size_t{node.shape.height} * node.shape.width;
    for (std::size_t i = 0; i < node.shape.elements(); ++i) {
      const std::int32_t gate = inputs[1]->values[i / pixels] - in_zero(1);
      result.values.push_back(requantized((inputs[0]->values[i] - in_zero(0)) * gate, by));
    }
  }

  void operator()(const graph::Activation&) {
    if (const auto* clamp = std::get_if<ClampConstants>(&network.constants(id))) {
      for (const std::int8_t q : inputs[0]->values) result.values.push_back(saturate(q, clamp->bounds));
      return;
    }
    const Table& table = constants<TableConstants>().table;
    for (const std::int8_t q : inputs[0]->values) result.values.push_back(look_up(table, q));
  }

  void operator()(const graph::Flatten&) { result.values = inputs[0]->values; }

  void operator()(const graph::Shuffle& shuffle) {
    const std::size_t pixels = std::size_t{node.shape.height} * node.shape.width;
    const std::size_t group = node.shape.channels / shuffle.groups;
    const std::span<const std::int8_t> map = inputs[0]->values;
    result.values.resize(map.size());
    for (std::size_t channel = 0; channel < node.shape.channels; ++channel) {
      const std::size_t to = channel % group * shuffle.groups + channel / group;
      std::ranges::copy(map.subspan(channel * pixels, pixels),
                        result.values.begin() + static_cast<std::ptrdiff_t>(to * pixels));
    }
  }

  void operator()(const graph::PredictedBlock& block) {
    BlockTrace trace =
        execute_block(block, network.block(id), inputs[0]->shape, in_format(0), format(), inputs[0]->values);
    result.values = std::move(trace.result);
    if (!options.keep_sums) return;
    for (const std::int64_t sum : trace.sums) result.sums.push_back(static_cast<std::int32_t>(sum));
  }

  // Batch norm is not part of a QuantizedGraph, and the input has no operands to run on.
  void operator()(const graph::BatchNorm&) { refuse(); }
  void operator()(const graph::Input&) { refuse(); }
  [[noreturn]] void refuse() const {
    throw std::invalid_argument(fmt::format("node '{}': {} cannot be run", node.name, graph::name(node.op)));
  }
};

void require_size(const Node& node, std::size_t actual, std::uint64_t expected) {
  if (actual != expected) {
    throw std::invalid_argument(fmt::format("node '{}': given {} elements of {}", node.name, actual, expected));
  }
}

template <typename T>
std::optional<std::string> describe_difference(const Node& node, std::span<const T> expected,
                                               std::span<const T> actual) {
  if (expected.size() != actual.size()) {
    return fmt::format("{}: {} elements, not {}", node.name, actual.size(), expected.size());
  }
  std::optional<std::size_t> first;
  std::size_t count = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == actual[i]) continue;
    if (!first) first = i;
    ++count;
  }
  if (!first) return std::nullopt;
  const std::size_t width = node.shape.width, pixels = width * node.shape.height;
  return fmt::format("{}: channel {}, row {}, column {} is {}, not {}; {} of {} elements differ", node.name,
                     *first / pixels, *first % pixels / width, *first % width, actual[*first], expected[*first], count,
                     expected.size());
}

}  // namespace

Tensor execute_node(const QuantizedGraph& network, NodeId id, Inputs inputs, const ExecuteOptions& options) {
  const Node& node = network.graph().node(id);
  if (inputs.size() != node.inputs.size()) {
    throw std::invalid_argument(
        fmt::format("node '{}': given {} inputs of {}", node.name, inputs.size(), node.inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Node& producer = network.graph().node(node.inputs[i]);
    require_size(producer, inputs[i]->values.size(), producer.shape.elements());
  }
  Execution execution{network, id, node, inputs, options, {node.shape, {}, {}}};
  execution.result.values.reserve(node.shape.elements());
  std::visit(execution, node.op);
  return std::move(execution.result);
}

std::vector<Tensor> execute(const QuantizedGraph& network, std::span<const std::int8_t> input,
                            const ExecuteOptions& options) {
  const std::vector<Node>& nodes = network.graph().nodes();
  const Node& entry = nodes[network.input()];
  require_size(entry, input.size(), entry.shape.elements());
  const Limits range = limits(network.format(network.input()).type);
  for (const std::int8_t q : input) {
    if (q < range.lowest || q > range.highest) {
      throw std::invalid_argument(
          fmt::format("node '{}': the input holds {}, outside {} .. {}", entry.name, q, range.lowest, range.highest));
    }
  }
  std::vector<Tensor> tensors;
  tensors.reserve(nodes.size());
  for (NodeId id = 0; id < nodes.size(); ++id) {
    if (id == network.input()) {
      tensors.push_back({entry.shape, {input.begin(), input.end()}, {}});
      continue;
    }
    std::vector<const Tensor*> inputs;
    for (const NodeId producer : nodes[id].inputs) inputs.push_back(&tensors[producer]);
    tensors.push_back(execute_node(network, id, inputs, options));
  }
  return tensors;
}

std::optional<std::string> difference(const Node& node, std::span<const std::int8_t> expected,
                                      std::span<const std::int8_t> actual) {
  return describe_difference(node, expected, actual);
}

std::optional<std::string> difference(const Node& node, std::span<const std::int32_t> expected,
                                      std::span<const std::int32_t> actual) {
  return describe_difference(node, expected, actual);
}

}  // namespace fusesim::reference
