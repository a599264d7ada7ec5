// SPDX-License-Identifier: Apache-2.0
// The published model of the ARCHON accelerator (the study's Timeloop sheets): 64 PEs of one multiplication and 24
// ternary additions a cycle, every block of expand - depthwise - project fused, all other layers at one multiply-
// accumulate a PE and cycle. It knows no survival, memory, adder stall, bias or halo. Kept for comparison with the
// hardware model and never used by it. docs/models.md has the formulas and their source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/graph/graph.h"
#include "workloads/transform/bottleneck.h"

namespace fusesim::analytic {

struct ArchonMachine {
  std::uint32_t pes = 64;
  std::uint32_t predictor_lanes = 24;
};

/// Cycles of one fused block; N pixels, C, M, O channels, g groups, K x K depthwise.
struct ArchonBlock {
  std::string name;                     ///< Of the expanding layer.
  std::uint64_t predict_expand = 0;     ///< floor(g (C/g)(M/g) Nin / pes / lanes)
  std::uint64_t predict_depthwise = 0;  ///< floor(K^2 M N / pes / lanes)
  std::uint64_t main = 0;               ///< K^2 (C/g) O N / pes
  [[nodiscard]] std::uint64_t cycles() const { return predict_expand + predict_depthwise + main; }
};

/// A layer outside the blocks: MACs / pes.
struct ArchonLayer {
  std::string name;
  std::uint64_t cycles = 0;
  std::uint64_t published_cycles = 0;  ///< The same but where the published sheet has one of its two slips.
  std::string slip;                    ///< What it counts wrong; empty otherwise.
};

struct ArchonCycles {
  std::vector<ArchonBlock> blocks;
  std::vector<ArchonLayer> layers;
  [[nodiscard]] std::uint64_t fused() const;   ///< Sum over the blocks.
  [[nodiscard]] std::uint64_t others() const;  ///< Sum over the other layers.
  [[nodiscard]] std::uint64_t others_published() const;
  [[nodiscard]] std::uint64_t corrected() const { return fused() + others(); }
  [[nodiscard]] std::uint64_t published() const { return fused() + others_published(); }
};

/// The blocks that are fused: those that transform::find_bottlenecks() finds and of which the fused form multiplies
/// less than the dense one, K^2 C O / g N < Nin C M / g + N K^2 M + N M O / g. The study does the same: it leaves the
/// blocks that do not expand alone.
[[nodiscard]] std::vector<transform::BottleneckNodes> worth_fusing(const graph::Graph& graph);

/// Closed form of a network with the blocks worth_fusing() fused. The two slips of the
/// published FusioNet sheet, wherever their cause occurs: a grouped pointwise layer after the blocks
/// counts one group only; a classifier always reads 1280 features.
[[nodiscard]] ArchonCycles archon_cycles(const graph::Graph& graph, const ArchonMachine& machine = {});

/// Multiplications of the fused blocks of a network.
struct BlockMultiplications {
  std::string name;
  double dense = 0;      ///< Nin C M / g + N K^2 M + N M O / g
  double pruned = 0;     ///< The three terms times the densities of their weights.
  double predicted = 0;  ///< Pruned, not fused, of each layer only the outputs whose ReLU lets pass (project: all of
                         ///< its inputs that pass).
  double fused = 0;      ///< N K^2 C O / g
};

struct BlockDensities {
  double pointwise = 0.2, depthwise = 0.3;  ///< Share of weights that pruning leaves.
  double survival1 = 1, survival2 = 1;      ///< Share of ones in masks 1 and 2.
};

[[nodiscard]] std::vector<BlockMultiplications> block_multiplications(const graph::Graph& graph,
                                                                      const BlockDensities& densities);
/// Sum over blocks, named "total".
[[nodiscard]] BlockMultiplications total(const std::vector<BlockMultiplications>& blocks);

}  // namespace fusesim::analytic
