// SPDX-License-Identifier: Apache-2.0
// The last step of the compiler: a network's array layers become a program for one array.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "hw/isa/program.h"
#include "workloads/graph/layer.h"

namespace fusesim::lower {

struct LowerOptions {
  isa::ArrayConfig array = {};
  /// How depthwise layers run: depthwise_column, depthwise_row or depthwise_broadcast. Also how FuSe layers run on an
  /// array without FuSe links.
  isa::Dataflow depthwise = isa::Dataflow::depthwise_column;
  /// Puts several lines of a channel side by side in an array row where that saves folds.
  bool row_packing = true;
  /// Tensors of equal programs with different seeds hold different values.
  std::uint64_t seed = 1;
};

/// One instruction per layer, in order, with the layers' dependencies. Dense, grouped, pointwise and linear layers
/// become gemm; 1xK and Kx1 layers fuse_row and fuse_column if the array has FuSe links; other depthwise layers the
/// mapping of `options`, or gemm when they have more than one filter a channel.
///
/// Inputs and weights are generated tensors: what happens between layers on the vector unit is not part of a program
/// yet. Layers that read the same producers at the same shape share their input tensor; FuSe branches read their
/// channels of one input and write theirs of one output, the 1xK branch first. The result is valid.
///
/// Throws std::invalid_argument naming the option or layer when options do not fit each other or a layer is malformed.
[[nodiscard]] isa::Program lower_layers(std::span<const graph::Layer> layers, const std::string& network,
                                        const LowerOptions& options);

}  // namespace fusesim::lower
