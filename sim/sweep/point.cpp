// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/point.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "hw/isa/names.h"

namespace fusesim::sweep {

std::string_view name(DepthwiseMapping mapping) {
  return isa::name_in(isa::dataflow_names(), dataflow(mapping)).substr(std::string_view("depthwise_").size());
}

std::string_view name(isa::Accumulators accumulators) {
  return isa::name_in(isa::accumulator_names(), accumulators);
}

std::string_view name(isa::FoldOverlap folds) {
  return isa::name_in(isa::fold_overlap_names(), folds);
}

std::string name(const std::optional<Memory>& memory) {
  if (!memory) return "none";
  if (memory->standard != "fixed") return memory->standard;
  return fmt::format("fixed-{}", memory->gigabytes_per_second);
}

config::MachineConfig machine_of(const Point& point) {
  config::MachineConfig machine;
  isa::ArrayConfig& array = machine.core.array;
  array.rows = point.rows;
  array.cols = point.cols;
  array.accumulators = point.hardware.accumulators;
  array.folds = point.hardware.folds;
  array.fuse_links = point.fuse_links;
  const Memory& memory = point.hardware.memory.value();
  machine.memory.standard = memory.standard;
  if (memory.standard == "fixed") machine.memory.fixed_gigabytes_per_second = memory.gigabytes_per_second;
  config::set_scratchpads(machine, memory.scratchpads);
  return machine;
}

namespace {

/// Nothing for ideal memory, so that such points keep the descriptions and keys they had before there was another.
std::string memory_text(const Point& point, const char* format) {
  if (!point.hardware.memory) return "";
  return fmt::format(fmt::runtime(format), name(point.hardware.memory),
                     config::text(point.hardware.memory->scratchpads));
}

}  // namespace

std::string_view model_name(const Point& point) {
  return point.formula ? analytic::name(*point.formula) : std::string_view("simulated");
}

std::string describe(const Point& point) {
  std::string text = fmt::format("{} {} {} {}x{} {} links={}", model_version, point.network, point.variant, point.rows,
                                 point.cols, model_name(point), point.fuse_links);
  if (!point.formula) {
    text += fmt::format(" {} {} dw={} packing={}", name(point.hardware.accumulators), name(point.hardware.folds),
                        name(point.hardware.dw_mapping), point.hardware.packing);
    text += memory_text(point, " dram={} scratchpads={} ");
    if (point.hardware.memory) text += machine_version;
  }
  return text;
}

std::string plain(const Point& point) {
  const HardwareOptions& hardware = point.hardware;
  const std::string common = fmt::format("{} {} {} {} {} {}", point.network, point.variant, point.rows, point.cols,
                                         model_name(point), point.fuse_links);
  if (point.formula) return common + " - - - -";
  return common +
         fmt::format(" {} {} {} {}", name(hardware.accumulators), name(hardware.folds), name(hardware.dw_mapping),
                     hardware.packing) +
         memory_text(point, " {} {}");
}

std::string in_words(const Point& point) {
  std::string text = fmt::format("{} {} on a {}x{} array", point.network, point.variant, point.rows, point.cols);
  if (const std::optional<Memory>& memory = point.hardware.memory) {
    const bool fixed = memory->standard == "fixed";
    text += fmt::format(" with {}, scratchpads {}",
                        fixed ? fmt::format("a memory of {} GB/s", memory->gigabytes_per_second) : memory->standard,
                        config::text(memory->scratchpads));
  }
  return text;
}

std::uint64_t key(const Point& point) {
  const std::string text = describe(point);
  return XXH3_64bits(text.data(), text.size());
}

std::optional<std::string_view> rule_against(const Point& point) {
  if (point.formula) return std::nullopt;
  const HardwareOptions& hardware = point.hardware;
  if (!point.fuse_links && hardware.dw_mapping == DepthwiseMapping::broadcast) {
    return "broadcast depthwise needs FuSe links";
  }
  if (!point.fuse_links && hardware.packing) return "row packing needs FuSe links";
  if (hardware.folds == isa::FoldOverlap::serial && hardware.accumulators == isa::Accumulators::pingpong) {
    return "serial folds never use a second accumulator; they are run with `single`";
  }
  return std::nullopt;
}

Point reference(const Point& point, DepthwiseMapping mapping) {
  Point baseline = point;
  baseline.variant = "baseline";
  baseline.fuse_links = false;
  if (!baseline.formula) {
    baseline.hardware.dw_mapping = mapping;
    baseline.hardware.packing = false;
  }
  return baseline;
}

}  // namespace fusesim::sweep
