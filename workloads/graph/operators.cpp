// SPDX-License-Identifier: Apache-2.0
#include "workloads/graph/operators.h"

#include <array>

namespace fusesim::graph {

const char* name(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::relu:
      return "relu";
    case ActivationKind::relu6:
      return "relu6";
    case ActivationKind::hswish:
      return "hswish";
    case ActivationKind::hsigmoid:
      return "hsigmoid";
  }
  return "?";
}

const char* name(const Operator& op) {
  static constexpr std::array<const char*, std::variant_size_v<Operator>> names = {
      "input", "conv",       "linear",  "batch_norm", "pool",           "add", "concat", "split",
      "scale", "activation", "flatten", "shuffle",    "predicted_block"};
  return names[op.index()];
}

std::uint64_t parameters(const Operator& op) {
  if (const auto* conv = std::get_if<Conv>(&op)) {
    const std::uint64_t weights_per_filter =
        std::uint64_t{conv->in_channels / conv->groups} * conv->kernel_height * conv->kernel_width;
    return conv->out_channels * weights_per_filter + (conv->bias ? conv->out_channels : 0);
  }
  if (const auto* linear = std::get_if<Linear>(&op)) {
    return std::uint64_t{linear->in_features} * linear->out_features + (linear->bias ? linear->out_features : 0);
  }
  if (const auto* norm = std::get_if<BatchNorm>(&op)) return std::uint64_t{2} * norm->channels;
  if (const auto* block = std::get_if<PredictedBlock>(&op)) {
    std::uint64_t sum = batch_norm_parameters(*block);
    for (const Conv& conv : {expansion(*block), depthwise(*block), projection(*block)}) sum += parameters(conv);
    return sum;
  }
  return 0;
}

Conv expansion(const PredictedBlock& block) {
  return {.in_channels = block.in_channels, .out_channels = block.middle_channels, .groups = block.groups};
}

Conv depthwise(const PredictedBlock& block) {
  return {.in_channels = block.middle_channels,
          .out_channels = block.middle_channels,
          .kernel_height = block.kernel,
          .kernel_width = block.kernel,
          .stride_height = block.stride,
          .stride_width = block.stride,
          .padding = block.padding,
          .groups = block.middle_channels};
}

Conv projection(const PredictedBlock& block) {
  return {.in_channels = block.middle_channels, .out_channels = block.out_channels, .groups = block.groups};
}

std::uint64_t batch_norm_parameters(const PredictedBlock& block) {
  return 2 * (2 * std::uint64_t{block.middle_channels} + block.out_channels);
}

}  // namespace fusesim::graph
