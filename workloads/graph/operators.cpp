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
      "input", "conv", "linear", "batch_norm", "pool", "add", "concat", "split", "scale", "activation", "flatten", "shuffle"};
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
  return 0;
}

}  // namespace fusesim::graph
