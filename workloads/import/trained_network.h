// SPDX-License-Identifier: Apache-2.0
// A trained network from its two files: the manifest (JSON: operators, shapes, what was measured in training) and the
// weights. tools/train-fusionet writes them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "workloads/import/cifar10.h"
#include "workloads/predict/block/predictor.h"
#include "workloads/quantize/float_network.h"

namespace fusesim::trained {

/// A block whose ReLUs are predicted.
struct Block {
  std::string name;                     ///< What its layers' names have in common: predict::block_name().
  predict::BlockPredictor predictor;    ///< Statistics of training folded.
  double survival1 = 0, survival2 = 0;  ///< Share of ones in the masks over the test images, as training measured it.
};

struct TrainedNetwork {
  std::string name, flavour;
  /// Batch norms are factors and offsets, not folded into convolutions. In a flavour trained with prediction its blocks
  /// are plain layers too: predicted() makes them blocks.
  quantize::FloatNetwork network;
  std::vector<Block> blocks;  ///< None unless the flavour was trained with prediction. In order of execution.
  std::array<double, Picture::kChannels> mean{}, deviation{};  ///< Of the input, for normalise().
  double accuracy = 0;            ///< In real numbers, as training measured it: share of right answers ...
  std::uint32_t test_images = 0;  ///< ... among so many pictures.
};

/// Reads one flavour ("pruned", "predicted"). Throws ImportError, one line that names file and field, when a file
/// cannot be read or is damaged, when files or tensors do not belong together, or the flavour does not exist or has no
/// weights.
[[nodiscard]] TrainedNetwork load(const std::filesystem::path& manifest, const std::string& flavour);

/// The network with its blocks annotated: what was trained. Throws predict::PredictError when the network has no such
/// blocks.
[[nodiscard]] quantize::FloatNetwork predicted(const TrainedNetwork& trained);

}  // namespace fusesim::trained
