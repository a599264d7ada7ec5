// SPDX-License-Identifier: Apache-2.0
// Predicted blocks: against the definition at single points, and the fused form against layer by layer.
#include "workloads/reference/predicted_block.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "tests/support/random_block.h"
#include "tests/support/random_instruction.h"
#include "workloads/reference/composed_block.h"
#include "workloads/reference/execute.h"

namespace fusesim::reference {
namespace {

using test::RandomBlock;
using testing::HasSubstr;

BlockTrace run(const RandomBlock& r) {
  return execute_block(r.block, r.constants, r.shape, r.in, r.out, r.input);
}

std::string refusal(const RandomBlock& r) {
  try {
    check(r.block, r.constants, r.in, r.out);
  } catch (const ArithmeticError& error) {
    return error.what();
  }
  return "accepted";
}

/// One pixel of one output channel by the definition in docs/fused.md, everything recomputed from the input: no tensor
/// in between.
class Definition {
 public:
  explicit Definition(const RandomBlock& r) : r_(r), b_(r.block), c_(r.constants) {}

  std::int64_t sum(int o, int y, int x) const {
    const int group = o / out_channels();
    std::int64_t a = 0;
    for (int i = 0; i < middles(); ++i) {
      a += c_.project[static_cast<std::size_t>(o * middles() + i)] * hidden2(group * middles() + i, y, x);
    }
    return a;
  }

  std::int8_t result(int channel, int y, int x) const {
    // Channel j * (O / groups) + i goes to i * groups + j.
    const int shuffle = static_cast<int>(b_.shuffle), each = static_cast<int>(b_.out_channels) / shuffle;
    const int o = channel % shuffle * each + channel / shuffle;
    const auto at = static_cast<std::size_t>(o);
    const std::int64_t a = sum(o, y, x) + c_.bias[at];
    const TensorFormat& format = c_.projected;
    std::int64_t value = format.zero_point + rounding_shift(a * c_.multipliers[at].value, c_.multipliers[at].shift);
    value = std::clamp<std::int64_t>(value, limits(format.type).lowest, limits(format.type).highest);
    if (!b_.residual) return static_cast<std::int8_t>(value);
    const std::int64_t both = (value - format.zero_point) * c_.residual->values[0] +
                              std::int64_t{x_at(channel, y, x)} * c_.residual->values[1];
    value = r_.out.zero_point + rounding_shift(both, c_.residual->shift);
    return static_cast<std::int8_t>(
        std::clamp<std::int64_t>(value, limits(r_.out.type).lowest, limits(r_.out.type).highest));
  }

 private:
  int middles() const { return static_cast<int>(b_.middle_channels / b_.groups); }
  int inner() const { return static_cast<int>(b_.in_channels / b_.groups); }
  int out_channels() const { return static_cast<int>(b_.out_channels / b_.groups); }
  int kernel() const { return static_cast<int>(b_.kernel); }

  std::int8_t q_at(int channel, int row, int column) const {
    const auto height = static_cast<int>(r_.shape.height), width = static_cast<int>(r_.shape.width);
    return r_.input[static_cast<std::size_t>((channel * height + row) * width + column)];
  }
  std::int32_t x_at(int channel, int row, int column) const { return q_at(channel, row, column) - r_.in.zero_point; }

  int ternary1(int m, int row, int column) const {
    int t = 0;
    for (int i = 0; i < inner(); ++i) {
      int v = -8;
      for (const std::int16_t h : c_.input_thresholds) v += h <= q_at(m / middles() * inner() + i, row, column);
      t += c_.ternary_expand[static_cast<std::size_t>(m * inner() + i)] * v;
    }
    return t;
  }
  static bool pass(const Ladder& ladder, int threshold, int t) {
    return ladder.falling ? t <= threshold : t >= threshold;
  }
  std::int64_t hidden1(int m, int row, int column) const {
    const Ladder& ladder = c_.expand_ladders[static_cast<std::size_t>(m)];
    if (!pass(ladder, ladder.mask, ternary1(m, row, column))) return 0;
    std::int64_t h = std::int64_t{c_.expand_bias[static_cast<std::size_t>(m)]} << c_.expand_bias_shift;
    for (int i = 0; i < inner(); ++i) {
      h += c_.expand[static_cast<std::size_t>(m * inner() + i)] * x_at(m / middles() * inner() + i, row, column);
    }
    return h;
  }
  std::int64_t hidden2(int m, int y, int x) const {
    int t = 0;
    std::int64_t h = std::int64_t{c_.depthwise_bias[static_cast<std::size_t>(m)]} << c_.depthwise_bias_shift;
    for (int k = 0; k < kernel() * kernel(); ++k) {
      const int row = y * static_cast<int>(b_.stride) + k / kernel() - static_cast<int>(b_.padding.top);
      const int column = x * static_cast<int>(b_.stride) + k % kernel() - static_cast<int>(b_.padding.left);
      if (row < 0 || column < 0 || row >= static_cast<int>(r_.shape.height)) continue;
      if (column >= static_cast<int>(r_.shape.width)) continue;
      const Ladder& ladder = c_.expand_ladders[static_cast<std::size_t>(m)];
      int level = 0;
      for (const std::int16_t step : ladder.levels) level += pass(ladder, step, ternary1(m, row, column)) ? 1 : 0;
      const auto at = static_cast<std::size_t>(m * kernel() * kernel() + k);
      t += c_.ternary_depthwise[at] * level;
      h += c_.depthwise[at] * hidden1(m, row, column);
    }
    const Ladder& ladder = c_.depthwise_ladders[static_cast<std::size_t>(m)];
    return pass(ladder, ladder.mask, t) ? h : 0;
  }

  const RandomBlock& r_;
  const graph::PredictedBlock& b_;
  const BlockConstants& c_;
};

TEST(PredictedBlock, EqualsTheDefinitionAtSinglePoints) {
  test::Random random(5);
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const RandomBlock r = test::random_block(seed);
    const BlockTrace trace = run(r);
    const Definition definition(r);
    graph::Graph graph;
    graph.add("in", graph::Input{r.shape});
    graph.add("block", r.block, {0});
    const graph::Shape out = graph.node(1).shape;
    ASSERT_EQ(trace.result.size(), out.elements());
    for (int point = 0; point < 4; ++point) {
      const std::uint32_t c = random.between(0, out.channels - 1), y = random.between(0, out.height - 1),
                          x = random.between(0, out.width - 1);
      const std::size_t at = (std::size_t{c} * out.height + y) * out.width + x;
      const auto i = [](std::uint32_t value) { return static_cast<int>(value); };
      ASSERT_EQ(trace.sums[at], definition.sum(i(c), i(y), i(x))) << "seed " << seed;
      ASSERT_EQ(trace.result[at], definition.result(i(c), i(y), i(x))) << "seed " << seed;
    }
    // The same by way of a network.
    const QuantizedGraph network(graph, {r.in, r.out}, {}, {{1, r.constants}});
    const std::vector<Tensor> tensors = execute(network, r.input, {.keep_sums = true});
    ASSERT_EQ(tensors[1].values, trace.result);
    ASSERT_TRUE(std::ranges::equal(tensors[1].sums, trace.sums));
  }
}

TEST(PredictedBlock, FusedFormEqualsLayerByLayer) {
  std::size_t strided = 0, grouped = 0, lines = 0, residuals = 0, shuffled = 0, zero = 0, wide = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const RandomBlock r = test::random_block(seed);
    const BlockTrace trace = run(r);
    ASSERT_EQ(fused_sums(r.block, r.constants, r.shape, r.in, trace, r.input), trace.sums) << "seed " << seed;
    strided += r.block.stride == 2;
    grouped += r.block.groups > 1;
    wide += r.block.kernel == 7;
    lines += r.shape.height == 1 || r.shape.width == 1;
    residuals += r.block.residual;
    shuffled += r.block.shuffle > 1;
    zero += std::ranges::all_of(trace.sums, [](std::int64_t sum) { return sum == 0; });
  }
  // Blocks of every kind were among them.
  for (const std::size_t count : {strided, grouped, lines, residuals, shuffled, zero, wide}) EXPECT_GE(count, 5U);
}

TEST(PredictedBlock, FusedFormEqualsLayerByLayerUnderAnyMasks) {
  test::Random random(9);
  for (std::uint64_t seed = 1000; seed < 1100; ++seed) {
    RandomBlock r = test::random_block(seed);
    // Ladders that pass always or never, per channel at random: masks no longer depend on sums.
    for (auto* ladders : {&r.constants.expand_ladders, &r.constants.depthwise_ladders}) {
      for (Ladder& ladder : *ladders) ladder.mask = random.chance(0.7) != ladder.falling ? -32768 : 32767;
    }
    const BlockTrace trace = run(r);
    ASSERT_EQ(fused_sums(r.block, r.constants, r.shape, r.in, trace, r.input), trace.sums) << "seed " << seed;
  }
}

TEST(PredictedBlock, BoundsOfListsAndSumsAreThoseOfTheTerms) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RandomBlock r = test::random_block(seed, {.size = 6});
    const std::vector<LargestList> lists = largest_lists(r.block, r.constants);
    const std::vector<std::int64_t> sums = largest_sums(r.block, r.constants, r.in);
    const std::vector<std::int64_t> reached = run(r).sums;
    const std::size_t pixels = reached.size() / sums.size();
    const std::uint32_t inner = r.block.in_channels / r.block.groups, taps = r.block.kernel * r.block.kernel;
    const Limits range = limits(r.in.type);
    std::int64_t operand = 0;
    for (std::int32_t q = range.lowest; q <= range.highest; ++q) {
      operand = std::max<std::int64_t>(operand, std::abs(q - r.in.zero_point));
    }
    for (std::uint32_t o = 0; o < r.block.out_channels; ++o) {
      const ComposedChannel composed = compose(r.block, r.constants, o);
      ASSERT_EQ(composed.ends.size(), taps * (inner + 1) + 1);
      std::int64_t largest = 0, total = std::abs(std::int64_t{r.constants.bias[o]});
      for (std::size_t list = 0; list < composed.ends.size(); ++list) {
        std::int64_t sum = 0;
        for (const Term& term : composed.list(list)) {
          ASSERT_NE(term.weight, 0);
          ASSERT_LE(std::abs(term.weight), 32767);
          sum += std::abs(term.weight);
        }
        largest = std::max(largest, sum);
        const bool last = list + 1 == composed.ends.size();
        total += sum * (last                         ? std::int64_t{1} << r.constants.depthwise_bias_shift
                        : list % (inner + 1) < inner ? operand
                                                     : std::int64_t{1} << r.constants.expand_bias_shift);
      }
      ASSERT_EQ(lists[o].magnitude, largest);
      ASSERT_EQ(sums[o], total);
      ASSERT_LT(total, std::int64_t{1} << 31);
      for (std::size_t p = 0; p < pixels; ++p)
        ASSERT_LE(std::abs(reached[o * pixels + p] + r.constants.bias[o]), total);
    }
  }
}

TEST(PredictedBlock, ConstantsThatDoNotFitAreRefusedWithTheirCure) {
  const auto changed = [](const std::function<void(RandomBlock&)>& change) {
    RandomBlock r = test::random_block(3);
    EXPECT_EQ(refusal(r), "accepted");
    change(r);
    return refusal(r);
  };
  EXPECT_THAT(changed([](RandomBlock& r) { r.constants.expand.pop_back(); }), HasSubstr("expansion weights, needs"));
  EXPECT_THAT(changed([](RandomBlock& r) { r.constants.ternary_depthwise[0] = 2; }),
              HasSubstr("a ternary weight is 2, not -1, 0 or 1"));
  EXPECT_THAT(changed([](RandomBlock& r) { r.constants.input_thresholds = {5, 4}; }), HasSubstr("do not ascend"));
  EXPECT_THAT(changed([](RandomBlock& r) {
                r.constants.expand_ladders[0] = {.falling = true, .levels = {1, 2, 3, 4, 5, 6, 7}};
              }),
              HasSubstr("the level thresholds of middle channel 0 do not descend"));
  EXPECT_THAT(changed([](RandomBlock& r) { r.constants.expand_bias_shift = 15; }),
              HasSubstr("a bias shift of 15 is above 14"));
  EXPECT_THAT(changed([](RandomBlock& r) { r.block.residual = !r.block.residual; }), HasSubstr("residual"));
  EXPECT_THAT(changed([](RandomBlock& r) {
                r.constants.project[0] = r.constants.depthwise[0] = 127;
                r.constants.expand[0] = 127;
              }),
              HasSubstr("is 2048383, more than the 32767 that a term of 16 bits holds"));
  EXPECT_THAT(changed([](RandomBlock& r) { r.constants.bias[0] = -2147483647; }),
              HasSubstr("output channel 0: its sum can reach"));
}

TEST(PredictedBlock, ANetworkNamesTheBlockThatIsRefused) {
  RandomBlock r = test::random_block(3);
  graph::Graph graph;
  graph.add("in", graph::Input{r.shape});
  graph.add("b7", r.block, {0});
  const auto message = [&](std::map<graph::NodeId, BlockConstants> blocks) -> std::string {
    try {
      const QuantizedGraph network(graph, {r.in, r.out}, {}, std::move(blocks));
      static_cast<void>(network.convolution(1));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message({}), "node 'b7': has no constants; a predicted block is given them whole");
  EXPECT_EQ(message({{1, r.constants}}), "node 'b7': is no convolution or linear layer but predicted_block");
  EXPECT_EQ(message({{0, r.constants}, {1, r.constants}}),
            "constants of a predicted block are given for node 0, which is none");
  r.constants.bias.clear();
  EXPECT_THAT(message({{1, r.constants}}), HasSubstr("node 'b7': has 0 biases of the projection, needs"));
}

}  // namespace
}  // namespace fusesim::reference
