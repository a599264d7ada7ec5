// SPDX-License-Identifier: Apache-2.0
// Weights of the predictor: the block's own, reduced to a sign and one magnitude a tensor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fusesim::predict {

/// T of a tensor, and what a step of its sums stands for.
struct Ternary {
  std::vector<std::int8_t> signs;  ///< -1, 0, 1.
  double alpha = 0;                ///< Mean |w| of the weights with |w| > delta; 0 when there is none.
};

/// Of one tensor: delta = 0.7 times the mean of |w| over all weights, zeros included; the sign of w where |w| >= delta,
/// else 0. Zeros stay zeros, also where all weights are.
[[nodiscard]] Ternary ternarise(std::span<const double> weights);

/// Of a grouped pointwise layer: each group's kernel is a tensor of its own. One alpha a group; `weights` is a whole
/// number of equal groups.
struct GroupedTernary {
  std::vector<std::int8_t> signs;
  std::vector<double> alphas;
};
[[nodiscard]] GroupedTernary ternarise(std::span<const double> weights, std::size_t groups);

}  // namespace fusesim::predict
