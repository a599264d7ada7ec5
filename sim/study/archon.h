// SPDX-License-Identifier: Apache-2.0
// The ARCHON study's figures with this project's beside them (`fusesim sweep --paper archon`).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/report/table.h"
#include "sim/study/layer_by_layer.h"
#include "sim/study/point.h"

namespace fusesim::study {

/// The study's results for the unmodified MobileNetV2 on its dense and its sparse machine, quoted: results of its
/// mapper and of its trained weights, which are not public.
inline constexpr std::uint64_t quoted_dense_cycles = 4'132'672, quoted_sparse_cycles = 1'512'504;

struct Measured {
  std::vector<std::pair<Point, Result>> results;                     ///< In the order of points(); fewer when stopped.
  std::vector<std::pair<std::string, LayerByLayer>> layer_by_layer;  ///< One a network.

  /// Throws std::logic_error when the point was not measured.
  [[nodiscard]] const Result& at(const Point& point) const;
  /// False when stopped; the layer-by-layer machines come last.
  [[nodiscard]] bool complete() const { return layer_by_layer.size() == networks.size(); }
};

/// Each may be empty.
struct MeasureOptions {
  std::function<std::optional<Result>(const Point&)> find = {};            ///< What need not be simulated again.
  std::function<void(const Point&, const Result&)> keep = {};              ///< Told of each simulated point.
  std::function<void(std::size_t done, std::size_t total)> progress = {};  ///< Told first of those found.
  std::function<bool()> stop = {};  ///< Once it holds no further one is begun, and the making of a network given up.
};

/// Finds or simulates all points.
[[nodiscard]] Measured measure_all(const MeasureOptions& options);

/// Cycles of the closed form, of the layer-by-layer machines and of the simulated ones, with ratios.
[[nodiscard]] report::Table cycles_report(const Measured& measured);
/// Multiplications of the fused blocks, a line a network, and a line a block in CSV and JSON.
[[nodiscard]] report::Table multiplications_report(const Measured& measured);
/// Synthetic survival from 0.1 to 0.7.
[[nodiscard]] report::Table survival_report(const Measured& measured);
/// The array with and without FuSe against the fused block, equal PEs and equal memory.
[[nodiscard]] report::Table arrays_report(const Measured& measured);
/// Every simulated point, finished or not all of them.
[[nodiscard]] report::Table points_report(const Measured& measured);

}  // namespace fusesim::study
