// SPDX-License-Identifier: Apache-2.0
// Any network with suitable blocks, predicted and quantised without training: all steps of this folder in one. Weights,
// batch norms, predictors and images are synthetic: what is measured says how a machine behaves, nothing of accuracy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/predict/prune.h"
#include "workloads/quantize/quantize.h"

namespace fusesim::predict {

struct SyntheticOptions {
  std::vector<std::string> blocks;  ///< As choose_blocks() takes them; empty: all that expand.
  PruneShares shares;
  double survival = 0.5;      ///< Share of positions that each mask passes, 0 .. 1.
  std::uint32_t samples = 2;  ///< Images that batch norms, predictors and formats are fitted to.
  std::uint64_t seed = 1;
  quantize::Options quantize = {};  ///< Its checkpoint is that of all steps.
};

struct SyntheticPredicted {
  quantize::FloatNetwork real;  ///< Annotated, batch norms folded.
  reference::QuantizedGraph quantized;
  std::vector<quantize::Map> images;  ///< The samples.
};

/// Weights (quantize::synthetic_network), pruning, untrained predictors, annotation, folding, quantisation. The same
/// for equal arguments. Throws PredictError and quantize::QuantizeError as these do.
[[nodiscard]] SyntheticPredicted synthetic_predicted(graph::Graph graph, const SyntheticOptions& options = {});

}  // namespace fusesim::predict
