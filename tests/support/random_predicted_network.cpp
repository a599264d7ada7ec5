// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_predicted_network.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/random_block.h"

namespace fusesim::test {
namespace {

using graph::NodeId;
using reference::Scale;
using reference::TensorFormat;

class Builder {
 public:
  Builder(std::uint64_t seed, const PredictedNetworkOptions& options) : random_(seed), seed_(seed), options_(options) {}

  reference::QuantizedGraph build() {
    const auto side = [&] { return random_.chance(0.1) ? random_.between(1, 3) : random_.between(4, options_.size); };
    add(graph::Input{{random_.between(1, 4), side(), side()}}, {}, format());
    for (std::uint32_t i = 0; i < options_.blocks; ++i) {
      add_block();
      if (random_.chance(0.5)) add_other();
    }
    const graph::Shape shape = graph_.node(last()).shape;
    if (random_.chance(0.5)) {
      add(graph::Pool{.kind = graph::PoolKind::global_average}, {last()}, format());
    } else if (shape.elements() < 1000) {
      add(graph::Flatten{}, {last()}, formats_[last()]);
    } else {
      return finish();
    }
    const std::uint32_t features = graph_.node(last()).shape.channels;
    add(graph::Linear{features, random_.between(1, 10)}, {last()}, format());
    add_weights(features, graph_.node(last()).shape.channels);
    return finish();
  }

 private:
  NodeId add(graph::Operator op, std::vector<NodeId> inputs, const TensorFormat& format) {
    formats_.push_back(format);
    return graph_.add("n" + std::to_string(graph_.nodes().size()), std::move(op), std::move(inputs));
  }
  [[nodiscard]] NodeId last() const { return static_cast<NodeId>(graph_.nodes().size() - 1); }

  TensorFormat format() {
    const auto zero = static_cast<std::int32_t>(random_.between(0, 255)) - 128;
    return {Scale(0.001F * static_cast<float>(random_.between(5, 20))), zero};
  }

  /// Of the last node: such that results fill their format.
  void add_weights(std::uint32_t taps, std::uint32_t channels) {
    reference::Weights weights;
    for (std::uint32_t i = 0; i < channels * taps; ++i) weights.values.push_back(random_.int8());
    const TensorFormat& in = formats_[graph_.node(last()).inputs[0]];
    const float deviation = 60.0F * std::sqrt(static_cast<float>(taps));
    for (std::uint32_t o = 0; o < channels; ++o) {
      weights.scales.emplace_back(formats_[last()].scale.value() / (in.scale.value() * deviation));
      weights.bias.push_back(static_cast<std::int32_t>(random_.between(0, 4000)) - 2000);
    }
    weights_.emplace(last(), std::move(weights));
  }

  void add_convolution(std::uint32_t channels, const TensorFormat& format) {
    const std::uint32_t in = graph_.node(last()).shape.channels, kernel = random_.chance(0.5) ? 1 : 3;
    graph::Conv conv{.in_channels = in, .out_channels = channels, .kernel_height = kernel, .kernel_width = kernel};
    conv.padding = graph::Padding::symmetric(kernel / 2, kernel / 2);
    add(conv, {last()}, format);
    add_weights(in * kernel * kernel, channels);
  }

  void add_block() {
    RandomBlock made;
    const graph::Shape map = graph_.node(last()).shape;
    do {
      made = random_block(seed_ * 1000 + tries_++, {8, options_.channels, options_.middle});
    } while (map.height + made.block.padding.top + made.block.padding.bottom < made.block.kernel ||
             map.width + made.block.padding.left + made.block.padding.right < made.block.kernel);
    if (!fits(made)) add_convolution(made.block.in_channels, made.in);
    do {
      blocks_.emplace(add(made.block, {last()}, made.out), made.constants);
    } while (made.block.residual && random_.chance(0.5) && fits(made));
  }

  /// Whether the block can read the last map as it is.
  [[nodiscard]] bool fits(const RandomBlock& made) const {
    if (graph_.node(last()).shape.channels != made.block.in_channels) return false;
    try {
      reference::check(made.block, made.constants, formats_[last()], made.out);
      return true;
    } catch (const reference::ArithmeticError&) {
      return false;
    }
  }

  void add_other() {
    const NodeId from = last();
    const graph::Shape shape = graph_.node(from).shape;
    switch (random_.between(0, 4)) {
      case 0:
        add(graph::Activation{graph::ActivationKind::relu}, {from}, formats_[from]);
        break;
      case 1:
        add(graph::Activation{graph::ActivationKind::hswish}, {from}, format());
        break;
      case 2:
        if (shape.height < 8 || shape.width < 8) break;
        add(graph::Pool{.kind = graph::PoolKind::max,
                        .kernel_height = 2,
                        .kernel_width = 2,
                        .stride_height = 2,
                        .stride_width = 2},
            {from}, formats_[from]);
        break;
      case 3:
        add_convolution(random_.between(1, 6), formats_[from]);
        add(graph::Concat{}, {from, last()}, formats_[from]);
        break;
      default:
        if (shape.channels % 2 == 0) add(graph::Shuffle{2}, {from}, formats_[from]);
    }
  }

  reference::QuantizedGraph finish() {
    return {std::move(graph_), std::move(formats_), std::move(weights_), std::move(blocks_)};
  }

  Random random_;
  std::uint64_t seed_, tries_ = 0;
  PredictedNetworkOptions options_;
  graph::Graph graph_;
  std::vector<TensorFormat> formats_;
  std::map<NodeId, reference::Weights> weights_;
  std::map<NodeId, reference::BlockConstants> blocks_;
};

}  // namespace

reference::QuantizedGraph random_predicted_network(std::uint64_t seed, const PredictedNetworkOptions& options) {
  return Builder(seed, options).build();
}

isa::machine::FusedConfig random_fused_unit(Random& random, const isa::ArrayConfig& array) {
  isa::machine::FusedConfig unit;
  unit.present = true;
  const std::uint32_t pes = array.rows * array.cols;
  do {
    unit.tile_rows = random.between(1, std::min(pes, 16U));
  } while (pes % unit.tile_rows != 0);
  unit.tile_columns = pes / unit.tile_rows;
  unit.lanes = random.between(1, 26);
  if (random.chance(0.4)) {
    unit.mode = isa::machine::FusedMode::fixed;
    unit.adders = unit.lanes;
    unit.queue_depth = 0;
  } else {
    unit.adders = random.between(1, unit.lanes);
    unit.queue_depth = unit.lanes + random.between(0, 10);
  }
  unit.adder_bits = 24;
  unit.ladders = random.between(1, 5);
  unit.level_channels = random.between(1, 12);
  unit.mask_positions = 4096;
  unit.tile_bytes = 65536;
  unit.tile_port_bytes = random.between(1, 16);
  unit.list_bytes_per_cycle = random.chance(0.5) ? 0 : random.between(1, 128);
  unit.list_fifo_bytes = isa::machine::widest_word_bytes(unit) + random.between(0, 200);
  unit.composer_terms_per_cycle = random.between(1, unit.lanes);
  unit.output_lanes = random.between(1, pes);
  return unit;
}

}  // namespace fusesim::test
