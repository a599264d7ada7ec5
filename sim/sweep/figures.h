// SPDX-License-Identifier: Apache-2.0
// The figures of a sweep.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/sweep/plot.h"
#include "sim/sweep/rows.h"

namespace fusesim::sweep {

/// A bar of compute, fill, drain and idle, or of a machine's causes, in thousand cycles; above it their sum and the
/// utilisation, because a cycle in which a single sum grows counts as compute. The result is not a formula's.
[[nodiscard]] BarFigure::Bar cycles_bar(const std::string& label, const Result& result, double utilization);

/// Scripts by file name (without ending). For each combination of model and options among the rows:
/// - speedup_...: speedup of every variant against the size of square arrays, when there are at least two sizes;
/// - bandwidth_...: speedup of every variant against the bandwidth of fixed memories, when there are at least two;
/// - cycles_...: where the cycles went, for simulated rows, on the 64x64 array (the first one if there is none).
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sweep_figures(const std::vector<Row>& rows);

}  // namespace fusesim::sweep
