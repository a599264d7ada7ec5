// SPDX-License-Identifier: Apache-2.0
// The networks fusesim ships with.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "workloads/graph/graph.h"

namespace fusesim::zoo {

/// Names of all networks, in table order: mobilenet_v1 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large mnasnet_b1
/// resnet50.
[[nodiscard]] std::span<const std::string_view> networks();

/// Variants of a network, baseline first: baseline fuse_full fuse_half [fuse_full_50 fuse_half_50]. Throws
/// std::invalid_argument naming the nearest network when `network` is unknown.
[[nodiscard]] std::span<const std::string_view> variants(std::string_view network);

/// Builds the graph at 224x224x3. Throws std::invalid_argument naming the nearest valid name when either is unknown.
[[nodiscard]] graph::Graph build(std::string_view network, std::string_view variant);

/// A row of the FuSeConv paper's tables.
struct PublishedRow {
  std::string_view network, variant;
  std::string_view accuracy, flops_m, params_m, speedup;  ///< As printed.
};
/// The 25 published rows in the order printed.
[[nodiscard]] std::span<const PublishedRow> published_rows();

}  // namespace fusesim::zoo
