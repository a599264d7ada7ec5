// SPDX-License-Identifier: Apache-2.0
// Shape inference of one operator.
#pragma once

#include <span>
#include <string>

#include "workloads/graph/operators.h"

namespace fusesim::graph {

/// Elements a tensor, or the weights of one operator, may have: keeps every count of a network inside 64 bits.
inline constexpr std::uint64_t kMaxElements = (std::uint64_t{1} << 31) - 1;

/// Shape of the result of `op` applied to `inputs`. Throws GraphError, starting with `node`, when it has none.
[[nodiscard]] Shape infer_shape(const std::string& node, const Operator& op, std::span<const Shape> inputs);

/// "96x14x14".
[[nodiscard]] std::string to_string(const Shape& shape);

}  // namespace fusesim::graph
