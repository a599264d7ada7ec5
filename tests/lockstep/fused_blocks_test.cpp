// SPDX-License-Identifier: Apache-2.0
// Whole random blocks through both fused cores: tile, predictor lists, term lists, residual bytes. The cores agree in
// every clock, and the masks and bytes are those of the formulas in docs/fused.md.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "hw/fused/stepped_fused_core.h"
#include "hw/fused/words.h"
#include "rtl/fused/verilated_fused_core.h"
#include "tests/lockstep/fused_configs.h"
#include "tests/lockstep/fused_lockstep.h"

namespace fusesim::test {
namespace {

using fused::Geometry;
using isa::machine::FusedPredictor;
using isa::machine::FusedSum;
using isa::machine::FusedTerms;

/// A tile of a block and everything that its outputs depend on.
struct Block {
  Geometry geometry;
  std::uint32_t round_channels = 1, out_channels = 1;
  std::vector<std::int16_t> x;  ///< channels x positions.
  std::vector<std::int8_t> v;
  FusedPredictor predictor;
  FusedTerms terms;
  std::uint32_t expand_shift = 0, depthwise_shift = 0;
  std::vector<fused::OutputParameters> parameters;  ///< Of each output channel.
  std::vector<std::int8_t> residual;                ///< Output channels x PEs.
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  std::uint32_t count(std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(engine_);
  }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(engine_); }

 private:
  std::mt19937_64 engine_;
};

Geometry random_geometry(const fused::Config& config, Random& random) {
  for (;;) {
    Geometry g;
    g.kernel = random.chance(0.6) ? 3 : random.count(1, 7);
    g.stride = random.count(1, 2);
    g.pad_top = random.count(0, g.kernel - 1);
    g.pad_left = random.count(0, g.kernel - 1);
    g.out_rows = random.count(1, config.tile_rows);
    g.out_columns = random.count(1, config.tile_columns);
    g.region_rows = (g.out_rows - 1) * g.stride + g.kernel - g.pad_top;
    g.region_columns = (g.out_columns - 1) * g.stride + g.kernel - g.pad_left;
    if (random.chance(0.5)) g.region_rows = random.count(1, g.region_rows);
    g.channels = random.count(1, 4);
    g.middle = random.count(1, std::min(12U, config.mask_channels));
    if (g.positions() <= config.mask_positions && g.channels * g.positions() <= config.tile_bytes) return g;
  }
}

FusedSum random_sum(std::uint32_t indices, std::uint32_t levels, Random& random) {
  FusedSum sum;
  sum.falling = random.chance(0.4);
  sum.mask = static_cast<std::int16_t>(random.number(-6, 6));
  for (std::uint32_t i = 0; i < levels; ++i) sum.levels[i] = static_cast<std::int16_t>(random.number(-20, 20));
  std::sort(sum.levels.begin(), sum.levels.end());
  if (sum.falling) std::reverse(sum.levels.begin(), sum.levels.end());
  for (std::uint32_t i = 0; i < indices; ++i) {
    if (random.chance(0.7)) sum.lanes.push_back({static_cast<std::uint16_t>(i), random.chance(0.5)});
  }
  return sum;
}

Block random_block(const fused::Config& config, Random& random) {
  Block b;
  const Geometry& g = b.geometry = random_geometry(config, random);
  b.round_channels = random.count(1, std::min(config.level_channels, g.middle));
  b.out_channels = random.count(1, 4);
  for (std::uint32_t i = 0; i < g.channels * g.positions(); ++i) {
    b.x.push_back(static_cast<std::int16_t>(random.number(-255, 255)));
    b.v.push_back(static_cast<std::int8_t>(random.number(-8, 7)));
  }
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    b.predictor.expand.push_back(random_sum(g.channels, 7, random));
    b.predictor.depthwise.push_back(random_sum(g.kernel * g.kernel, 0, random));
  }
  b.expand_shift = random.count(0, 8);
  b.depthwise_shift = random.count(0, 12);
  const std::uint32_t lists = b.out_channels * (g.kernel * g.kernel * (g.channels + 1) + 1);
  for (std::uint32_t list = 0; list < lists; ++list) {
    const double density = random.chance(0.2) ? 0 : 0.4;
    for (std::uint32_t m = 0; m < g.middle; ++m) {
      if (!random.chance(density)) continue;
      const int weight = random.number(1, 1000) * (random.chance(0.5) ? 1 : -1);
      b.terms.terms.push_back({static_cast<std::int16_t>(weight), static_cast<std::uint16_t>(m)});
    }
    b.terms.end_list();
  }
  for (std::uint32_t o = 0; o < b.out_channels; ++o) {
    fused::OutputParameters p;
    p.bias = random.number(-100'000, 100'000);
    p.multiplier = random.number(1 << 30, 2'147'483'647);
    p.shift = random.number(44, 52);
    p.zero_out = random.number(-128, 127);
    p.residual = random.chance(0.5);
    p.zero_a = random.number(-128, 127);
    p.zero_b = random.number(-128, 127);
    p.residual_zero_out = random.number(-128, 127);
    p.multiplier_a = random.number(1 << 30, 2'147'483'647);
    p.multiplier_b = random.number(1 << 30, 2'147'483'647);
    p.residual_shift = random.number(30, 32);
    p.residual_lowest = static_cast<std::int8_t>(random.chance(0.3) ? -20 : -128);
    b.parameters.push_back(p);
  }
  for (std::uint32_t i = 0; i < b.out_channels * config.tile_rows * config.tile_columns; ++i) {
    b.residual.push_back(static_cast<std::int8_t>(random.number(-128, 127)));
  }
  return b;
}

// ---- What docs/fused.md says of it ----

struct Expected {
  std::vector<std::vector<bool>> mask1, mask2;   ///< By middle channel, then position or PE.
  std::vector<std::vector<std::int8_t>> values;  ///< By output channel, then PE.
};

bool passes(std::int64_t sum, std::int64_t threshold, bool falling) {
  return falling ? sum <= threshold : sum >= threshold;
}

/// The position that a tap of output (row, column) reads; -1 outside the region.
int position_of(const Geometry& g, std::uint32_t row, std::uint32_t column, std::uint32_t tap) {
  const int y = static_cast<int>(row * g.stride + tap / g.kernel) - static_cast<int>(g.pad_top);
  const int x = static_cast<int>(column * g.stride + tap % g.kernel) - static_cast<int>(g.pad_left);
  if (y < 0 || x < 0 || y >= static_cast<int>(g.region_rows) || x >= static_cast<int>(g.region_columns)) return -1;
  return y * static_cast<int>(g.region_columns) + x;
}

__extension__ using Wide = __int128;

std::int8_t rounded(Wide value, int shift, int zero, int lowest, int highest) {
  const Wide unit = Wide{1} << shift, doubled = 2 * value + unit;
  Wide quotient = doubled / (2 * unit);
  if (doubled % (2 * unit) < 0) --quotient;  // Division rounds towards zero.
  const Wide q = quotient + zero;
  return static_cast<std::int8_t>(q < lowest ? lowest : q > highest ? highest : static_cast<int>(q));
}

Expected evaluate(const Block& b, const fused::Config& config) {
  const Geometry& g = b.geometry;
  Expected e;
  std::vector<std::vector<int>> levels(g.middle, std::vector<int>(g.positions()));
  e.mask1.assign(g.middle, std::vector<bool>(g.positions()));
  e.mask2.assign(g.middle, std::vector<bool>(config.tile_rows * config.tile_columns));
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    const FusedSum& sum = b.predictor.expand[m];
    for (std::uint32_t r = 0; r < g.positions(); ++r) {
      int t = 0;
      for (const auto& lane : sum.lanes) t += (lane.negative ? -1 : 1) * b.v[lane.index * g.positions() + r];
      e.mask1[m][r] = passes(t, sum.mask, sum.falling);
      for (const int threshold : sum.levels) levels[m][r] += passes(t, threshold, sum.falling) ? 1 : 0;
    }
    for (std::uint32_t i = 0; i < g.out_rows; ++i) {
      for (std::uint32_t j = 0; j < g.out_columns; ++j) {
        int t = 0;
        for (const auto& lane : b.predictor.depthwise[m].lanes) {
          const int r = position_of(g, i, j, lane.index);
          if (r >= 0) t += (lane.negative ? -1 : 1) * levels[m][static_cast<std::uint32_t>(r)];
        }
        e.mask2[m][i * config.tile_columns + j] =
            passes(t, b.predictor.depthwise[m].mask, b.predictor.depthwise[m].falling);
      }
    }
  }
  const std::uint32_t taps = g.kernel * g.kernel;
  for (std::uint32_t o = 0; o < b.out_channels; ++o) {
    std::vector<std::int8_t> bytes;
    for (std::uint32_t p = 0; p < config.tile_rows * config.tile_columns; ++p) {
      std::int64_t a = 0;
      std::size_t list = std::size_t{o} * (taps * (g.channels + 1) + 1);
      for (std::uint32_t k = 0; k < taps; ++k) {
        const int q = position_of(g, p / config.tile_columns, p % config.tile_columns, k);
        for (std::uint32_t c = 0; c <= g.channels; ++c, ++list) {
          if (q < 0) continue;
          const auto r = static_cast<std::uint32_t>(q);
          const std::int64_t operand = c < g.channels ? b.x[c * g.positions() + r] : std::int64_t{1} << b.expand_shift;
          for (const auto& term : b.terms.list(list)) {
            if (e.mask1[term.middle][r] && e.mask2[term.middle][p]) a += operand * term.weight;
          }
        }
      }
      for (const auto& term : b.terms.list(list)) {
        if (e.mask2[term.middle][p]) a += (std::int64_t{1} << b.depthwise_shift) * term.weight;
      }
      const fused::OutputParameters& by = b.parameters[o];
      std::int8_t y = rounded(Wide{a + by.bias} * by.multiplier, by.shift, by.zero_out, by.lowest, by.highest);
      if (by.residual) {
        const std::int8_t other = b.residual[o * config.tile_rows * config.tile_columns + p];
        y = rounded(Wide{y - by.zero_a} * by.multiplier_a + Wide{other - by.zero_b} * by.multiplier_b,
                    by.residual_shift, by.residual_zero_out, by.residual_lowest, by.residual_highest);
      }
      bytes.push_back(y);
    }
    e.values.push_back(bytes);
  }
  return e;
}

// ---- Running it ----

class BlockRun {
 public:
  BlockRun(const Block& block, FusedLockstep& lockstep) : b_(block), lockstep_(lockstep), core_(lockstep.core()) {}

  void load_tile() {
    const std::uint32_t positions = b_.geometry.positions(), port = core_.config().tile_port_bytes;
    for (std::uint32_t c = 0; c < b_.geometry.channels; ++c) {
      for (std::uint32_t r = 0; r < positions; r += port) {
        fused::TileWrite write;
        write.channel = static_cast<std::uint16_t>(c);
        write.position = static_cast<std::uint16_t>(r);
        write.positions = static_cast<std::uint16_t>(positions);
        const std::size_t first = std::size_t{c} * positions + r, count = std::min(port, positions - r);
        write.x = std::span(b_.x).subspan(first, count);
        write.v = std::span(b_.v).subspan(first, count);
        cycle({}, write);
      }
    }
  }

  void predict() {
    isa::machine::FusedPredict work;
    work.geometry = b_.geometry;
    work.round_channels = b_.round_channels;
    for (fused::PredictorSource source(b_.predictor, work, core_.config()); !source.done(); source.advance()) {
      if (source.empty_cycle()) {
        cycle({});
      } else {
        EXPECT_TRUE(core_.ready());
        cycle(source.word());
      }
    }
    cycle({});
    cycle({});
  }

  void accumulate() {
    isa::machine::FusedAccumulate work;
    work.geometry = b_.geometry;
    work.out_channels = b_.out_channels;
    work.expand_bias_shift = b_.expand_shift;
    work.depthwise_bias_shift = b_.depthwise_shift;
    fused::TermSource source(b_.terms, work, core_.config().lanes);
    while (lockstep_.ok() && !source.done()) {
      const bool taken = core_.ready();
      cycle(source.word());
      if (taken) source.advance();
    }
    while (lockstep_.ok() && !core_.idle()) cycle({});
  }

  [[nodiscard]] const std::vector<std::vector<std::int8_t>>& values() const { return values_; }

 private:
  void cycle(const fused::Word& word, std::optional<fused::TileWrite> write = {}) {
    const std::uint32_t pes = core_.config().tile_rows * core_.config().tile_columns;
    fused::CoreInputs in;
    in.geometry = b_.geometry;
    in.word = word;
    in.tile = write;
    if (taken_ < b_.out_channels) in.parameters = b_.parameters[taken_];
    if (const auto group = core_.output_group()) {
      const std::uint32_t first = *group * core_.config().output_lanes;
      in.residual =
          std::span(b_.residual)
              .subspan(std::size_t{taken_ - 1} * pes + first, std::min(core_.config().output_lanes, pes - first));
    }
    if (core_.takes()) ++taken_;
    lockstep_.clock(in);
    if (const auto bytes = core_.emitted()) {
      if (bytes->group == 0) values_.emplace_back();
      values_.back().insert(values_.back().end(), bytes->values.begin(), bytes->values.end());
    }
  }

  const Block& b_;
  FusedLockstep& lockstep_;
  const fused::FusedCore& core_;
  std::uint32_t taken_ = 0;  ///< Channels that the output unit has taken.
  std::vector<std::vector<std::int8_t>> values_;
};

class FusedBlocksTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Configurations, FusedBlocksTest, testing::ValuesIn(verilated_fused_configurations),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(FusedBlocksTest, BothCoresGiveTheMasksAndBytesOfTheFormulas) {
  const fused::Config config = fused_config(GetParam());
  fused::SteppedFusedCore stepped(config);
  rtl::VerilatedFusedCore rtl(config);
  FusedLockstep lockstep(stepped, rtl);
  std::uint64_t survivors = 0, lost = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    const Block block = random_block(config, random);
    const Expected expected = evaluate(block, config);
    BlockRun run(block, lockstep);
    run.load_tile();
    run.predict();
    for (std::uint32_t m = 0; m < block.geometry.middle; ++m) {
      for (std::uint32_t r = 0; r < block.geometry.positions(); ++r) {
        ASSERT_EQ(rtl.mask1(m, r), expected.mask1[m][r]) << "seed " << seed << ", channel " << m << ", position " << r;
      }
      for (std::uint32_t p = 0; p < config.tile_rows * config.tile_columns; ++p) {
        ASSERT_EQ(rtl.mask2(m, p), expected.mask2[m][p]) << "seed " << seed << ", channel " << m << ", PE " << p;
        ++(expected.mask2[m][p] ? survivors : lost);
      }
    }
    run.accumulate();
    ASSERT_TRUE(lockstep.ok()) << "seed " << seed << ", clock " << lockstep.mismatch()->clock << ": "
                               << lockstep.mismatch()->what;
    ASSERT_EQ(run.values(), expected.values) << "seed " << seed;
  }
  EXPECT_GT(survivors, 0);
  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace fusesim::test
