// SPDX-License-Identifier: Apache-2.0
// The networks fusesim ships with.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "workloads/graph/graph.h"

namespace fusesim::zoo {

/// Names of the networks of the FuSeConv study, at 224x224x3, in table order: mobilenet_v1 mobilenet_v2
/// mobilenet_v3_small mobilenet_v3_large mnasnet_b1 resnet50.
[[nodiscard]] std::span<const std::string_view> networks();

/// Names of the networks of the ARCHON study, at 32x32x3: fusionet_c10 fusionet_c100 archon_mobilenet_v2_baseline
/// archon_mobilenet_v2_baseline_c100 archon_mobilenet_v2 archon_mnasnet_baseline archon_mnasnet_baseline_c100
/// archon_mnasnet archon_shufflenet_baseline archon_shufflenet. Those without _baseline are made for fused blocks; all
/// but _c100 have 10 classes.
[[nodiscard]] std::span<const std::string_view> archon_networks();

/// Both of the above, in this order.
[[nodiscard]] std::span<const std::string_view> all_networks();

/// Variants of a network, baseline first: baseline fuse_full fuse_half [fuse_full_50 fuse_half_50]; those of the ARCHON
/// study have a baseline only. Throws std::invalid_argument naming the nearest network when `network` is unknown.
[[nodiscard]] std::span<const std::string_view> variants(std::string_view network);

/// Builds the graph at its study's size. Throws std::invalid_argument naming the nearest valid name when either is
/// unknown.
[[nodiscard]] graph::Graph build(std::string_view network, std::string_view variant);

/// A row of the FuSeConv paper's tables.
struct PublishedRow {
  std::string_view network, variant;
  std::string_view accuracy, flops_m, params_m, speedup;  ///< As printed.
};
/// The 25 published rows in the order printed.
[[nodiscard]] std::span<const PublishedRow> published_rows();

}  // namespace fusesim::zoo
