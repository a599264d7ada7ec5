// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/point.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <stdexcept>

namespace fusesim::sweep {

std::string_view name(DepthwiseMapping mapping) {
  switch (mapping) {
    case DepthwiseMapping::column:
      return "column";
    case DepthwiseMapping::row:
      return "row";
    case DepthwiseMapping::broadcast:
      return "broadcast";
  }
  throw std::logic_error("name: not a depthwise mapping");
}

std::string_view name(isa::Accumulators accumulators) {
  return accumulators == isa::Accumulators::single ? "single" : "pingpong";
}

std::string_view name(isa::FoldOverlap folds) {
  return folds == isa::FoldOverlap::serial ? "serial" : "pipelined";
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
