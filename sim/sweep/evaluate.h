// SPDX-License-Identifier: Apache-2.0
// Computes one point of a sweep.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sim/sweep/point.h"
#include "sim/sweep/result.h"
#include "workloads/graph/layer.h"

namespace fusesim::sweep {

/// The layers of every network and variant among some points, built once. Read by many threads.
class Workloads {
 public:
  explicit Workloads(const std::vector<Point>& points);
  /// Throws std::out_of_range when no point named them.
  [[nodiscard]] const std::vector<graph::Layer>& layers(const std::string& network, const std::string& variant) const;

 private:
  std::map<std::pair<std::string, std::string>, std::vector<graph::Layer>> layers_;
};

/// A point whose network cannot be compiled for its machine, such as scratchpads too small for a layer. The message is
/// the reason, without the point. It says nothing of other points.
class Infeasible : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Simulated: the network is compiled for the point's array and timed instruction by instruction, each operator
/// beginning as soon as its inputs are complete. With a memory the network is compiled for a whole machine and runs on
/// it from DRAM to DRAM, without values; such runs go one at a time. Thread safe. Throws Infeasible, and
/// std::runtime_error that opens with the point when a whole machine fails in another way.
[[nodiscard]] Result evaluate(const Point& point, const Workloads& workloads);

}  // namespace fusesim::sweep
