// SPDX-License-Identifier: Apache-2.0
#include "workloads/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "hw/isa/generated_values.h"
#include "workloads/lower/packing.h"

namespace fusesim::lower {
namespace {

using graph::Layer;
using graph::LayerType;
using isa::Dataflow;

isa::ConvGeometry geometry_of(const Layer& layer) {
  return {.in_channels = layer.in_channels,
          .in_height = layer.in_height,
          .in_width = layer.in_width,
          .out_channels = layer.out_channels,
          .out_height = layer.out_height,
          .out_width = layer.out_width,
          .kernel_height = layer.kernel_height,
          .kernel_width = layer.kernel_width,
          .stride_height = layer.stride_height,
          .stride_width = layer.stride_width,
          .dilation_height = layer.dilation_height,
          .dilation_width = layer.dilation_width,
          .pad_top = layer.pad_top,
          .pad_left = layer.pad_left,
          .pad_bottom = layer.pad_bottom,
          .pad_right = layer.pad_right,
          .groups = layer.groups};
}

Dataflow dataflow_of(const Layer& layer, const LowerOptions& options) {
  // The depthwise dataflows know one filter per channel.
  if (layer.groups != layer.in_channels || layer.out_channels != layer.in_channels) return Dataflow::gemm;
  switch (layer.type) {
    case LayerType::conv:
    case LayerType::pointwise:
    case LayerType::linear:
      return Dataflow::gemm;
    case LayerType::depthwise:
      return options.depthwise;
    case LayerType::fuse_1xk:
      return options.array.fuse_links ? Dataflow::fuse_row : options.depthwise;
    case LayerType::fuse_kx1:
      return options.array.fuse_links ? Dataflow::fuse_column : options.depthwise;
  }
  return Dataflow::gemm;
}

void check(const LowerOptions& options) {
  isa::validate(options.array);
  switch (options.depthwise) {
    case Dataflow::depthwise_column:
    case Dataflow::depthwise_row:
      return;
    case Dataflow::depthwise_broadcast:
      if (options.array.fuse_links) return;
      throw std::invalid_argument(
          fmt::format("depthwise mapping 'broadcast' needs FuSe links, which array '{}' lacks; use 'column' or 'row'",
                      describe(options.array)));
    default:
      throw std::invalid_argument(
          fmt::format("depthwise mapping '{}' is none; use depthwise_column, depthwise_row or depthwise_broadcast",
                      name(options.depthwise)));
  }
}

/// Two branches whose results are concatenated: a 1xK layer and the Kx1 layer that follows it on the same producers.
bool are_branches(const Layer& first, const Layer& second) {
  return first.type == LayerType::fuse_1xk && second.type == LayerType::fuse_kx1 &&
         first.depends_on == second.depends_on && first.in_height == second.in_height &&
         first.in_width == second.in_width && first.out_height == second.out_height &&
         first.out_width == second.out_width;
}

class Lowering {
 public:
  Lowering(std::span<const Layer> layers, const LowerOptions& options) : layers_(layers), options_(options) {}

  isa::Program run(const std::string& network) {
    program_.network = network;
    program_.array = options_.array;
    measure_inputs();
    for (std::size_t i = 0; i < layers_.size(); ++i) add_instruction(i);
    isa::validate(program_);
    return std::move(program_);
  }

 private:
  /// Layers with equal keys read the same tensor: producers, height, width, channels.
  using InputKey = std::tuple<std::vector<std::uint32_t>, std::uint32_t, std::uint32_t, std::uint32_t>;
  using SliceKey = std::tuple<std::vector<std::uint32_t>, std::uint32_t, std::uint32_t>;

  static SliceKey slice_key(const Layer& layer) { return {layer.depends_on, layer.in_height, layer.in_width}; }

  static std::uint32_t slice_end(const Layer& layer) {
    return layer.slice_end.value_or(layer.slice_begin.value_or(0) + layer.in_channels);
  }

  /// A layer that reads a slice does not tell how many channels its producer has: as many as all its readers reach.
  void measure_inputs() {
    for (const Layer& layer : layers_) {
      std::uint32_t& extent = slice_extents_[slice_key(layer)];
      if (layer.slice_begin) extent = std::max(extent, slice_end(layer));
    }
  }

  std::uint32_t add_tensor(const std::string& name, isa::TensorSource source, std::uint32_t channels,
                           std::uint32_t height, std::uint32_t width) {
    const auto index = static_cast<std::uint32_t>(program_.tensors.size());
    isa::Tensor tensor{.name = name, .source = source, .channels = channels, .height = height, .width = width};
    if (source == isa::TensorSource::generated) {
      tensor.seed = isa::mix64(isa::mix64(options_.seed) + index);
    } else {
      tensor.type = isa::ElementType::int32;
    }
    program_.tensors.push_back(std::move(tensor));
    return index;
  }

  isa::TensorSlice input_of(const Layer& layer) {
    const std::uint32_t channels = layer.slice_begin ? slice_extents_[slice_key(layer)] : layer.in_channels;
    const auto [place, is_new] =
        inputs_.try_emplace(InputKey{layer.depends_on, layer.in_height, layer.in_width, channels}, 0);
    if (is_new) {
      place->second =
          add_tensor(layer.name + ".input", isa::TensorSource::generated, channels, layer.in_height, layer.in_width);
    }
    return {place->second, layer.slice_begin.value_or(0)};
  }

  isa::TensorSlice output_of(std::size_t i) {
    const Layer& layer = layers_[i];
    if (i > 0 && are_branches(layers_[i - 1], layer)) {
      return {program_.instructions[i - 1].output.tensor, layers_[i - 1].out_channels};
    }
    const bool branches = i + 1 < layers_.size() && are_branches(layer, layers_[i + 1]);
    const std::uint32_t channels = layer.out_channels + (branches ? layers_[i + 1].out_channels : 0);
    return {
        add_tensor(layer.name + ".output", isa::TensorSource::computed, channels, layer.out_height, layer.out_width),
        0};
  }

  void add_instruction(std::size_t i) {
    const Layer& layer = layers_[i];
    if (layer.groups == 0)
      throw std::invalid_argument(fmt::format("layer {}: groups is 0; it must be at least 1", layer.name));
    isa::ArrayInstruction instruction;
    instruction.dataflow = dataflow_of(layer, options_);
    instruction.geometry = geometry_of(layer);
    instruction.input = input_of(layer);
    instruction.weights =
        add_tensor(layer.name + ".weights", isa::TensorSource::generated,
                   layer.out_channels * (layer.in_channels / layer.groups), layer.kernel_height, layer.kernel_width);
    instruction.output = output_of(i);
    instruction.layer = static_cast<std::uint32_t>(i);
    instruction.wait_for = layer.depends_on;
    program_.layers.push_back(layer.name);
    if (options_.row_packing) {
      instruction.lines_per_row = best_lines_per_row(instruction.dataflow, instruction.geometry, options_.array);
    }
    program_.instructions.push_back(std::move(instruction));
  }

  std::span<const Layer> layers_;
  const LowerOptions& options_;
  std::map<SliceKey, std::uint32_t> slice_extents_;
  std::map<InputKey, std::uint32_t> inputs_;
  isa::Program program_;
};

}  // namespace

isa::Program lower_layers(std::span<const Layer> layers, const std::string& network, const LowerOptions& options) {
  check(options);
  return Lowering(layers, options).run(network);
}

}  // namespace fusesim::lower
