// SPDX-License-Identifier: Apache-2.0
// Made-up weights and pictures. Trained weights are not part of this project; what is measured with these says how the
// integer arithmetic behaves on a network whose activations are scaled like a trained one's, nothing of accuracy.
#pragma once

#include <cstdint>

#include "workloads/quantize/float_network.h"

namespace fusesim::quantize {

/// A picture-like map of about zero mean and unit variance: noise of several spatial frequencies, stronger the lower.
/// The same on every machine.
[[nodiscard]] Map synthetic_image(graph::Shape shape, std::uint64_t seed);

/// Weights for every node that runs, the same on every machine. Convolutions and linear layers: zero mean, variance
/// 2 / fan-in (He et al., "Delving deep into rectifiers", ICCV 2015), bell-shaped. Biases: standard deviation 0.1.
/// Batch norm: as after training, each channel's mean and variance are those that `samples` synthetic images produce
/// there; on top gamma from 0.75 to 1.25 and beta of mean 1 and standard deviation 0.25. With a beta around zero half
/// of every map falls to the ReLU, and a random network of that kind is chaotic: it multiplies any small difference
/// from layer to layer, which trained ones do not, and no figure of the arithmetic would survive it.
/// Throws QuantizeError when there are no samples, or the graph has not exactly one input.
[[nodiscard]] FloatNetwork synthetic_network(graph::Graph graph, std::uint64_t seed, std::uint32_t samples = 8,
                                             const Checkpoint& checkpoint = {});

}  // namespace fusesim::quantize
