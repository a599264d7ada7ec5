// SPDX-License-Identifier: Apache-2.0
// Computes the points of a sweep on all cores.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/sweep/journal.h"
#include "sim/sweep/point.h"
#include "sim/sweep/result.h"

namespace fusesim::sweep {

struct RunOptions {
  unsigned threads = 0;                     ///< 0: as many as the machine has cores.
  Journal* journal = nullptr;               ///< Finished points come from here and go here; may be null.
  const std::atomic<bool>* stop = nullptr;  ///< Once true, no further point is begun; may be null.
  /// Called after each point with those finished and their total, one call at a time, from any thread; may be empty.
  std::function<void(std::size_t done, std::size_t total)> progress = {};
};

/// Results by describe() of their points.
using Results = std::map<std::string, Result>;

struct RunOutcome {
  Results results;  ///< Of the points that are finished.
  /// Why points cannot be compiled for their machines, by describe(). They are in no journal and tried in every run.
  std::map<std::string, std::string> infeasible;
  std::size_t reused = 0;    ///< Points found in the journal.
  std::size_t computed = 0;  ///< Points computed by this run.
  std::size_t missing = 0;   ///< Points left over because the run was stopped.
};

/// Computes every point once, equal points together. What it returns depends neither on the number of threads nor on
/// what the journal held. Throws what a point (unless it is Infeasible) or the journal throws, after the points under
/// way have ended.
[[nodiscard]] RunOutcome run(const std::vector<Point>& points, const RunOptions& options);

/// The points of `points` and the references their speedups need, none twice.
[[nodiscard]] std::vector<Point> with_references(const std::vector<Point>& points);

}  // namespace fusesim::sweep
