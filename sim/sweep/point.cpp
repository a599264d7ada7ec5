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

std::string_view model_name(const Point& point) {
  return point.formula ? analytic::name(*point.formula) : std::string_view("simulated");
}

std::string describe(const Point& point) {
  std::string text = fmt::format("{} {} {} {}x{} {} links={}", model_version, point.network, point.variant, point.rows,
                                 point.cols, model_name(point), point.fuse_links);
  if (!point.formula) {
    text += fmt::format(" {} {} dw={} packing={}", name(point.hardware.accumulators), name(point.hardware.folds),
                        name(point.hardware.dw_mapping), point.hardware.packing);
  }
  return text;
}

std::string plain(const Point& point) {
  const HardwareOptions& hardware = point.hardware;
  const std::string common = fmt::format("{} {} {} {} {} {}", point.network, point.variant, point.rows, point.cols,
                                         model_name(point), point.fuse_links);
  if (point.formula) return common + " - - - -";
  return common + fmt::format(" {} {} {} {}", name(hardware.accumulators), name(hardware.folds),
                              name(hardware.dw_mapping), hardware.packing);
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
