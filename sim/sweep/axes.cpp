// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "hw/isa/names.h"
#include "hw/isa/nearest.h"
#include "hw/memory/dram/dram_standards.h"
#include "sim/config/comma_list.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::sweep {

std::vector<std::string_view> split(std::string_view option, std::string_view text) {
  try {
    return config::split_list(option, text);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view item, std::span<const std::string_view> valid) {
  throw UsageError(fmt::format("{}: unknown value '{}'{}", option, item, names::suggestion(item, valid)));
}

template <typename T>
void add_once(std::vector<T>& values, T value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(std::move(value));
}

/// A list whose items are among a few names, each standing for a value.
template <typename T>
std::vector<T> parse_choices(std::string_view option, std::string_view text, isa::NameTable<T> choices) {
  std::vector<T> values;
  for (const std::string_view item : split(option, text)) {
    const auto found = std::find_if(choices.begin(), choices.end(), [&](const auto& c) { return c.first == item; });
    if (found == choices.end()) {
      std::vector<std::string_view> valid;
      for (const auto& choice : choices) valid.push_back(choice.first);
      refuse(option, item, valid);
    }
    add_once(values, found->second);
  }
  return values;
}

std::vector<std::string> parse_networks(const std::string& text) {
  const auto known = zoo::all_networks();
  std::vector<std::string> networks;
  for (const std::string_view item : split("--networks", text)) {
    if (item == "all") {
      for (const std::string_view network : zoo::networks()) add_once(networks, std::string(network));
      continue;
    }
    if (std::find(known.begin(), known.end(), item) == known.end()) refuse("--networks", item, known);
    add_once(networks, std::string(item));
  }
  return networks;
}

/// Known is what any network has: which of them lack it is for expand() to count.
std::vector<std::string> parse_variants(const std::string& text) {
  std::vector<std::string_view> known;
  for (const std::string_view network : zoo::networks()) {
    for (const std::string_view variant : zoo::variants(network)) add_once(known, variant);
  }
  std::vector<std::string> variants;
  bool all = false;
  for (const std::string_view item : split("--variants", text)) {
    all = all || item == "all";
    if (item == "all") continue;
    if (std::find(known.begin(), known.end(), item) == known.end()) refuse("--variants", item, known);
    add_once(variants, std::string(item));
  }
  if (all) variants.clear();
  return variants;
}

config::ArraySize parse_array(std::string_view item) {
  try {
    return config::parse_array_size("--arrays", item);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

double parse_bandwidth(std::string_view item) {
  double value = 0;
  const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), value);
  if (error != std::errc{} || end != item.data() + item.size() || !(value >= 0.001 && value <= 100000)) {
    throw UsageError(
        fmt::format("--bandwidth: '{}' is not a bandwidth from 0.001 to 100000 (10^9 bytes a second)", item));
  }
  return value;
}

/// Ideal memory once, every other memory with every size of scratchpads.
std::vector<std::optional<Memory>> parse_memories(const AxesText& text) {
  std::vector<std::string_view> known{"none", "fixed"};
  for (const memory::DramSpec& spec : memory::dram_standards()) known.push_back(spec.name);
  std::vector<std::string_view> standards;
  if (!text.dram.empty()) standards = split("--dram", text.dram);
  std::vector<double> bandwidths;
  if (!text.bandwidth.empty()) {
    for (const std::string_view item : split("--bandwidth", text.bandwidth))
      add_once(bandwidths, parse_bandwidth(item));
    if (std::find(standards.begin(), standards.end(), "fixed") == standards.end()) standards.push_back("fixed");
  }
  if (standards.empty()) standards.push_back("none");
  if (bandwidths.empty()) bandwidths.push_back(accelerator::MemoryConfig{}.fixed_gigabytes_per_second);
  std::vector<config::ScratchpadSizes> sizes;
  const bool given = !text.scratchpad.empty();
  try {
    for (const std::string_view item : split("--scratchpad", given ? std::string_view(text.scratchpad) : "1MiB")) {
      add_once(sizes, config::parse_scratchpads("--scratchpad", item));
    }
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  std::vector<std::optional<Memory>> memories;
  for (const std::string_view standard : standards) {
    if (std::find(known.begin(), known.end(), standard) == known.end()) refuse("--dram", standard, known);
    if (standard == "none") {
      add_once(memories, std::optional<Memory>());
      continue;
    }
    const bool fixed = standard == "fixed";
    for (const double bandwidth : fixed ? bandwidths : std::vector<double>{0}) {
      for (const config::ScratchpadSizes& size : sizes) {
        add_once(memories, std::optional(Memory{std::string(standard), bandwidth, size}));
      }
    }
  }
  if (given && std::none_of(memories.begin(), memories.end(), [](const auto& memory) { return memory.has_value(); })) {
    throw UsageError(
        "--scratchpad needs a machine with a DRAM, such as --dram DDR4-2400: operands of the array alone are always "
        "there");
  }
  return memories;
}

}  // namespace

Axes parse_axes(const AxesText& text) {
  constexpr std::array<std::pair<std::string_view, bool>, 2> yes_no{{{"yes", true}, {"no", false}}};
  Axes axes;
  axes.networks = parse_networks(text.networks);
  axes.variants = parse_variants(text.variants);
  for (const std::string_view item : split("--arrays", text.arrays)) add_once(axes.arrays, parse_array(item));
  using Formula = std::optional<analytic::Model>;
  constexpr std::array<std::pair<std::string_view, Formula>, 4> models{
      {{"simulated", std::nullopt},
       {"authors-released", analytic::Model::authors_released},
       {"authors-2020", analytic::Model::authors_2020},
       {"scale-sim-v3", analytic::Model::scale_sim_v3}}};
  axes.models = parse_choices<Formula>("--models", text.models, models);
  axes.accumulators = parse_choices("--accumulators", text.accumulators, isa::accumulator_names());
  axes.folds = parse_choices("--folds", text.folds, isa::fold_overlap_names());
  std::array<std::pair<std::string_view, DepthwiseMapping>, 3> mappings;
  std::transform(depthwise_mappings.begin(), depthwise_mappings.end(), mappings.begin(), [](DepthwiseMapping mapping) {
    return std::pair{name(mapping), mapping};
  });
  axes.dw_mappings = parse_choices<DepthwiseMapping>("--dw-mapping", text.dw_mapping, mappings);
  axes.fuse_links = parse_choices<bool>("--fuse-links", text.fuse_links, yes_no);
  axes.packing = parse_choices<bool>("--packing", text.packing, yes_no);
  axes.memories = parse_memories(text);
  return axes;
}

namespace {

/// Every combination of the axes that only the hardware model distinguishes.
std::vector<HardwareOptions> hardware_options(const Axes& axes) {
  std::vector<HardwareOptions> options;
  for (const isa::FoldOverlap folds : axes.folds) {
    for (const isa::Accumulators accumulators : axes.accumulators) {
      for (const DepthwiseMapping mapping : axes.dw_mappings) {
        for (const bool packing : axes.packing) {
          for (const std::optional<Memory>& memory : axes.memories) {
            options.push_back({accumulators, folds, mapping, packing, memory});
          }
        }
      }
    }
  }
  return options;
}

}  // namespace

Expansion expand(const Axes& axes) {
  Expansion expansion;
  const std::vector<HardwareOptions> all_options = hardware_options(axes);
  const std::vector<HardwareOptions> no_options(1);
  for (const std::string& network : axes.networks) {
    const auto owned = zoo::variants(network);
    std::vector<std::string> variants = axes.variants;
    if (variants.empty()) variants.assign(owned.begin(), owned.end());
    for (const std::string& variant : variants) {
      if (std::find(owned.begin(), owned.end(), variant) == owned.end()) {
        ++expansion.skipped[fmt::format("{} has no variant {}", network, variant)];
        continue;
      }
      for (const config::ArraySize& size : axes.arrays) {
        for (const auto& formula : axes.models) {
          for (const bool links : axes.fuse_links) {
            for (const HardwareOptions& hardware : formula ? no_options : all_options) {
              Point point{network, variant, size.rows, size.cols, links, formula, hardware};
              if (const auto rule = rule_against(point)) {
                ++expansion.skipped[std::string(*rule)];
              } else {
                expansion.points.push_back(std::move(point));
              }
            }
          }
        }
      }
    }
  }
  if (expansion.points.empty()) {
    throw UsageError(fmt::format("no combination of these axes makes sense: {}", expansion.skipped.begin()->first));
  }
  return expansion;
}

}  // namespace fusesim::sweep
