// SPDX-License-Identifier: Apache-2.0
// Why simulated figures differ from the textbook closed form: docs/results.md names the causes, this test shows that
// there are no others. The closed form gives every fold the full array's R rows of draining; a real fold of r rows
// occupies the output port and its accumulators for r cycles only. With r in place of R, and with the two branches of a
// FuSe layer following each other without a gap, the closed form is the simulator's figure, cycle for cycle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/sweep/evaluate.h"
#include "workloads/graph/graph.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::sweep {
namespace {

using graph::Layer;
using graph::LayerType;

/// A fold by the closed form, on an array of R x C.
struct ClosedFold {
  std::uint64_t feed;        ///< Cycles operands enter: T, or s c + K - s.
  std::uint64_t rows, cols;  ///< In use.
  std::uint64_t first_tap;   ///< FuSe: cycle of the first broadcast tap.
  std::uint64_t taps;        ///< FuSe: K.
  bool fuse;
};

bool is_fuse(const Layer& layer) {
  return layer.type == LayerType::fuse_1xk || layer.type == LayerType::fuse_kx1;
}

std::vector<std::uint64_t> pieces(std::uint64_t whole, std::uint64_t piece) {
  std::vector<std::uint64_t> sizes(whole / piece, piece);
  if (whole % piece > 0) sizes.push_back(whole % piece);
  return sizes;
}

std::vector<ClosedFold> folds_of(const Layer& layer, std::uint64_t side) {
  std::vector<ClosedFold> folds;
  if (is_fuse(layer)) {
    const bool along_row = layer.type == LayerType::fuse_1xk;
    const std::uint64_t lines = along_row ? layer.out_height : layer.out_width;
    const std::uint64_t outputs = along_row ? layer.out_width : layer.out_height;
    const std::uint64_t taps = along_row ? layer.kernel_width : layer.kernel_height;
    const std::uint64_t stride = along_row ? layer.stride_width : layer.stride_height;
    for (const std::uint64_t cols : pieces(outputs, side)) {
      for (const std::uint64_t rows : pieces(lines * layer.out_channels, side)) {
        // The first tap goes out once the first input has reached the last column, whatever the stride: with stride 2
        // the accumulators are busy while the second phase streams in.
        folds.push_back({stride * cols + taps - stride, rows, cols, cols - 1, taps, true});
      }
    }
    return folds;
  }
  const bool depthwise = layer.type == LayerType::depthwise;
  const std::uint64_t taps = std::uint64_t{layer.kernel_height} * layer.kernel_width;
  const std::uint64_t inner = depthwise ? taps : taps * layer.in_channels;
  for (std::uint32_t product = 0; product < (depthwise ? layer.out_channels : 1U); ++product) {
    for (const std::uint64_t cols : pieces(depthwise ? 1 : layer.out_channels, side)) {
      for (const std::uint64_t rows : pieces(std::uint64_t{layer.out_height} * layer.out_width, side)) {
        folds.push_back({inner, rows, cols, 0, 0, false});
      }
    }
  }
  return folds;
}

/// Cycles of folds issued back to back. `rows` of a fold count for its successor's delay: R in the textbook form, the
/// rows in use in the exact one.
std::uint64_t cycles_of(const std::vector<ClosedFold>& folds, std::uint64_t side, isa::Accumulators accumulators,
                        bool exact) {
  std::uint64_t start = 0, end = 0;
  for (std::size_t f = 0; f < folds.size(); ++f) {
    if (f > 0) {
      const ClosedFold &last = folds[f - 1], &fold = folds[f];
      const std::uint64_t rows = exact ? (fold.fuse ? fold.rows : last.rows) : side;
      const bool single = accumulators == isa::Accumulators::single;
      const std::uint64_t hold = !single ? 0 : fold.fuse ? last.feed - fold.first_tap : last.feed;
      // The port is free `rows` after the last drain began; a shorter fold would reach it sooner, so it waits.
      const std::uint64_t drained = last.feed + rows > fold.feed ? last.feed + rows - fold.feed : 0;
      start += std::max({last.feed, drained, single ? hold + rows : 0});
    }
    const ClosedFold& fold = folds[f];
    // The textbook form ends every layer with a full fold.
    const std::uint64_t stay = !exact ? (fold.fuse ? side + fold.taps : fold.feed + side + side - 1)
                                      : fold.feed + (fold.fuse ? 1 : fold.rows + fold.cols - 1);
    end = std::max(end, start + stay + side);
  }
  return end;
}

/// Sum over layers; the two branches of a FuSe layer, which do not wait for each other, are one sequence of folds.
std::uint64_t exact_cycles(const std::vector<Layer>& layers, std::uint64_t side, isa::Accumulators accumulators) {
  std::uint64_t cycles = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    std::vector<ClosedFold> folds = folds_of(layers[l], side);
    if (layers[l].type == LayerType::fuse_1xk) {
      const std::vector<ClosedFold> branch = folds_of(layers[++l], side);
      folds.insert(folds.end(), branch.begin(), branch.end());
    }
    cycles += cycles_of(folds, side, accumulators, true);
  }
  return cycles;
}

std::uint64_t textbook_cycles(const std::vector<Layer>& layers, std::uint64_t side, isa::Accumulators accumulators) {
  std::uint64_t cycles = 0;
  for (const Layer& layer : layers) cycles += cycles_of(folds_of(layer, side), side, accumulators, false);
  return cycles;
}

constexpr const char* networks[] = {"mobilenet_v1", "mobilenet_v2", "mnasnet_b1", "mobilenet_v3_small",
                                    "mobilenet_v3_large"};

TEST(TimingLaw, ClosedFormWithRowsInUseIsTheSimulatedFigure) {
  for (const char* network : networks) {
    for (const char* variant : {"baseline", "fuse_half", "fuse_full", "fuse_half_50"}) {
      for (const std::uint32_t side : {32U, 64U}) {
        for (const auto accumulators : {isa::Accumulators::single, isa::Accumulators::pingpong}) {
          Point point{network, variant, side, side, true, std::nullopt, {}};
          point.hardware.accumulators = accumulators;
          const Workloads workloads({point});
          EXPECT_EQ(evaluate(point, workloads).cycles,
                    exact_cycles(workloads.layers(network, variant), side, accumulators))
              << describe(point);
        }
      }
    }
  }
}

// The textbook figures docs/results.md quotes, in thousand cycles and as speedups.
struct Textbook {
  const char* network;
  double baseline_single, half_single, full_single, baseline_pingpong, half_pingpong, full_pingpong;
};

TEST(TimingLaw, TextbookFormGivesItsKnownFigures) {
  for (const Textbook& known : {Textbook{"mobilenet_v1", 2688, 8.08, 4.63, 2342, 8.33, 4.54},
                                Textbook{"mobilenet_v2", 3152, 8.92, 6.06, 2736, 9.47, 6.20},
                                Textbook{"mnasnet_b1", 2918, 8.60, 5.84, 2350, 8.55, 5.60},
                                Textbook{"mobilenet_v3_small", 763, 4.81, 3.41, 594, 4.50, 3.13},
                                Textbook{"mobilenet_v3_large", 2136, 6.44, 4.10, 1757, 6.47, 3.93}}) {
    const auto cycles = [&](const char* variant, isa::Accumulators accumulators) {
      const auto layers = graph::array_layers(zoo::build(known.network, variant));
      return static_cast<double>(textbook_cycles(layers, 64, accumulators));
    };
    const double single = cycles("baseline", isa::Accumulators::single);
    const double pingpong = cycles("baseline", isa::Accumulators::pingpong);
    EXPECT_NEAR(single / 1000, known.baseline_single, 0.5) << known.network;
    EXPECT_NEAR(single / cycles("fuse_half", isa::Accumulators::single), known.half_single, 0.006) << known.network;
    EXPECT_NEAR(single / cycles("fuse_full", isa::Accumulators::single), known.full_single, 0.006) << known.network;
    EXPECT_NEAR(pingpong / 1000, known.baseline_pingpong, 0.5) << known.network;
    EXPECT_NEAR(pingpong / cycles("fuse_half", isa::Accumulators::pingpong), known.half_pingpong, 0.006);
    EXPECT_NEAR(pingpong / cycles("fuse_full", isa::Accumulators::pingpong), known.full_pingpong, 0.006);
  }
}

}  // namespace
}  // namespace fusesim::sweep
