// SPDX-License-Identifier: Apache-2.0
#include "workloads/zoo/builder.h"

#include <utility>

namespace fusesim::zoo {

Chain::Chain() {
  end_ = graph_.add("input", graph::Input{{3, 224, 224}});
}

void Chain::conv(const Names& names, std::uint32_t out_channels, std::uint32_t kernel, std::uint32_t stride,
                 OptionalActivation kind) {
  append(names.conv, graph::Conv{.in_channels = channels(),
                                 .out_channels = out_channels,
                                 .kernel_height = kernel,
                                 .kernel_width = kernel,
                                 .stride_height = stride,
                                 .stride_width = stride,
                                 .padding = graph::Padding::symmetric(kernel / 2, kernel / 2)});
  append(names.norm, graph::BatchNorm{out_channels});
  if (kind) activation(names.activation, *kind);
}

void Chain::depthwise(const Names& names, std::uint32_t kernel, std::uint32_t stride, OptionalActivation kind) {
  append(names.conv, graph::Conv{.in_channels = channels(),
                                 .out_channels = channels(),
                                 .kernel_height = kernel,
                                 .kernel_width = kernel,
                                 .stride_height = stride,
                                 .stride_width = stride,
                                 .padding = graph::Padding::symmetric(kernel / 2, kernel / 2),
                                 .groups = channels()});
  spatial_.push_back(end_);
  append(names.norm, graph::BatchNorm{channels()});
  if (kind) activation(names.activation, *kind);
}

void Chain::mark_spatial(const std::string& name) {
  spatial_.push_back(graph_.find(name).value());
}

void Chain::activation(const std::string& name, graph::ActivationKind kind) {
  append(name, graph::Activation{kind});
}

void Chain::squeeze_excite(const std::string& prefix) {
  const graph::NodeId map = end_;
  const std::uint32_t width = channels();
  global_average_pool(prefix + ".avg_pool");
  append(prefix + ".fc.0", graph::Linear{.in_features = width, .out_features = width / 4});
  activation(prefix + ".fc.1", graph::ActivationKind::relu);
  append(prefix + ".fc.2", graph::Linear{.in_features = width / 4, .out_features = width});
  activation(prefix + ".fc.3", graph::ActivationKind::hsigmoid);
  end_ = graph_.add(prefix + ".scale", graph::Scale{}, {map, end_});
}

void Chain::add(const std::string& name, graph::NodeId other) {
  end_ = graph_.add(name, graph::Add{}, {other, end_});
}

void Chain::max_pool(const std::string& name, std::uint32_t kernel, std::uint32_t stride) {
  append(name, graph::Pool{.kind = graph::PoolKind::max,
                           .kernel_height = kernel,
                           .kernel_width = kernel,
                           .stride_height = stride,
                           .stride_width = stride,
                           .padding = graph::Padding::symmetric(kernel / 2, kernel / 2)});
}

void Chain::global_average_pool(const std::string& name) {
  append(name, graph::Pool{.kind = graph::PoolKind::global_average});
}

void Chain::linear(const std::string& name, std::uint32_t out_features) {
  append(name, graph::Linear{.in_features = channels(), .out_features = out_features, .bias = true});
}

void Chain::pointwise_with_bias(const std::string& name, std::uint32_t out_channels) {
  append(name, graph::Conv{.in_channels = channels(), .out_channels = out_channels, .bias = true});
}

void Chain::unused_pointwise(const std::string& conv_name, const std::string& norm_name, std::uint32_t out_channels) {
  const graph::NodeId id =
      graph_.add_unused(conv_name, graph::Conv{.in_channels = channels(), .out_channels = out_channels}, {end_});
  graph_.add_unused(norm_name, graph::BatchNorm{out_channels}, {id});
}

Baseline Chain::finish() && {
  return {std::move(graph_), std::move(spatial_)};
}

}  // namespace fusesim::zoo
