// SPDX-License-Identifier: Apache-2.0
// Whole networks in integers: close to themselves in real numbers, and with the sums the array computes.
#include "workloads/zoo/zoo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hw/array/values/convolve.h"
#include "workloads/graph/layer.h"
#include "workloads/quantize/quantize.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/synthetic.h"
#include "workloads/reference/execute.h"

namespace fusesim::quantize {
namespace {

using graph::NodeId;

struct Case {
  FloatNetwork network;
  std::vector<Map> samples;
  Map image;
};

Case make_case(std::string_view name, std::string_view variant, std::uint32_t size, std::uint32_t samples) {
  Case result{fold_batch_norm(synthetic_network(with_input_size(zoo::build(name, variant), size, size), 1, samples)),
              {},
              synthetic_image({3, size, size}, 1000)};
  for (std::uint32_t i = 0; i < samples; ++i) result.samples.push_back(synthetic_image({3, size, size}, 100 + i));
  return result;
}

struct Bounds {
  double whole, own, output;  ///< Least of all nodes, least of all nodes, of the last node; decibel.
};

void expect_accuracy(const Case& network, const Options& options, const Bounds& bounds) {
  const reference::QuantizedGraph quantized =
      quantize(network.network, calibrate(network.network, network.samples, options), options);
  const auto result = accuracy(network.network, quantized, network.image);
  for (NodeId id = 0; id < result.size(); ++id) {
    if (!result[id]) continue;
    EXPECT_GE(result[id]->whole, bounds.whole) << quantized.graph().node(id).name;
    EXPECT_GE(result[id]->own, bounds.own) << quantized.graph().node(id).name;
  }
  EXPECT_GE(result.back()->whole, bounds.output);
}

TEST(Accuracy, MobileNetV2StaysCloseToItsRealSelf) {
  const Case network = make_case("mobilenet_v2", "baseline", 64, 8);
  expect_accuracy(network, {}, {22, 33, 26});
  expect_accuracy(network, {.calibration = Calibration::percentile}, {20, 30, 24});
}

TEST(Accuracy, MobileNetV3SmallStaysCloseToItsRealSelf) {
  const Case network = make_case("mobilenet_v3_small", "baseline", 64, 8);
  expect_accuracy(network, {}, {19, 31, 22});
}

TEST(Accuracy, FuseVariantsStayCloseToTheirRealSelvesWithEitherKindOfConcat) {
  for (const std::string_view variant : {"fuse_full", "fuse_half"}) {
    const Case network = make_case("mobilenet_v2", variant, 64, 4);
    expect_accuracy(network, {}, {20, 30, 22});
    expect_accuracy(network, {.concat = ConcatScales::rescaled}, {20, 30, 22});
  }
}

/// Without training for them four bits lose a whole random network's output; a single layer keeps most of its signal.
TEST(Accuracy, FourBitLayersLoseAboutFourBits) {
  using enum reference::ElementType;
  const Case network = make_case("mobilenet_v2", "baseline", 64, 4);
  expect_accuracy(network, {.weights = int4}, {4, 13, 6});
  expect_accuracy(network, {.weights = int4, .activations = int4}, {3, 12, 5});
}

isa::ConvGeometry geometry_of(const graph::Layer& layer) {
  return {.in_channels = layer.in_channels,
          .in_height = layer.in_height,
          .in_width = layer.in_width,
          .out_channels = layer.out_channels,
          .out_height = layer.out_height,
          .out_width = layer.out_width,
          .kernel_height = layer.kernel_height,
          .kernel_width = layer.kernel_width,
          .stride_height = layer.stride_height,
          .stride_width = layer.stride_width,
          .dilation_height = layer.dilation_height,
          .dilation_width = layer.dilation_width,
          .pad_top = layer.pad_top,
          .pad_left = layer.pad_left,
          .pad_bottom = layer.pad_bottom,
          .pad_right = layer.pad_right,
          .groups = layer.groups};
}

/// Runs the network and compares the sums of every layer with those of the array's kernels. Returns all tensors.
std::vector<reference::Tensor> expect_sums_of_the_array(const reference::QuantizedGraph& network, const Map& image) {
  std::vector<reference::Tensor> tensors =
      reference::execute(network, quantize_map(image, network.format(network.input())), {.keep_sums = true});
  array::values::Scratch scratch;
  for (const graph::Layer& layer : array_layers(network.graph())) {
    const NodeId id = network.graph().find(layer.name).value();
    const graph::Node& node = network.graph().node(id);
    const reference::ConvConstants& constants = network.convolution(id);
    EXPECT_LT(largest_sum(network, id), std::uint64_t{1} << 31) << layer.name << " could wrap around";
    std::vector<std::int32_t> sums(node.shape.elements());
    array::values::convolve(geometry_of(layer), tensors[node.inputs[0]].values.data(), constants.weights.values.data(),
                            constants.pad_value, sums.data(), scratch);
    EXPECT_EQ(reference::difference(node, tensors[id].sums, sums), std::nullopt);
  }
  return tensors;
}

struct Variant {
  std::string_view network, variant;
};
std::vector<Variant> all_variants() {
  std::vector<Variant> result;
  for (const std::string_view network : zoo::networks()) {
    for (const std::string_view variant : zoo::variants(network)) result.push_back({network, variant});
  }
  return result;
}

class EveryNetwork : public testing::TestWithParam<Variant> {};

TEST_P(EveryNetwork, RunsInIntegersWithTheSumsOfTheArray) {
  const Case network = make_case(GetParam().network, GetParam().variant, 32, 2);
  const reference::QuantizedGraph quantized = quantize(network.network, network.samples);
  // An image that it was calibrated with, so that little of it is cut off.
  const Map& image = network.samples[0];
  const std::vector<reference::Tensor> tensors = expect_sums_of_the_array(quantized, image);
  const NodeId output = quantized.graph().output();
  EXPECT_GE(sqnr(execute(network.network, image)[output], tensors[output].values, quantized.format(output)), 6);
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryNetwork, testing::ValuesIn(all_variants()), [](const auto& network) {
  return std::string(network.param.network) + "_" + std::string(network.param.variant);
});

TEST(FullSize, MobileNetV2RunsAt224WithTheSumsOfTheArray) {
  const Case network = make_case("mobilenet_v2", "baseline", 224, 1);
  const auto tensors = expect_sums_of_the_array(quantize(network.network, network.samples), network.image);
  EXPECT_EQ(std::count_if(tensors.begin(), tensors.end(), [](const auto& tensor) { return !tensor.sums.empty(); }), 53);
}

}  // namespace
}  // namespace fusesim::quantize
