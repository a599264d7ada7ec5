// SPDX-License-Identifier: Apache-2.0
#include "workloads/zoo/archon_chain.h"

#include <utility>

namespace fusesim::zoo {
namespace {

/// Zeros along one axis, before and after.
std::pair<std::uint32_t, std::uint32_t> same_zeros(std::uint32_t size, std::uint32_t kernel, std::uint32_t stride) {
  const std::uint32_t reach = ((size + stride - 1) / stride - 1) * stride + kernel;
  const std::uint32_t zeros = reach > size ? reach - size : 0;
  return {zeros / 2, zeros - zeros / 2};
}

}  // namespace

graph::Padding same_padding(graph::Shape in, std::uint32_t kernel, std::uint32_t stride) {
  const auto [top, bottom] = same_zeros(in.height, kernel, stride);
  const auto [left, right] = same_zeros(in.width, kernel, stride);
  return {top, left, bottom, right};
}

ArchonChain::ArchonChain() {
  end_ = graph_.add("input", graph::Input{{3, 32, 32}});
}

void ArchonChain::convolution(const std::string& name, std::uint32_t out_channels, std::uint32_t kernel) {
  append(name, graph::Conv{.in_channels = channels(),
                           .out_channels = out_channels,
                           .kernel_height = kernel,
                           .kernel_width = kernel,
                           .padding = same_padding(shape(), kernel, 1)});
  norm(name);
}

void ArchonChain::pointwise(const std::string& name, std::uint32_t out_channels, std::uint32_t groups) {
  append(name, graph::Conv{.in_channels = channels(), .out_channels = out_channels, .groups = groups});
  norm(name);
}

void ArchonChain::depthwise(const std::string& name, std::uint32_t kernel, std::uint32_t stride) {
  append(name, graph::Conv{.in_channels = channels(),
                           .out_channels = channels(),
                           .kernel_height = kernel,
                           .kernel_width = kernel,
                           .stride_height = stride,
                           .stride_width = stride,
                           .padding = same_padding(shape(), kernel, stride),
                           .groups = channels()});
  norm(name);
}

void ArchonChain::relu(const std::string& name) {
  append(name + ".relu", graph::Activation{graph::ActivationKind::relu});
}

void ArchonChain::shuffle(const std::string& name, std::uint32_t groups) {
  append(name + ".shuffle", graph::Shuffle{groups});
}

void ArchonChain::squeeze_excite(const std::string& name, std::uint32_t hidden) {
  const graph::NodeId map = end_;
  const std::uint32_t width = channels();
  append(name + ".pool", graph::Pool{.kind = graph::PoolKind::global_average});
  append(name + "1", graph::Conv{.in_channels = width, .out_channels = hidden, .bias = true});
  relu(name + "1");
  append(name + "2", graph::Conv{.in_channels = hidden, .out_channels = width, .bias = true});
  append(name + "2.sigmoid", graph::Activation{graph::ActivationKind::hsigmoid});
  end_ = graph_.add(name + ".scale", graph::Scale{}, {map, end_});
}

void ArchonChain::add(const std::string& name, graph::NodeId other) {
  end_ = graph_.add(name, graph::Add{}, {other, end_});
}

void ArchonChain::join_pooled(const std::string& name, graph::NodeId other, std::uint32_t stride) {
  const graph::NodeId pooled = graph_.add(name + ".pool",
                                          graph::Pool{.kind = graph::PoolKind::average,
                                                      .kernel_height = 3,
                                                      .kernel_width = 3,
                                                      .stride_height = stride,
                                                      .stride_width = stride,
                                                      .padding = same_padding(graph_.node(other).shape, 3, stride)},
                                          {other});
  end_ = graph_.add(name + ".concat", graph::Concat{}, {end_, pooled});
}

void ArchonChain::classify(std::uint32_t classes) {
  append("avg_pool", graph::Pool{.kind = graph::PoolKind::global_average});
  append("fc", graph::Linear{.in_features = channels(), .out_features = classes, .bias = true});
}

}  // namespace fusesim::zoo
