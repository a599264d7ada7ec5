// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/synthetic.h"

#include <algorithm>
#include <cmath>

#include "workloads/reference/quantized_graph.h"

namespace fusesim::quantize {
namespace {

using graph::NodeId;

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014), and numbers made of it by exact arithmetic only: the distributions of
/// <random> and the functions of <cmath> differ from library to library.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : state_(seed) { state_ = next() + stream; }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  /// 0 <= x < 1.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Zero mean, unit variance, nearly normal: the sum of 12 uniform numbers, each of 16 bits.
  double normal() {
    std::int64_t sum = 0;
    for (int word = 0; word < 3; ++word) {
      for (std::uint64_t bits = next(), part = 0; part < 4; ++part, bits >>= 16) sum += bits & 0xFFFF;
    }
    return static_cast<double>(sum - 6 * 65535) * 0x1p-16;
  }

 private:
  std::uint64_t state_;
};

/// Noise of one value every `period` elements, in between interpolated.
void add_noise(graph::Shape shape, std::uint32_t period, double amplitude, Random& random, Map& map) {
  const std::uint32_t rows = shape.height / period + 2, columns = shape.width / period + 2;
  std::vector<double> grid(std::size_t{rows} * columns);
  for (std::uint32_t c = 0; c < shape.channels; ++c) {
    for (double& value : grid) value = amplitude * random.normal();
    for (std::uint32_t y = 0; y < shape.height; ++y) {
      for (std::uint32_t x = 0; x < shape.width; ++x) {
        const double down = static_cast<double>(y % period) / period, right = static_cast<double>(x % period) / period;
        const double* corner = &grid[std::size_t{y / period} * columns + x / period];
        map[(std::size_t{c} * shape.height + y) * shape.width + x] +=
            (1 - down) * ((1 - right) * corner[0] + right * corner[1]) +
            down * ((1 - right) * corner[columns] + right * corner[columns + 1]);
      }
    }
  }
}

/// Fits a batch norm to what it reads: one map a sample.
Parameters fit_batch_norm(const std::vector<const Map*>& maps, std::size_t channels, Random& random) {
  const std::size_t pixels = maps[0]->size() / channels;
  const double count = static_cast<double>(pixels * maps.size());
  std::vector<double> means, variances;
  double layer_sum = 0, layer_squares = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    for (const Map* map : maps) {
      for (std::size_t i = c * pixels; i < (c + 1) * pixels; ++i) {
        sum += (*map)[i];
        squares += (*map)[i] * (*map)[i];
      }
    }
    means.push_back(sum / count);
    variances.push_back(std::max(squares / count - means[c] * means[c], 0.0));
    layer_sum += sum;
    layer_squares += squares;
  }
  const double layer_count = count * static_cast<double>(channels);
  const double layer_mean = layer_sum / layer_count;
  const double layer_variance = layer_squares / layer_count - layer_mean * layer_mean;
  Parameters norm;
  for (std::size_t c = 0; c < channels; ++c) {
    // On a map of one pixel a few samples say little of a channel's variance: lean on that of the whole layer.
    const double variance = 0.75 * variances[c] + 0.25 * layer_variance + 1e-5;
    const double factor = (0.75 + 0.5 * random.uniform()) / std::sqrt(variance);
    norm.weights.push_back(factor);
    norm.bias.push_back(1 + 0.25 * random.normal() - means[c] * factor);
  }
  return norm;
}

}  // namespace

Map synthetic_image(graph::Shape shape, std::uint64_t seed) {
  Random random(seed, 0);
  Map map(shape.elements(), 0.0);
  for (const auto& [period, amplitude] : {std::pair{32U, 0.9}, {8U, 0.7}, {2U, 0.4}, {1U, 0.2}}) {
    add_noise(shape, period, amplitude, random, map);
  }
  return map;
}

FloatNetwork synthetic_network(graph::Graph graph, std::uint64_t seed, std::uint32_t samples,
                               const Checkpoint& checkpoint) {
  if (samples == 0) throw QuantizeError("a synthetic network needs a sample image to fit its batch norms to");
  FloatNetwork network{std::move(graph), {}};
  const NodeId entry = input_of(network.graph);
  std::vector<std::vector<Map>> maps(network.graph.nodes().size());  // One a node and sample.
  for (NodeId id = 0; id < network.graph.nodes().size(); ++id) {
    if (checkpoint) checkpoint();
    const graph::Node& node = network.graph.node(id);
    Random random(seed, id + 1);
    Parameters parameters;
    if (const auto conv = reference::as_convolution(node.op)) {
      const std::uint32_t group_in = conv->in_channels / conv->groups;
      const double fan_in = static_cast<double>(group_in) * conv->kernel_height * conv->kernel_width;
      const double deviation = std::sqrt(2.0 / fan_in);
      parameters.weights.resize(graph::parameters(node.op) - (conv->bias ? conv->out_channels : 0));
      for (double& weight : parameters.weights) weight = deviation * random.normal();
      parameters.bias.resize(conv->bias ? conv->out_channels : 0);
      for (double& bias : parameters.bias) bias = 0.1 * random.normal();
    }
    if (node.executed && std::holds_alternative<graph::BatchNorm>(node.op)) {
      std::vector<const Map*> read;
      for (const Map& map : maps[node.inputs[0]]) read.push_back(&map);
      parameters = fit_batch_norm(read, node.shape.channels, random);
    }
    for (std::uint32_t sample = 0; sample < samples && node.executed; ++sample) {
      if (id == entry) {
        maps[id].push_back(synthetic_image(node.shape, seed ^ random.next()));
        continue;
      }
      std::vector<const Map*> inputs;
      for (const NodeId producer : node.inputs) inputs.push_back(&maps[producer][sample]);
      maps[id].push_back(evaluate(network.graph, id, parameters, inputs));
    }
    network.parameters.push_back(node.executed ? std::move(parameters) : Parameters{});
  }
  return network;
}

}  // namespace fusesim::quantize
