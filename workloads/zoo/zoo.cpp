// SPDX-License-Identifier: Apache-2.0
#include "workloads/zoo/zoo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "hw/isa/nearest.h"
#include "workloads/transform/fuse.h"
#include "workloads/zoo/archon.h"
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

struct ArchonEntry {
  std::string_view name;
  graph::Graph (*build)(std::uint32_t classes);
  std::uint32_t classes = 10;
};

constexpr std::array archon_entries = std::to_array<ArchonEntry>({
    {"fusionet_c10", fusionet},
    {"fusionet_c100", fusionet, 100},
    {"archon_mobilenet_v2_baseline", archon_mobilenet_v2_baseline},
    {"archon_mobilenet_v2_baseline_c100", archon_mobilenet_v2_baseline, 100},
    {"archon_mobilenet_v2", archon_mobilenet_v2},
    {"archon_mnasnet_baseline", archon_mnasnet_baseline},
    {"archon_mnasnet_baseline_c100", archon_mnasnet_baseline, 100},
    {"archon_mnasnet", archon_mnasnet},
    {"archon_shufflenet_baseline", archon_shufflenet_baseline},
    {"archon_shufflenet", archon_shufflenet},
});

constexpr auto network_names = [] {
  std::array<std::string_view, entries.size() + archon_entries.size()> names;
  for (std::size_t i = 0; i < entries.size(); ++i) names[i] = entries[i].name;
  for (std::size_t i = 0; i < archon_entries.size(); ++i) names[entries.size() + i] = archon_entries[i].name;
  return names;
}();

constexpr std::array<std::string_view, 5> variant_names = {"baseline", "fuse_full", "fuse_half", "fuse_full_50",
                                                           "fuse_half_50"};

const ArchonEntry* find_archon(std::string_view network) {
  const auto at = std::find_if(archon_entries.begin(), archon_entries.end(),
                               [&](const ArchonEntry& e) { return e.name == network; });
  return at == archon_entries.end() ? nullptr : at;
}

/// One of the FuSeConv study.
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
  return all_networks().first(entries.size());
}

std::span<const std::string_view> archon_networks() {
  return all_networks().subspan(entries.size());
}

std::span<const std::string_view> all_networks() {
  return network_names;
}

std::span<const std::string_view> variants(std::string_view network) {
  const std::span<const std::string_view> all = variant_names;
  if (find_archon(network)) return all.first(1);
  return find(network).hybrid.empty() ? all.first(3) : all;
}

graph::Graph build(std::string_view network, std::string_view variant) {
  const std::span<const std::string_view> valid = variants(network);
  if (std::find(valid.begin(), valid.end(), variant) == valid.end()) {
    throw std::invalid_argument(
        fmt::format("network '{}' has no variant '{}'{}", network, variant, names::suggestion(variant, valid)));
  }
  if (const ArchonEntry* archon = find_archon(network)) return archon->build(archon->classes);
  const Entry& entry = find(network);
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
