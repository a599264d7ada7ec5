// SPDX-License-Identifier: Apache-2.0
// The trained network in integers, and what it answers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "workloads/import/trained_network.h"
#include "workloads/predict/statistics.h"
#include "workloads/reference/execute.h"
#include "workloads/reference/quantized_graph.h"

namespace fusesim::trained {

struct IntegerNetwork {
  TrainedNetwork trained;
  reference::QuantizedGraph graph;

  /// Reads a flavour and quantises it, its blocks predicted if it was trained so; ranges are those that the calibration
  /// pictures produce.
  IntegerNetwork(const std::string& manifest, const std::string& flavour, const std::string& calibration);

  [[nodiscard]] std::vector<std::int8_t> input(const Picture& picture) const;
};

/// What one picture comes to.
struct Answer {
  std::vector<reference::Tensor> tensors;   ///< One a node.
  std::vector<predict::Survival> survival;  ///< One a predicted block, in order of execution.
  std::uint32_t label = 0;                  ///< The greatest logit, the first of equals.
};
[[nodiscard]] Answer answer(const IntegerNetwork& network, const Picture& picture);

/// The place of the greatest value, the first of equals.
[[nodiscard]] std::uint32_t greatest(std::span<const std::int8_t> values);

}  // namespace fusesim::trained
