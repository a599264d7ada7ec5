// SPDX-License-Identifier: Apache-2.0
// The operators on whole maps: plain loops over channels, rows and columns around the rules of arithmetic.h.
// Maps are row-major C,H,W int8; the caller sizes results.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/graph/operators.h"
#include "workloads/reference/arithmetic.h"

namespace fusesim::reference {

/// The sums a convolution takes on the array, before bias: sum of q_in * q_weight modulo 2^32 over the whole window,
/// elements outside the map being `pad_value`. Weights are out_channels x in_channels/groups x kernel_height x
/// kernel_width. A linear layer is a 1x1 convolution of a 1x1 map.
[[nodiscard]] std::vector<std::int32_t> convolution_sums(const graph::Conv& conv, graph::Shape in, graph::Shape out,
                                                         std::span<const std::int8_t> map,
                                                         std::span<const std::int8_t> weights, std::int8_t pad_value);

/// What each output channel adds to its sums to be rid of the input's zero point: bias - zero_point * (sum of the
/// channel's weights), modulo 2^32.
[[nodiscard]] std::vector<std::int32_t> folded_bias(std::span<const std::int32_t> bias,
                                                    std::span<const std::int8_t> weights, std::int32_t zero_point);

/// Maximum of each window; the padding does not take part.
[[nodiscard]] std::vector<std::int8_t> max_pool(const graph::Pool& pool, graph::Shape in, graph::Shape out,
                                                std::span<const std::int8_t> map);

/// Sum of q - zero_point of each window; padding adds nothing. Serves the average (divided by the whole window, padding
/// included) and, over the whole map, the global average.
[[nodiscard]] std::vector<std::int32_t> window_sums(const graph::Pool& pool, graph::Shape in, graph::Shape out,
                                                    std::span<const std::int8_t> map, std::int32_t zero_point);

/// Elements an average divides by.
[[nodiscard]] std::uint32_t window_area(const graph::Pool& pool, graph::Shape in);

}  // namespace fusesim::reference
