// SPDX-License-Identifier: Apache-2.0
// From a network in real numbers to one in integers: post-training quantisation.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "workloads/predict/block/quantise_block.h"
#include "workloads/quantize/float_network.h"
#include "workloads/reference/quantized_graph.h"

namespace fusesim::quantize {

/// Least and greatest value of a tensor.
struct Range {
  double low = 0, high = 0;
};

enum class Calibration : std::uint8_t {
  min_max,     ///< All that the samples produce.
  percentile,  ///< Of each sample the given share of values, cut at both ends alike; the widest over the samples.
};

/// What the maps that a concat joins do when their ranges differ.
enum class ConcatScales : std::uint8_t {
  equalised,  ///< They take the concat's format, which covers all of them: joining is copying.
  rescaled,   ///< Each keeps its own, finer format and is rescaled when joined: a second rounding.
};

struct Options {
  Calibration calibration = Calibration::min_max;
  double percentile = 99.9;  ///< Above 50, at most 100.
  ConcatScales concat = ConcatScales::equalised;
  reference::ElementType weights = reference::ElementType::int8;
  reference::ElementType activations = reference::ElementType::int8;  ///< Of all tensors.
  predict::BlockWidths blocks = {};                                   ///< Of predicted blocks.
  Checkpoint checkpoint = {};
};

/// Ranges of the maps of every node over sample inputs. Throws QuantizeError when there is no sample or the percentile
/// is out of range.
[[nodiscard]] std::vector<Range> calibrate(const FloatNetwork& network, std::span<const Map> samples,
                                           const Options& options = {});

/// Ranges of the projections of predicted blocks with a residual, before it is added: such a block has two formats.
/// Empty when there are none. Throws as calibrate() does.
[[nodiscard]] std::map<graph::NodeId, Range> calibrate_projections(const FloatNetwork& network,
                                                                   std::span<const Map> samples,
                                                                   const Options& options = {});

/// The formats that "Choosing formats" gives nodes with these ranges, one a node; nodes that keep format share one.
[[nodiscard]] std::vector<reference::TensorFormat> choose_formats(const graph::Graph& graph,
                                                                  std::span<const Range> ranges,
                                                                  const Options& options = {});

/// Formats, weights and biases by docs/arithmetic.md, section "Choosing formats". `ranges` has one entry a node,
/// `projections` one a predicted block with a residual. Throws QuantizeError naming the node when the network holds
/// batch norms or nodes that never run (fold_batch_norm() first), its values are too large or too small for any scale,
/// or a predicted block does not fit `options.blocks` (predict::quantise_block()).
[[nodiscard]] reference::QuantizedGraph quantize(const FloatNetwork& network, std::span<const Range> ranges,
                                                 const Options& options = {},
                                                 const std::map<graph::NodeId, Range>& projections = {});

/// All steps: fold batch norms, calibrate, quantise.
[[nodiscard]] reference::QuantizedGraph quantize(const FloatNetwork& network, std::span<const Map> samples,
                                                 const Options& options = {});

/// The format of a tensor with values in `range`, widened to include zero.
[[nodiscard]] reference::TensorFormat format_of(Range range, reference::ElementType type);

/// A map as the integers of a format.
[[nodiscard]] std::vector<std::int8_t> quantize_map(std::span<const double> map, const reference::TensorFormat& format);

/// Power of a signal over power of its error, in decibel: 10 log10(sum of exact^2 / sum of (exact - actual)^2).
/// Infinite when there is no error.
[[nodiscard]] double sqnr(std::span<const double> exact, std::span<const std::int8_t> actual,
                          const reference::TensorFormat& format);

/// For each node whether its integers stand for its real values. They do not where only ReLU or ReLU6 reads them: what
/// those cut off is cut off before, so that no step is spent on it.
[[nodiscard]] std::vector<bool> comparable_nodes(const reference::QuantizedGraph& network);

/// How far integers are from real values at one node, by sqnr(), in decibel.
struct Accuracy {
  double whole = 0;  ///< From the same node of the real network: what all nodes up to here have lost together.
  double own = 0;    ///< From the real operator on the integers that the node reads: what it loses itself, together
                     ///< with the nodes before it that are not comparable.
};
/// For every comparable node, for one input; nothing for the others. `network` is what `quantized` was made of, batch
/// norms folded.
[[nodiscard]] std::vector<std::optional<Accuracy>> accuracy(const FloatNetwork& network,
                                                            const reference::QuantizedGraph& quantized,
                                                            std::span<const double> input);

}  // namespace fusesim::quantize
