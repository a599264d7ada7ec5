// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/statistics.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "random_float_block.h"
#include "tests/support/random_block.h"
#include "workloads/predict/annotate.h"
#include "workloads/predict/block/quantise_block.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::predict {
namespace {

using reference::BlockConstants;

/// Factor by factor, without lists.
ListStatistics by_counting(const graph::PredictedBlock& b, const BlockConstants& c, std::uint32_t lanes) {
  ListStatistics s;
  const std::uint32_t inner = b.in_channels / b.groups, middle = b.middle_channels / b.groups;
  const std::uint32_t outer = b.out_channels / b.groups, taps = b.kernel * b.kernel;
  const auto add = [&](std::uint64_t terms, std::uint64_t& sum, std::uint64_t& words) {
    sum += terms;
    words += terms == 0 ? 1 : (terms - 1) / lanes + 1;
    s.empty_lists += terms == 0;
    s.longest_list = std::max(s.longest_list, terms);
  };
  for (std::uint32_t o = 0; o < b.out_channels; ++o) {
    const std::size_t first = std::size_t{o} / outer * middle;
    const auto count = [&](auto factor) {
      std::uint64_t terms = 0;
      for (std::size_t m = 0; m < middle; ++m) {
        terms += c.project[o * middle + m] != 0 && factor(first + m) ? 1U : 0U;
      }
      return terms;
    };
    for (std::size_t k = 0; k < taps; ++k) {
      for (std::size_t i = 0; i < inner; ++i) {
        add(count([&](std::size_t m) { return c.depthwise[m * taps + k] != 0 && c.expand[m * inner + i] != 0; }),
            s.weight_terms, s.weight_words);
      }
      add(count([&](std::size_t m) { return c.depthwise[m * taps + k] != 0 && c.expand_bias[m] != 0; }),
          s.expand_bias_terms, s.bias_words);
      s.factor_products += count([&](std::size_t m) { return c.depthwise[m * taps + k] != 0; });
    }
    add(count([&](std::size_t m) { return c.depthwise_bias[m] != 0; }), s.depthwise_bias_terms, s.bias_words);
  }
  s.weight_lists = std::uint64_t{b.out_channels} * taps * inner;
  s.weight_candidates = s.weight_lists * middle;
  s.bias_lists = std::uint64_t{b.out_channels} * (taps + 1);
  s.factors = c.expand.size() + c.depthwise.size() + c.project.size();
  for (const auto* values : {&c.expand, &c.depthwise, &c.project}) {
    for (const std::int8_t value : *values) s.nonzero_factors += value != 0;
  }
  return s;
}

TEST(ListStatistics, CountWhatListsHold) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const test::RandomBlock r = test::random_block(seed, {.size = 6, .middle = 40});
    for (const std::uint32_t lanes : {1U, 3U, 24U}) {
      const ListStatistics s = list_statistics(r.block, r.constants, lanes),
                           e = by_counting(r.block, r.constants, lanes);
      ASSERT_EQ(s.weight_lists, e.weight_lists);
      ASSERT_EQ(s.weight_candidates, e.weight_candidates);
      ASSERT_EQ(s.weight_terms, e.weight_terms);
      ASSERT_EQ(s.bias_lists, e.bias_lists);
      ASSERT_EQ(s.expand_bias_terms, e.expand_bias_terms);
      ASSERT_EQ(s.depthwise_bias_terms, e.depthwise_bias_terms);
      ASSERT_EQ(s.empty_lists, e.empty_lists);
      ASSERT_EQ(s.longest_list, e.longest_list);
      ASSERT_EQ(s.weight_words, e.weight_words);
      ASSERT_EQ(s.bias_words, e.bias_words);
      ASSERT_EQ(s.factor_products, e.factor_products);
      ASSERT_EQ(s.factors, e.factors);
      ASSERT_EQ(s.nonzero_factors, e.nonzero_factors);
    }
  }
}

TEST(ListStatistics, SizesFollowFromCounts) {
  ListStatistics s;
  s.weight_lists = 4;
  s.weight_candidates = 40;
  s.weight_terms = 10;
  s.expand_bias_terms = 3;
  s.depthwise_bias_terms = 2;
  s.empty_lists = 1;
  s.factor_products = 7;
  s.factors = 20;
  s.nonzero_factors = 5;
  EXPECT_EQ(s.bytes(), 64U);
  EXPECT_EQ(s.packed_bytes(27), 54U);
  EXPECT_EQ(s.edge_products(), 22U);
  EXPECT_EQ(s.factor_bytes(6), 7U);  // 50 bits.
  EXPECT_EQ(s.density(), 0.25);
  EXPECT_EQ(s.terms_per_weight(), 2.5);
  s += s;
  EXPECT_EQ(s.bytes(), 128U);
  EXPECT_EQ(s.density(), 0.25);
}

TEST(Survival, CountsWhatBothMasksLetPass) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    test::RandomBlock r = test::random_block(seed, {.size = 7});
    graph::Graph graph;
    graph.add("in", graph::Input{r.shape});
    const graph::Shape out = graph.node(graph.add("block", r.block, {0})).shape;
    const reference::BlockTrace trace = reference::execute_block(r.block, r.constants, r.shape, r.in, r.out, r.input);
    const Survival actual = survival(r.block, trace, r.shape, out);
    std::uint64_t passed1 = 0, passed2 = 0;
    for (const std::uint8_t bit : trace.mask1) passed1 += bit;
    for (const std::uint8_t bit : trace.mask2) passed2 += bit;
    ASSERT_EQ(actual.passed1, passed1);
    ASSERT_EQ(actual.passed2, passed2);
    ASSERT_EQ(actual.positions1, r.block.middle_channels * std::uint64_t{r.shape.height} * r.shape.width);
    ASSERT_EQ(actual.positions2, r.block.middle_channels * std::uint64_t{out.height} * out.width);
    // Both at once: a block of ones, whose sums count what passes.
    std::ranges::fill(r.constants.expand, std::int8_t{0});
    std::ranges::fill(r.constants.depthwise, std::int8_t{1});
    std::ranges::fill(r.constants.project, std::int8_t{1});
    std::ranges::fill(r.constants.expand_bias, 1);
    std::ranges::fill(r.constants.depthwise_bias, 0);
    r.constants.expand_bias_shift = 0;
    const auto count = [&] {
      std::uint64_t sum = 0;
      for (const std::int64_t each :
           reference::execute_block(r.block, r.constants, r.shape, r.in, r.out, r.input).sums) {
        sum += static_cast<std::uint64_t>(each);
      }
      return sum / (r.block.out_channels / r.block.groups);
    };
    ASSERT_EQ(actual.passed_both, count());
    for (auto* ladders : {&r.constants.expand_ladders, &r.constants.depthwise_ladders}) {
      for (reference::Ladder& ladder : *ladders) ladder = {.falling = false, .mask = -32768};
    }
    ASSERT_EQ(actual.taps, count());
  }
}

TEST(Tiles, CoverTheResult) {
  EXPECT_EQ(tiles({5, 32, 32}), 16U);
  EXPECT_EQ(tiles({5, 33, 8}), 5U);
  EXPECT_EQ(tiles({5, 1, 1}), 1U);
  EXPECT_EQ(tiles({5, 7, 9}, 4, 16), 2U);
}

/// Lists of all blocks of a network of the ARCHON study, with random weights pruned as there. One image reads a block's
/// lists once for every tile.
struct NetworkLists {
  ListStatistics once;
  double weight_words = 0, bias_words = 0, weight_terms = 0, terms = 0;  ///< Of an image.
};

void normalise(const std::vector<double>& weights, Norm& norm) {
  const std::size_t each = weights.size() / norm.factor.size();
  for (std::size_t m = 0; m < norm.factor.size(); ++m) {
    double squares = 0;
    for (std::size_t i = m * each; i < (m + 1) * each; ++i) squares += weights[i] * weights[i];
    norm.factor[m] = 1 / std::sqrt(squares + 1e-3);
  }
}

NetworkLists network_lists(const std::string& name) {
  test::RandomFloat random(1);
  const graph::Graph graph = zoo::build(name, "baseline");
  NetworkLists lists;
  for (const transform::BottleneckNodes& nodes : choose_blocks(graph)) {
    const auto& expand = std::get<graph::Conv>(graph.node(nodes.expand).op);
    const auto& project = std::get<graph::Conv>(graph.node(nodes.project).op);
    graph::PredictedBlock block{expand.in_channels, expand.out_channels, project.out_channels,
                                nodes.groups,       nodes.kernel,        nodes.stride};
    FloatBlock real = test::random_float_block(random, block);
    // As after training, batch norms bring all channels to one variance.
    normalise(real.expand, real.expand_norm);
    normalise(real.depthwise, real.depthwise_norm);
    normalise(real.project, real.project_norm);
    const reference::TensorFormat format{reference::Scale(0.03F), 0};
    const BlockConstants constants = quantise_block(block, real, format, format, format);
    const ListStatistics s = list_statistics(block, constants);
    lists.once += s;
    const auto times = static_cast<double>(tiles(graph.node(nodes.project).shape));
    lists.weight_words += times * static_cast<double>(s.weight_words);
    lists.bias_words += times * static_cast<double>(s.bias_words);
    lists.weight_terms += times * static_cast<double>(s.weight_terms);
    lists.terms += times * static_cast<double>(s.stored_terms());
  }
  return lists;
}

TEST(StudyNetworks, ListsOfFusioNetAreOfThePublishedSize) {
  const NetworkLists lists = network_lists("fusionet_c10");
  EXPECT_NEAR(lists.once.density(), 0.2 * 0.3 * 0.2, 0.0005);
  EXPECT_NEAR(lists.once.terms_per_weight(), 9.6, 0.3);
  // 433,152 composed weights an image; hardly one has more than 24 terms.
  EXPECT_NEAR(lists.weight_words, 433152, 1000);
  EXPECT_NEAR(lists.bias_words / lists.weight_words, 0.208, 0.01);
  EXPECT_NEAR(lists.weight_terms * 27 / 8 / 1e6, 13.9, 2);
  RecordProperty("weights_of_an_image_MB_27_bits", std::to_string(lists.weight_terms * 27 / 8e6));
  RecordProperty("lists_of_an_image_MB_4_bytes", std::to_string(lists.terms * 4 / 1e6));
}

TEST(StudyNetworks, BiasListsOfMobileNetV2AreOfThePublishedSize) {
  const NetworkLists lists = network_lists("archon_mobilenet_v2");
  EXPECT_NEAR(lists.once.density(), 0.2 * 0.3 * 0.2, 0.0005);
  // Published figures count words of lists of mean length: 51.8 terms are 3 words, and many of ours are 48 or fewer.
  EXPECT_NEAR(lists.bias_words / lists.weight_words, 0.147, 0.02);
}

}  // namespace
}  // namespace fusesim::predict
