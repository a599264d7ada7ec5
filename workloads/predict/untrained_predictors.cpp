// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/untrained_predictors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "hw/isa/generated_values.h"
#include "workloads/predict/annotate.h"
#include "workloads/quantize/synthetic.h"

namespace fusesim::predict {
namespace {

using graph::NodeId;
using quantize::Map;

/// Counts of a channel's sums, ascending, those that occur.
using Histogram = std::vector<std::pair<std::int32_t, std::uint64_t>>;

Histogram count(const std::vector<std::vector<std::int32_t>>& maps, std::size_t first, std::size_t elements) {
  std::vector<std::int32_t> values;
  for (const std::vector<std::int32_t>& map : maps) {
    const auto begin = map.begin() + static_cast<std::ptrdiff_t>(first);
    values.insert(values.end(), begin, begin + static_cast<std::ptrdiff_t>(elements));
  }
  const auto [least, greatest] = std::ranges::minmax(values);
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(greatest - least) + 1, 0);
  for (const std::int32_t value : values) ++counts[static_cast<std::size_t>(value - least)];
  Histogram histogram;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) histogram.emplace_back(least + static_cast<std::int32_t>(i), counts[i]);
  }
  return histogram;
}

class Fit {
 public:
  Fit(double survival, std::uint64_t seed) : survival_(survival), seed_(seed) {}

  /// The batch norm of a stage. `sums` holds one map of all channels a sample; `units` what a step of each channel's
  /// sums stands for.
  Norm stage(const std::vector<std::vector<std::int32_t>>& sums, const std::vector<StageChannel>& channels) {
    Norm norm;
    double owed = 0;  // Share that the channels so far have passed too little.
    const std::size_t pixels = sums[0].size() / channels.size();
    for (std::size_t c = 0; c < channels.size(); ++c) {
      const Histogram histogram = count(sums, c * pixels, pixels);
      fit(histogram, channels[c].unit, owed, norm);
    }
    return norm;
  }

 private:
  /// Uniform, 0 <= x < 1.
  double random() { return 0x1p-53 * static_cast<double>(isa::generated_block(seed_, drawn_++) >> 11); }

  void fit(const Histogram& histogram, double unit, double& owed, Norm& norm) {
    double count = 0, sum = 0, squares = 0;
    for (const auto& [value, times] : histogram) {
      const auto weight = static_cast<double>(times);
      count += weight;
      sum += weight * value;
      squares += weight * value * value;
    }
    const double variance = std::max(squares / count - (sum / count) * (sum / count), 0.0);
    const bool falling = random() < 1.0 / 16;
    const double gain = 0.75 + 0.5 * random();
    // Between which neighbouring sums to cut: all below pass when the channel falls, else all above.
    const double wanted = survival_ + owed;
    double below = 0, best_cut = histogram.begin()->first - 0.5, best_share = falling ? 0 : 1;
    for (auto at = histogram.begin(); at != histogram.end(); ++at) {
      below += static_cast<double>(at->second) / count;
      const double share = falling ? below : 1 - below;
      if (std::abs(share - wanted) >= std::abs(best_share - wanted)) continue;
      best_share = share;
      const auto next = std::next(at);
      best_cut = next == histogram.end() ? at->first + 0.5 : (at->first + next->first) / 2.0;
    }
    owed = wanted - best_share;
    const bool constant = variance == 0 || unit == 0;
    // What does not vary passes by its offset alone.
    const double factor = constant ? 0 : (falling ? -gain : gain) / (unit * std::sqrt(variance));
    norm.factor.push_back(factor);
    norm.offset.push_back(constant ? (best_share > 0.5 ? gain : -gain) : -factor * unit * best_cut);
  }

  double survival_;
  std::uint64_t seed_, drawn_ = 0;
};

}  // namespace

std::vector<BlockPredictor> untrained_predictors(const quantize::FloatNetwork& network,
                                                 std::span<const transform::BottleneckNodes> blocks, double survival,
                                                 std::span<const Map> samples, std::uint64_t seed,
                                                 const quantize::Checkpoint& checkpoint) {
  if (!(survival >= 0 && survival <= 1)) {
    throw PredictError(fmt::format("a survival of {} is outside 0 .. 1", survival));
  }
  if (samples.empty()) throw PredictError("untrained predictors need a sample input");
  std::vector<BlockPredictor> predictors;
  for (const transform::BottleneckNodes& block : blocks) {
    const std::uint32_t middle = network.graph.node(block.expand).shape.channels;
    const Norm none{std::vector<double>(middle, 1.0), std::vector<double>(middle, 0.0)};
    predictors.push_back({.expand = none, .depthwise = none});
  }
  if (blocks.empty()) return predictors;
  // A block's inputs depend on the predictors of those before it: one walk through the network, all samples at once.
  quantize::FloatNetwork predicted = annotate(network, blocks, predictors);
  const graph::Graph& graph = predicted.graph;
  const NodeId entry = quantize::input_of(graph);
  std::map<NodeId, std::size_t> index_of;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    index_of[graph.find(block_name(network.graph, blocks[b])).value()] = b;
  }
  std::vector<std::vector<Map>> maps(graph.nodes().size());  // One a node and sample.
  const std::vector<std::vector<NodeId>> readers = graph.consumers();
  for (NodeId id = 0; id < graph.nodes().size(); ++id) {
    const graph::Node& node = graph.node(id);
    if (!node.executed) continue;
    if (checkpoint) checkpoint();
    if (const auto* op = std::get_if<graph::PredictedBlock>(&node.op)) {
      const std::size_t index = index_of.at(id);
      FloatBlock& block = *predicted.parameters[id].block;
      const graph::Shape in = graph.node(node.inputs[0]).shape;
      Fit fit(survival, isa::mix64(isa::mix64(seed) + index));
      const TernaryBlock first = ternarise(*op, block);
      std::vector<std::vector<std::int32_t>> sums;
      for (const Map& map : maps[node.inputs[0]]) {
        sums.push_back(ternary_sums1(*op, first, in, block.predictor.step, map));
      }
      block.predictor.expand = fit.stage(sums, first.expand_stage);
      const TernaryBlock second = ternarise(*op, block);
      for (std::vector<std::int32_t>& map : sums) {
        std::vector<std::uint8_t> level;
        const std::size_t pixels = std::size_t{in.height} * in.width;
        for (std::size_t i = 0; i < map.size(); ++i) {
          level.push_back(level_of(second.expand_stage[i / pixels].normalised(map[i]), block.predictor.step));
        }
        map = ternary_sums2(*op, second, in, node.shape, level);
      }
      block.predictor.depthwise = fit.stage(sums, second.depthwise_stage);
      predictors[index] = block.predictor;
    }
    for (std::size_t sample = 0; sample < samples.size(); ++sample) {
      if (id == entry) {
        if (samples[sample].size() != node.shape.elements()) {
          throw PredictError(fmt::format("sample {} has {} elements, the network's input {}", sample,
                                         samples[sample].size(), node.shape.elements()));
        }
        maps[id].push_back(samples[sample]);
        continue;
      }
      std::vector<const Map*> inputs;
      for (const NodeId producer : node.inputs) inputs.push_back(&maps[producer][sample]);
      maps[id].push_back(quantize::evaluate(graph, id, predicted.parameters[id], inputs));
    }
    for (const NodeId producer : node.inputs) {
      if (readers[producer].back() == id) maps[producer].clear();
    }
  }
  return predictors;
}

std::vector<BlockPredictor> untrained_predictors(const quantize::FloatNetwork& network,
                                                 std::span<const transform::BottleneckNodes> blocks, double survival,
                                                 std::uint64_t seed) {
  const graph::Shape shape = network.graph.node(quantize::input_of(network.graph)).shape;
  const std::array samples{quantize::synthetic_image(shape, isa::mix64(seed)),
                           quantize::synthetic_image(shape, isa::mix64(seed + 1))};
  return untrained_predictors(network, blocks, survival, samples, seed);
}

}  // namespace fusesim::predict
