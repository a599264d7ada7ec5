// SPDX-License-Identifier: Apache-2.0
// The value kernels on the layers of the shipped networks, each against the multiply-accumulate peak of this core at
// the same vector width, measured beside it. `of_peak` is the layer's rate over that peak (VNNI kernels multiply bytes
// and may exceed 1); `times_peak_time` its inverse.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hw/array/values/convolve.h"
#include "multiply_peak.h"
#include "workloads/graph/graph.h"
#include "workloads/graph/layer.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::benchmarks {
namespace {

using array::values::InstructionSet;
using graph::Layer;

isa::ConvGeometry geometry(const Layer& layer) {
  isa::ConvGeometry g;
  g.in_channels = layer.in_channels;
  g.in_height = layer.in_height;
  g.in_width = layer.in_width;
  g.out_channels = layer.out_channels;
  g.out_height = layer.out_height;
  g.out_width = layer.out_width;
  g.kernel_height = layer.kernel_height;
  g.kernel_width = layer.kernel_width;
  g.stride_height = layer.stride_height;
  g.stride_width = layer.stride_width;
  g.dilation_height = layer.dilation_height;
  g.dilation_width = layer.dilation_width;
  g.pad_top = layer.pad_top;
  g.pad_left = layer.pad_left;
  g.pad_bottom = layer.pad_bottom;
  g.pad_right = layer.pad_right;
  g.groups = layer.groups;
  return g;
}

struct Work {
  isa::ConvGeometry geometry;
  std::vector<std::int8_t> in, weights;
  std::vector<std::int32_t> out;

  explicit Work(const Layer& layer)
      : geometry(benchmarks::geometry(layer)),
        in(std::size_t{layer.in_channels} * layer.in_height * layer.in_width),
        weights(std::size_t{layer.out_channels} * (layer.in_channels / layer.groups) * layer.kernel_height *
                layer.kernel_width),
        out(std::size_t{layer.out_channels} * layer.out_height * layer.out_width) {
    std::mt19937 random(1);
    std::uniform_int_distribution<int> any(-128, 127);
    for (std::int8_t& value : in) value = static_cast<std::int8_t>(any(random));
    for (std::int8_t& value : weights) value = static_cast<std::int8_t>(any(random));
  }
};

void run_layers(benchmark::State& state, const std::vector<Layer>& layers, InstructionSet set) {
  std::vector<Work> work(layers.begin(), layers.end());
  array::values::Scratch scratch;
  double macs = 0;
  for (const Layer& layer : layers) macs += static_cast<double>(layer.macs());
  const double peak = multiply_peak(set);
  for (auto _ : state) {
    for (Work& w : work) {
      array::values::convolve(w.geometry, w.in.data(), w.weights.data(), 0, w.out.data(), scratch, set);
      benchmark::ClobberMemory();
    }
  }
  using benchmark::Counter;
  const double total = macs * static_cast<double>(state.iterations());
  state.counters["MAC"] = Counter(total, Counter::kIsRate);
  state.counters["peak_MAC"] = Counter(peak);
  state.counters["of_peak"] = Counter(total / peak, Counter::kIsRate);
  state.counters["times_peak_time"] =
      Counter(total / peak, static_cast<Counter::Flags>(Counter::kIsRate | Counter::kInvert));
}

void register_layers(const std::string& title, const std::vector<Layer>& layers) {
  for (const InstructionSet set : array::values::available_instruction_sets())
    benchmark::RegisterBenchmark((title + "/" + name(set)).c_str(), [layers, set](benchmark::State& state) {
      run_layers(state, layers, set);
    })->Unit(benchmark::kMicrosecond);
}

void register_peaks() {
  for (const InstructionSet set : array::values::available_instruction_sets())
    benchmark::RegisterBenchmark((std::string("multiply_peak/") + name(set)).c_str(),
                                 [set](benchmark::State& state) {
                                   double peak = 0;
                                   for (auto _ : state) peak = multiply_peak(set);
                                   state.counters["peak_MAC"] = benchmark::Counter(peak);
                                 })
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1);
}

std::string shape(const Layer& layer) {
  std::string text = std::to_string(layer.in_channels) + "to" + std::to_string(layer.out_channels) + "_" +
                     std::to_string(layer.out_height) + "x" + std::to_string(layer.out_width);
  if (layer.stride_height != 1) text += "_stride" + std::to_string(layer.stride_height);
  if (layer.kernel_height * layer.kernel_width > 1)
    text += "_kernel" + std::to_string(layer.kernel_height) + "x" + std::to_string(layer.kernel_width);
  return text;
}

void register_network(std::string_view network) {
  const std::vector<Layer> layers = graph::array_layers(zoo::build(network, "baseline"));
  std::vector<Layer> all, depthwise, pointwise;
  std::set<std::string> seen;
  for (const Layer& layer : layers) {
    if (layer.type == graph::LayerType::linear) continue;
    all.push_back(layer);
    if (layer.type == graph::LayerType::depthwise) depthwise.push_back(layer);
    if (layer.type == graph::LayerType::pointwise) pointwise.push_back(layer);
    const std::string title = std::string(name(layer.type)) + "/" + std::string(network) + "/" + shape(layer);
    if (seen.insert(title).second) register_layers(title, {layer});
  }
  register_layers("all/" + std::string(network) + "/pointwise", pointwise);
  if (!depthwise.empty()) register_layers("all/" + std::string(network) + "/depthwise", depthwise);
  register_layers("all/" + std::string(network) + "/layers", all);
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace
}  // namespace fusesim::benchmarks

int main(int argc, char** argv) {
  benchmark::AddCustomContext("processor", fusesim::benchmarks::processor());
  fusesim::benchmarks::register_peaks();
  for (const std::string_view network : {"mobilenet_v1", "mobilenet_v2", "resnet50"})
    fusesim::benchmarks::register_network(network);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
