// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/block/ternarise.h"

#include <cmath>

namespace fusesim::predict {

Ternary ternarise(std::span<const double> weights) {
  double sum = 0;
  for (const double weight : weights) sum += std::abs(weight);
  const double delta = weights.empty() ? 0 : 0.7 * sum / static_cast<double>(weights.size());
  Ternary result;
  double kept = 0;
  std::size_t count = 0;
  for (const double weight : weights) {
    const bool survives = weight != 0 && std::abs(weight) >= delta;
    result.signs.push_back(static_cast<std::int8_t>(survives ? (weight > 0 ? 1 : -1) : 0));
    if (std::abs(weight) <= delta) continue;
    kept += std::abs(weight);
    ++count;
  }
  if (count > 0) result.alpha = kept / static_cast<double>(count);
  return result;
}

GroupedTernary ternarise(std::span<const double> weights, std::size_t groups) {
  GroupedTernary result;
  const std::size_t each = weights.size() / groups;
  for (std::size_t group = 0; group < groups; ++group) {
    const Ternary ternary = ternarise(weights.subspan(group * each, each));
    result.signs.insert(result.signs.end(), ternary.signs.begin(), ternary.signs.end());
    result.alphas.push_back(ternary.alpha);
  }
  return result;
}

}  // namespace fusesim::predict
