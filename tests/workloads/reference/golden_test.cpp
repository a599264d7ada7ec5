// SPDX-License-Identifier: Apache-2.0
// The reference, and the array's kernels, against results of PyTorch (tools/make-golden-tensors).
#include "golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "hw/array/values/convolve.h"
#include "workloads/graph/shape.h"
#include "workloads/reference/execute.h"
#include "workloads/reference/operators.h"

namespace fusesim::reference {
namespace {

using tests::GoldenCase;
using tests::read_golden;

TEST(Golden, ConvolutionSumsEqualPyTorch) {
  for (const GoldenCase& golden : read_golden("convolution.txt")) {
    const graph::Conv conv = golden.convolution();
    ASSERT_EQ(graph::infer_shape(golden.name, conv, std::vector{golden.in_shape()}), golden.out_shape()) << golden.name;
    EXPECT_EQ(
        convolution_sums(conv, golden.in_shape(), golden.out_shape(), golden.tensor_of<std::int8_t>("input"),
                         golden.tensor_of<std::int8_t>("weights"), static_cast<std::int8_t>(golden.value("pad_value"))),
        golden.tensor_of<std::int32_t>("sums"))
        << golden.name;
  }
}

isa::ConvGeometry geometry_of(const GoldenCase& golden) {
  return {.in_channels = golden.size("in_channels"),
          .in_height = golden.size("in_height"),
          .in_width = golden.size("in_width"),
          .out_channels = golden.size("out_channels"),
          .out_height = golden.size("out_height"),
          .out_width = golden.size("out_width"),
          .kernel_height = golden.size("kernel_height"),
          .kernel_width = golden.size("kernel_width"),
          .stride_height = golden.size("stride_height"),
          .stride_width = golden.size("stride_width"),
          .dilation_height = golden.size("dilation_height"),
          .dilation_width = golden.size("dilation_width"),
          .pad_top = golden.size("pad_top"),
          .pad_left = golden.size("pad_left"),
          .pad_bottom = golden.size("pad_bottom"),
          .pad_right = golden.size("pad_right"),
          .groups = golden.size("groups")};
}

TEST(Golden, ArrayKernelsEqualPyTorchWithEveryInstructionSet) {
  array::values::Scratch scratch;
  for (const GoldenCase& golden : read_golden("convolution.txt")) {
    const isa::ConvGeometry geometry = geometry_of(golden);
    const auto input = golden.tensor_of<std::int8_t>("input"), weights = golden.tensor_of<std::int8_t>("weights");
    for (const array::values::InstructionSet set : array::values::available_instruction_sets()) {
      std::vector<std::int32_t> sums(golden.out_shape().elements());
      array::values::convolve(geometry, input.data(), weights.data(),
                              static_cast<std::int8_t>(golden.value("pad_value")), sums.data(), scratch, set);
      EXPECT_EQ(sums, golden.tensor_of<std::int32_t>("sums")) << golden.name;
    }
  }
}

TEST(Golden, PoolsEqualPyTorch) {
  for (const GoldenCase& golden : read_golden("pool.txt")) {
    const bool average = golden.value("kind") == 1;
    const graph::Shape in{golden.size("channels"), golden.size("in_height"), golden.size("in_width")};
    const graph::Pool pool{average ? graph::PoolKind::average : graph::PoolKind::max,
                           golden.size("kernel_height"),
                           golden.size("kernel_width"),
                           golden.size("stride_height"),
                           golden.size("stride_width"),
                           graph::Padding::symmetric(golden.size("pad_vertical"), golden.size("pad_horizontal"))};
    graph::Graph graph;
    graph.add("in", graph::Input{in});
    graph.add("pool", pool, {0});
    // A window as large as its map is a global average too.
    if (average && golden.value("out_height") * golden.value("out_width") == 1) {
      graph.add("again", graph::Pool{.kind = graph::PoolKind::global_average}, {0});
    }
    const TensorFormat format{Scale(0.037F), average ? static_cast<std::int32_t>(golden.value("zero_point")) : 0};
    for (graph::NodeId id = 1; id < graph.nodes().size(); ++id) {
      graph::Graph one;
      one.add("in", graph.node(0).op);
      one.add(graph.node(id).name, graph.node(id).op, {0});
      const QuantizedGraph network(one, {format, format}, {});
      EXPECT_EQ(execute(network, golden.tensor_of<std::int8_t>("input"))[1].values,
                golden.tensor_of<std::int8_t>("output"))
          << golden.name;
    }
  }
}

TEST(Golden, ActivationTablesEqualPyTorchInDoublePrecision) {
  for (const GoldenCase& golden : read_golden("activation.txt")) {
    const auto format = [&](const std::string& side) {
      return TensorFormat{Scale(std::ldexp(1.0F, -static_cast<int>(golden.value(side + "_exponent")))),
                          static_cast<std::int32_t>(golden.value(side + "_zero_point"))};
    };
    const Table table =
        activation_table(golden.value("kind") == 1 ? graph::ActivationKind::hsigmoid : graph::ActivationKind::hswish,
                         format("in"), format("out"));
    EXPECT_THAT(golden.tensor_of<std::int8_t>("output"), testing::ElementsAreArray(table)) << golden.name;
  }
}

/// Elements that PyTorch and we agree to compare.
void expect_equal_where_compared(const GoldenCase& golden, const std::vector<std::int8_t>& actual) {
  const std::vector<std::int64_t>& expected = golden.tensor("output");
  ASSERT_EQ(actual.size(), expected.size()) << golden.name;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != GoldenCase::not_compared) {
      ASSERT_EQ(actual[i], expected[i]) << golden.name << ", element " << i;
    }
  }
}

Scale scale_of(std::int64_t bits) {
  return Scale(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
}

TensorFormat format_of(const GoldenCase& golden, const std::string& prefix) {
  return {scale_of(golden.value(prefix + "_scale")), static_cast<std::int32_t>(golden.value(prefix + "_zero_point"))};
}

TEST(Golden, QuantisedConvolutionsEqualPyTorchAwayFromHalves) {
  for (const GoldenCase& golden : read_golden("quantized_convolution.txt")) {
    graph::Conv conv = golden.convolution();
    conv.bias = true;
    graph::Graph graph;
    graph.add("in", graph::Input{golden.in_shape()});
    graph.add("conv", conv, {0});
    std::vector<TensorFormat> formats{format_of(golden, "in"), format_of(golden, "out")};
    if (golden.value("relu") == 1) {
      graph.add("relu", graph::Activation{graph::ActivationKind::relu}, {1});
      formats.push_back(formats.back());
    }
    Weights weights{
        ElementType::int8, golden.tensor_of<std::int8_t>("weights"), {}, golden.tensor_of<std::int32_t>("bias")};
    for (const std::int64_t bits : golden.tensor("weight_scales")) weights.scales.push_back(scale_of(bits));
    const QuantizedGraph network(graph, formats, {{1, weights}});
    expect_equal_where_compared(golden, execute(network, golden.tensor_of<std::int8_t>("input")).back().values);
  }
}

TEST(Golden, SumsAndProductsEqualPyTorchAwayFromHalves) {
  for (const GoldenCase& golden : read_golden("elementwise.txt")) {
    const TensorFormat a = format_of(golden, "a"), b = format_of(golden, "b"), out = format_of(golden, "out");
    const bool product = golden.value("kind") == 1;
    const Multiplier by = make_multiplier(product_ratio(a.scale, b.scale, out.scale));
    const SharedMultiplier shared =
        make_shared_multiplier(std::vector{ratio(a.scale, out.scale), ratio(b.scale, out.scale)});
    std::vector<std::int8_t> actual;
    for (std::size_t i = 0; i < golden.tensor("a").size(); ++i) {
      const std::vector<std::int32_t> differences{static_cast<std::int32_t>(golden.tensor("a")[i]) - a.zero_point,
                                                  static_cast<std::int32_t>(golden.tensor("b")[i]) - b.zero_point};
      actual.push_back(product ? requantize(differences[0] * differences[1], by, out.zero_point, limits(out.type))
                               : requantize_sum(differences, shared, out.zero_point, limits(out.type)));
    }
    expect_equal_where_compared(golden, actual);
  }
}

}  // namespace
}  // namespace fusesim::reference
