// SPDX-License-Identifier: Apache-2.0
// What a sweep reports: one row a point.
#pragma once

#include <optional>
#include <vector>

#include "sim/report/table.h"
#include "sim/sweep/point.h"
#include "sim/sweep/runner.h"

namespace fusesim::sweep {

struct Row {
  Point point;
  Result result;
  /// Cycles of reference(point, column) over the point's; nothing where the reference has no result.
  std::optional<double> speedup;
  /// Cycles of reference(point, row) over the point's: against the strongest mapping that needs no extra hardware.
  /// Formulas know no such mapping; nothing where the reference has no result.
  std::optional<double> speedup_over_row;
  /// Useful MACs / (rows * cols * cycles).
  double utilization = 0;
};

/// Useful MACs / (rows * cols * cycles), from 0 to 1 for simulated results.
[[nodiscard]] double utilization(const Point& point, const Result& result);

/// One row a point, in the order of the points. `results` holds the points, and their references unless these cannot be
/// compiled.
[[nodiscard]] std::vector<Row> make_rows(const std::vector<Point>& points, const Results& results);

/// The rows as a report. Its CSV columns begin network, variant, rows, cols, model, fuse_links, accumulators, folds,
/// dw_mapping, cycles, speedup, utilization; a cell without meaning for the row's model is empty.
[[nodiscard]] report::Table to_report(const std::vector<Row>& rows);

}  // namespace fusesim::sweep
