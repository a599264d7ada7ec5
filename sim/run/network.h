// SPDX-License-Identifier: Apache-2.0
// From a network's name to a program for a whole machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw/isa/program.h"
#include "sim/config/machine_config.h"
#include "workloads/graph/graph.h"
#include "workloads/tile/compile.h"

namespace fusesim::run {

/// Height and width of a network's input.
struct InputSize {
  std::uint32_t height = 0, width = 0;
  bool operator==(const InputSize&) const = default;
};

struct Network {
  std::string name;
  std::string variant = "baseline";
  std::optional<InputSize> input = {};  ///< Default: what the network was made for, 224x224 or 32x32.
};

/// "mobilenet_v2 fuse_half", and the size of the input when it is not what the network was made for: what programs are
/// called. Throws as build() does for unknown names.
[[nodiscard]] std::string describe(const Network& network);

/// The network's graph. Throws std::invalid_argument naming the nearest valid name, or graph::GraphError when the input
/// is too small or too large for the network.
[[nodiscard]] graph::Graph build(const Network& network);

/// Runs expand - depthwise - project blocks on the fused unit without training (workloads/predict): weights are pruned,
/// predictors pass as much as they are asked to. Cycles say how the machine behaves so, results nothing of accuracy.
struct PredictionOptions {
  double survival = 0.3;                 ///< Share of values that each predicted ReLU lets pass, 0 .. 1.
  std::vector<std::string> blocks = {};  ///< By name; empty: all that can be.
};

struct NetworkOptions {
  isa::Dataflow depthwise = isa::Dataflow::depthwise_column;
  bool row_packing = false;
  std::uint64_t seed = 1;  ///< Of the made-up weights and input.
  bool values = true;      ///< Without, the program is for timing only.
  /// Given: blocks that can be are predicted and run on the machine's fused unit.
  std::optional<PredictionOptions> prediction = {};
  tile::FusedOptions fused = {};
};

/// What the compiler is told of the machine, which has a DRAM: its bandwidth and latency are what it believes of the
/// memory.
[[nodiscard]] tile::Options tile_options(const config::MachineConfig& machine, const NetworkOptions& options);

/// The network in integers with made-up weights, compiled for the machine, which has a DRAM: its bandwidth and latency
/// are what the compiler believes of the memory. With predicted blocks the program's name says so. Throws
/// std::invalid_argument (tile::CompileError among them).
[[nodiscard]] tile::Compiled compile_network(const Network& network, const config::MachineConfig& machine,
                                             const NetworkOptions& options);

/// Cycles of the machine's clock from a request to its first byte, with the DRAM's row closed.
[[nodiscard]] double latency_cycles(const config::MachineConfig& machine);

}  // namespace fusesim::run
