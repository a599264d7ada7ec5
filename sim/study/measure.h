// SPDX-License-Identifier: Apache-2.0
// Simulates the points of the comparison with the ARCHON study.
#pragma once

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "sim/study/layer_by_layer.h"
#include "sim/study/point.h"
#include "workloads/predict/synthetic_predicted.h"

namespace fusesim::study {

/// What was begun was given up because it was asked to stop.
class Stopped : public std::runtime_error {
 public:
  Stopped() : std::runtime_error("stopped") {}
};

/// Keeps the networks that it has made, for points that share them. One run at a time in a process.
class Measurer {
 public:
  /// Once `stop()` holds, a network that is being made is given up: Stopped is thrown. May be empty.
  explicit Measurer(std::function<bool()> stop = {});

  /// Compiles the point's network for its machine and runs it, with values when its masks matter. Throws
  /// std::runtime_error naming the point.
  [[nodiscard]] Result measure(const Point& point);

  /// On the layer-by-layer machines of 64 PEs, pruned as the study prunes.
  [[nodiscard]] LayerByLayer layer_by_layer(const std::string& network);

 private:
  [[nodiscard]] Result run(const Point& point);
  [[nodiscard]] const predict::SyntheticPredicted& predicted(const std::string& network, double survival);

  quantize::Checkpoint checkpoint_;
  std::map<std::pair<std::string, double>, predict::SyntheticPredicted> predicted_;
};

}  // namespace fusesim::study
