// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_network.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/random_instruction.h"

namespace fusesim::test {
namespace {

using graph::NodeId;
using reference::ElementType;

class Builder {
 public:
  Builder(std::uint64_t seed, const NetworkOptions& options) : random_(seed), options_(options) {}

  reference::QuantizedGraph build() {
    add(graph::Input{{random_.between(1, 6), random_.between(1, options_.size), random_.between(1, options_.size)}},
        {});
    for (std::uint32_t i = 0; i < options_.operators; ++i) append();
    join_loose_ends();
    return quantise();
  }

 private:
  NodeId add(graph::Operator op, std::vector<NodeId> inputs) {
    const NodeId id = graph_.add("n" + std::to_string(graph_.nodes().size()), std::move(op), std::move(inputs));
    set_.push_back(id);
    return id;
  }
  const graph::Shape& shape(NodeId id) const { return graph_.node(id).shape; }

  /// Mostly a recent node.
  NodeId pick() {
    const auto count = static_cast<std::uint32_t>(graph_.nodes().size());
    return random_.chance(0.7) ? count - 1 - random_.between(0, std::min(count, 2U) - 1)
                               : random_.between(0, count - 1);
  }
  NodeId root(NodeId id) const {
    while (set_[id] != id) id = set_[id];
    return id;
  }
  void share_format(NodeId a, NodeId b) { set_[std::max(root(a), root(b))] = std::min(root(a), root(b)); }

  void append() {
    const NodeId from = pick();
    switch (random_.between(0, 14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        convolution(from);
        break;
      case 4:
        depthwise(from);
        break;
      case 5:
        activation(from);
        break;
      case 6:
        pool(from);
        break;
      case 7:
      case 8:
        addition(from);
        break;
      case 9:
      case 10:
        concat(from);
        break;
      case 11:
        split(from);
        break;
      case 12:
        scale(from);
        break;
      case 13:
        shuffle(from);
        break;
      default:
        vector(from);
    }
    if (random_.chance(0.4)) activation(static_cast<NodeId>(graph_.nodes().size() - 1));
  }

  graph::Conv window(NodeId from) {
    const graph::Shape in = shape(from);
    for (;;) {
      graph::Conv conv;
      conv.in_channels = in.channels;
      conv.kernel_height = random_.chance(0.4) ? 1 : random_.between(1, 5);
      conv.kernel_width = random_.chance(0.5) ? conv.kernel_height : random_.between(1, 5);
      conv.stride_height = random_.between(1, random_.chance(0.7) ? 1 : 3);
      conv.stride_width = random_.chance(0.7) ? conv.stride_height : random_.between(1, 3);
      conv.dilation_height = random_.chance(0.15) ? 2 : 1;
      conv.dilation_width = random_.chance(0.15) ? 2 : 1;
      conv.padding = {random_.between(0, conv.kernel_height / 2), random_.between(0, conv.kernel_width / 2),
                      random_.between(0, conv.kernel_height / 2), random_.between(0, conv.kernel_width / 2)};
      const auto fits = [](std::uint32_t size, std::uint32_t kernel, std::uint32_t dilation, std::uint32_t pads) {
        return dilation * (kernel - 1) + 1 <= size + pads;
      };
      if (fits(in.height, conv.kernel_height, conv.dilation_height, conv.padding.top + conv.padding.bottom) &&
          fits(in.width, conv.kernel_width, conv.dilation_width, conv.padding.left + conv.padding.right)) {
        return conv;
      }
    }
  }

  void convolution(NodeId from) {
    graph::Conv conv = window(from);
    conv.out_channels = random_.between(1, options_.channels);
    if (conv.in_channels > 1 && random_.chance(0.2)) {
      std::vector<std::uint32_t> divisors;
      for (std::uint32_t d = 2; d <= conv.in_channels; ++d) {
        if (conv.in_channels % d == 0) divisors.push_back(d);
      }
      conv.groups = divisors[random_.between(0, static_cast<std::uint32_t>(divisors.size()) - 1)];
      conv.out_channels = conv.groups * random_.between(1, 5);
    }
    add(conv, {from});
  }

  void depthwise(NodeId from) {
    graph::Conv conv = window(from);
    conv.out_channels = conv.groups = conv.in_channels;
    const std::uint32_t kind = random_.between(0, 2);
    if (kind == 0) conv.kernel_height = 1, conv.padding.top = conv.padding.bottom = 0;
    if (kind == 1) conv.kernel_width = 1, conv.padding.left = conv.padding.right = 0;
    add(conv, {from});
  }

  void activation(NodeId from) {
    const auto kind = static_cast<graph::ActivationKind>(random_.between(0, 3));
    const NodeId id = add(graph::Activation{kind}, {from});
    if (kind == graph::ActivationKind::relu || kind == graph::ActivationKind::relu6) share_format(id, from);
  }

  void pool(NodeId from) {
    const auto kind = static_cast<graph::PoolKind>(random_.between(0, 2));
    graph::Pool pool{.kind = kind};
    if (kind != graph::PoolKind::global_average) {
      const graph::Conv conv = window(from);
      if (conv.dilation_height * (conv.kernel_height - 1) != conv.kernel_height - 1) return;
      if (conv.dilation_width * (conv.kernel_width - 1) != conv.kernel_width - 1) return;
      pool.kernel_height = conv.kernel_height;
      pool.kernel_width = conv.kernel_width;
      pool.stride_height = conv.stride_height;
      pool.stride_width = conv.stride_width;
      pool.padding = conv.padding;
    }
    const NodeId id = add(pool, {from});
    if (kind == graph::PoolKind::max) share_format(id, from);
  }

  /// A node with the same height and width (and channels); a convolution of `from` when there is no other.
  NodeId partner(NodeId from, bool same_channels) {
    const graph::Shape want = shape(from);
    const auto fits = [&](NodeId id) {
      const graph::Shape is = shape(id);
      return is.height == want.height && is.width == want.width && (!same_channels || is.channels == want.channels);
    };
    for (int attempt = 0; attempt < 8; ++attempt) {
      const NodeId id = random_.between(0, static_cast<std::uint32_t>(graph_.nodes().size()) - 1);
      if (fits(id) && (id != from || random_.chance(0.1))) return id;
    }
    return add(graph::Conv{want.channels, same_channels ? want.channels : random_.between(1, options_.channels)},
               {from});
  }

  void addition(NodeId from) {
    const NodeId other = partner(from, true);
    add(graph::Add{}, {from, other});
  }

  void concat(NodeId from) {
    std::vector<NodeId> inputs{from};
    const std::uint32_t others = random_.between(1, 2);
    for (std::uint32_t i = 0; i < others; ++i) inputs.push_back(partner(from, false));
    // Twins that nobody else reads, as FuSe branches are.
    if (random_.chance(0.4)) {
      inputs.clear();
      inputs.push_back(add(graph::Conv{shape(from).channels, random_.between(1, 9)}, {from}));
      inputs.push_back(add(graph::Conv{shape(from).channels, random_.between(1, 9)}, {from}));
      if (random_.chance(0.5)) {
        const NodeId relu = add(graph::Activation{graph::ActivationKind::relu}, {inputs[1]});
        share_format(relu, inputs[1]);
        inputs[1] = relu;
      }
    }
    const NodeId id = add(graph::Concat{}, inputs);
    if (random_.chance(0.7)) {
      for (const NodeId input : inputs) share_format(id, input);
    }
  }

  void split(NodeId from) {
    const std::uint32_t channels = shape(from).channels;
    const std::uint32_t begin = random_.between(0, channels - 1), end = random_.between(begin + 1, channels);
    share_format(add(graph::Split{begin, end}, {from}), from);
  }

  /// Often of a grouped convolution made for it, whose groups are not always the shuffle's.
  void shuffle(NodeId from) {
    std::uint32_t groups = random_.between(2, 4);
    if (random_.chance(0.6) || shape(from).channels % groups != 0) {
      const std::uint32_t of_filters = shape(from).channels % groups == 0 ? groups : 1;
      from = add(graph::Conv{.in_channels = shape(from).channels,
                             .out_channels = groups * random_.between(1, 6),
                             .groups = of_filters},
                 {from});
    }
    if (random_.chance(0.1)) groups = shape(from).channels;
    share_format(add(graph::Shuffle{groups}, {from}), from);
    if (random_.chance(0.2)) {
      const auto last = static_cast<NodeId>(graph_.nodes().size() - 1);
      share_format(add(graph::Shuffle{shape(last).channels / groups}, {last}), last);
    }
  }

  void scale(NodeId from) {
    const std::uint32_t channels = shape(from).channels;
    NodeId gate = add(graph::Pool{.kind = graph::PoolKind::global_average}, {from});
    gate = add(graph::Conv{.in_channels = channels, .out_channels = channels, .bias = true}, {gate});
    gate = add(graph::Activation{graph::ActivationKind::hsigmoid}, {gate});
    add(graph::Scale{}, {from, gate});
  }

  void vector(NodeId from) {
    if (shape(from).elements() > 2000) return;
    const NodeId flat = add(graph::Flatten{}, {from});
    share_format(flat, from);
    add(graph::Linear{shape(flat).channels, random_.between(1, options_.channels)}, {flat});
  }

  void join_loose_ends() {
    const auto consumers = graph_.consumers();
    std::vector<NodeId> ends;
    for (NodeId id = 0; id < consumers.size(); ++id) {
      if (consumers[id].empty()) ends.push_back(id);
    }
    if (ends.size() < 2) return;
    std::vector<NodeId> vectors;
    for (const NodeId end : ends) vectors.push_back(add(graph::Pool{.kind = graph::PoolKind::global_average}, {end}));
    add(graph::Concat{}, vectors);
  }

  reference::TensorFormat format() {
    const ElementType type = random_.chance(0.2) ? ElementType::int4 : ElementType::int8;
    const reference::Limits limits = reference::limits(type);
    const auto span = static_cast<std::uint32_t>(limits.highest - limits.lowest);
    const auto zero = static_cast<std::int32_t>(random_.between(0, span)) + limits.lowest;
    const float scale = 0.01F * static_cast<float>(random_.between(100, 400)) / static_cast<float>(span);
    return {reference::Scale(scale), zero, type};
  }

  reference::QuantizedGraph quantise() {
    std::vector<reference::TensorFormat> formats;
    for (NodeId id = 0; id < graph_.nodes().size(); ++id) {
      formats.push_back(root(id) == id ? format() : formats[root(id)]);
    }
    std::map<NodeId, reference::Weights> weights;
    for (NodeId id = 0; id < graph_.nodes().size(); ++id) {
      const auto conv = reference::as_convolution(graph_.node(id).op);
      if (!conv) continue;
      const reference::TensorFormat& in = formats[graph_.node(id).inputs[0]];
      reference::Weights own;
      own.type = random_.chance(0.2) ? ElementType::int4 : ElementType::int8;
      const std::uint32_t taps = conv->in_channels / conv->groups * conv->kernel_height * conv->kernel_width;
      const auto deviation = [](ElementType type) { return type == ElementType::int8 ? 60.0F : 4.0F; };
      for (std::uint32_t i = 0; i < conv->out_channels * taps; ++i) {
        const std::int8_t value = random_.int8();
        own.values.push_back(own.type == ElementType::int8 ? value : static_cast<std::int8_t>(value >> 4));
      }
      const float steps = deviation(in.type) * deviation(own.type) * std::sqrt(static_cast<float>(taps));
      for (std::uint32_t o = 0; o < conv->out_channels; ++o) {
        const float vary = 0.01F * static_cast<float>(random_.between(50, 150));
        own.scales.emplace_back(vary * formats[id].scale.value() * deviation(formats[id].type) /
                                (in.scale.value() * steps));
        own.bias.push_back(static_cast<std::int32_t>(random_.between(0, 4000)) - 2000);
      }
      weights.emplace(id, std::move(own));
    }
    return {graph_, std::move(formats), std::move(weights)};
  }

  Random random_;
  NetworkOptions options_;
  graph::Graph graph_;
  std::vector<NodeId> set_;  ///< Nodes that share a format point to an earlier one.
};

}  // namespace

reference::QuantizedGraph random_network(std::uint64_t seed, const NetworkOptions& options) {
  return Builder(seed, options).build();
}

}  // namespace fusesim::test
