// SPDX-License-Identifier: Apache-2.0
// The FuSeConv paper's speedup table and array-size figure, with this project's figures beside the published ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/report/table.h"
#include "sim/sweep/plot.h"
#include "sim/sweep/point.h"
#include "sim/sweep/runner.h"

namespace fusesim::sweep {

/// A line of the comparison. Speedups are over the baseline network with column depthwise under the same model.
struct PaperLine {
  std::string network, variant;
  std::uint32_t side = 64;               ///< Rows and columns of the array.
  std::optional<std::string> published;  ///< As printed, without the x; only at 64 x 64.
  double authors_2020 = 0, authors_released = 0;
  double serial = 0;           ///< Simulated, one accumulator, no overlap of folds.
  double single = 0;           ///< Simulated, one accumulator, pipelined folds.
  double pingpong = 0;         ///< Simulated, two accumulators, pipelined folds.
  double pingpong_packed = 0;  ///< The same with packed FuSe rows.
  /// Simulated with two accumulators and pipelined folds: the unmodified baseline network, depthwise mapped by row or
  /// broadcast, over the same network mapped by column. The same for all variants of a network.
  double baseline_row = 0, baseline_broadcast = 0, baseline_broadcast_packed = 0;
  /// Whether authors_2020, cut or rounded to the digits printed, is the published figure; true when none is.
  bool matches_published = true;
};

struct PaperComparison {
  std::vector<PaperLine> table;    ///< The 25 published rows in their order, at 64 x 64.
  std::vector<PaperLine> by_size;  ///< fuse_full and fuse_half of every network at 32, 64, 128, 256.
};

/// Every point the comparison needs, references included.
[[nodiscard]] std::vector<Point> paper_points();
[[nodiscard]] PaperComparison compare_with_paper(const Results& results);

/// The 25 lines, with footnotes.
[[nodiscard]] report::Table speedup_report(const PaperComparison& comparison);
/// The lines of the array-size figure.
[[nodiscard]] report::Table size_report(const PaperComparison& comparison);
/// Both in one, for CSV and JSON: the 25 lines, then those of the figure at other sizes.
[[nodiscard]] report::Table joint_report(const PaperComparison& comparison);

/// Full and Half against the array size, by formula and simulated, beside the unmodified network on the broadcast
/// wires.
[[nodiscard]] LineFigure size_figure(const PaperComparison& comparison);
/// The unmodified network in its three depthwise mappings, Full and Half FuSe, at 64 x 64.
[[nodiscard]] BarFigure cycles_figure(const Results& results);

}  // namespace fusesim::sweep
