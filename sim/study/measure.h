// SPDX-License-Identifier: Apache-2.0
// Simulates the points of the comparison with the ARCHON study.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "sim/study/layer_by_layer.h"
#include "sim/study/point.h"
#include "workloads/predict/synthetic_predicted.h"

namespace fusesim::study {

/// Keeps the networks that it has made, for points that share them. One run at a time in a process.
class Measurer {
 public:
  /// Compiles the point's network for its machine and runs it, with values when its masks matter. Throws
  /// std::runtime_error naming the point.
  [[nodiscard]] Result measure(const Point& point);

  /// On the layer-by-layer machines of 64 PEs, pruned as the study prunes.
  [[nodiscard]] LayerByLayer layer_by_layer(const std::string& network);

 private:
  [[nodiscard]] Result run(const Point& point);
  [[nodiscard]] const predict::SyntheticPredicted& predicted(const std::string& network, double survival);

  std::map<std::pair<std::string, double>, predict::SyntheticPredicted> predicted_;
};

}  // namespace fusesim::study
