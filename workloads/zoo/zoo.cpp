// SPDX-License-Identifier: Apache-2.0
#include "workloads/zoo/zoo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "hw/isa/nearest.h"
#include "workloads/transform/fuse.h"
#include "workloads/zoo/builder.h"

namespace fusesim::zoo {
namespace {

using transform::BranchActivation;
using transform::FuseKind;

struct Entry {
  std::string_view name;
  Baseline (*baseline)(const Mask&);
  BranchActivation activation;
  std::size_t spatial_layers;
  /// The layers the 50% variants replace (F) and keep (D); empty when the network has no such variant.
  std::string_view hybrid;
};

constexpr std::array entries = std::to_array<Entry>({
    {"mobilenet_v1", mobilenet_v1, BranchActivation::removed, 13, "FFFFFDDDDDDDD"},
    {"mobilenet_v2", mobilenet_v2, BranchActivation::per_branch, 17, "DFFFFFFFFFDDDDDDD"},
    {"mobilenet_v3_small", mobilenet_v3_small, BranchActivation::after_concat, 11, "DDFDFFFFDDD"},
    {"mobilenet_v3_large", mobilenet_v3_large, BranchActivation::after_concat, 15, "DFFFFFFFDDDDDDD"},
    {"mnasnet_b1", mnasnet_b1, BranchActivation::per_branch, 17, "DFFFFFFFFFDDDDDDD"},
    {"resnet50", resnet50, BranchActivation::per_branch, 16, ""},
});

constexpr auto network_names = [] {
  std::array<std::string_view, entries.size()> names;
  for (std::size_t i = 0; i < entries.size(); ++i) names[i] = entries[i].name;
  return names;
}();

constexpr std::array<std::string_view, 5> variant_names = {"baseline", "fuse_full", "fuse_half", "fuse_full_50",
                                                           "fuse_half_50"};

const Entry& find(std::string_view network) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == network; });
  if (at == entries.end()) {
    throw std::invalid_argument(
        fmt::format("unknown network '{}'{}", network, names::suggestion(network, network_names)));
  }
  return *at;
}

}  // namespace

std::span<const std::string_view> networks() {
  return network_names;
}

std::span<const std::string_view> variants(std::string_view network) {
  const std::span<const std::string_view> all = variant_names;
  return find(network).hybrid.empty() ? all.first(3) : all;
}

graph::Graph build(std::string_view network, std::string_view variant) {
  const Entry& entry = find(network);
  const std::span<const std::string_view> valid = variants(network);
  if (std::find(valid.begin(), valid.end(), variant) == valid.end()) {
    throw std::invalid_argument(
        fmt::format("network '{}' has no variant '{}'{}", network, variant, names::suggestion(variant, valid)));
  }
  Mask replaced(entry.spatial_layers, variant != "baseline");
  if (variant.ends_with("_50")) {
    std::transform(entry.hybrid.begin(), entry.hybrid.end(), replaced.begin(), [](char c) { return c == 'F'; });
  }
  const Baseline baseline = entry.baseline(replaced);
  transform::FuseOptions options;
  options.kind = variant.starts_with("fuse_full") ? FuseKind::full : FuseKind::half;
  options.activation = entry.activation;
  options.select = [&](const graph::Graph&, graph::NodeId id) {
    const auto at = std::find(baseline.spatial.begin(), baseline.spatial.end(), id);
    return at != baseline.spatial.end() && replaced[static_cast<std::size_t>(at - baseline.spatial.begin())];
  };
  return transform::fuse(baseline.graph, options);
}

}  // namespace fusesim::zoo
