// SPDX-License-Identifier: Apache-2.0
#include "hw/waves/array_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scripted_array.h"
#include "tests/support/temporary_directory.h"
#include "vcd_reader.h"

namespace fusesim::waves {
namespace {

using testing::ElementsAre;

isa::ArrayConfig array_of(std::uint32_t rows, std::uint32_t cols) {
  isa::ArrayConfig config;
  config.rows = rows;
  config.cols = cols;
  return config;
}

class ArrayProbeTest : public testing::Test {
 protected:
  /// Runs `cycles` cycles, watching from `first_watched` on.
  std::string run(const isa::ArrayConfig& config, const char* scope, std::uint64_t cycles, Window window = {},
                  std::uint64_t first_watched = 0) {
    VcdWriter writer(file_, {}, window);
    ArrayProbe probe(writer, config, parse_wave_scope(scope, config));
    ScriptedArray model(config);
    array::EdgeInputs in(config);
    array::EdgeOutputs out(config);
    for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
      ScriptedArray::drive(cycle, in);
      if (cycle == first_watched) probe.start(cycle, model);
      model.clock(in, out);
      if (cycle >= first_watched) probe.sample(cycle, model, in, out);
    }
    writer.close();
    return read_text(file_);
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_ / "array.vcd";
};

TEST_F(ArrayProbeTest, EveryRegisterShowsItsValueInEveryCycle) {
  run(array_of(3, 4), "pe[0:1][1:3]", 50);
  const Vcd vcd = read_vcd(file_);
  EXPECT_EQ(vcd.order.size(), 2U * 3U * 15U);
  for (std::uint32_t row = 0; row < 2; ++row)
    for (std::uint32_t col = 1; col < 4; ++col)
      for (std::uint64_t cycle = 0; cycle <= 50; ++cycle) {
        const std::string pe = "fusesim.array.row" + std::to_string(row) + ".pe" + std::to_string(col) + ".";
        const auto shown = [&](const char* name) { return vcd[pe + name].value(cycle); };
        const array::PeState s = ScriptedArray::state(cycle, row, col);
        ASSERT_THAT((std::vector<std::int64_t>{shown("a"), shown("w"), shown("acc0"), shown("acc1")}),
                    ElementsAre(s.a, s.w, s.acc[0], s.acc[1]))
            << pe << " in cycle " << cycle;
        ASSERT_THAT(
            (std::vector<std::int64_t>{shown("lv"), shown("lf"), shown("lb"), shown("wv"), shown("fv"), shown("ff"),
                                       shown("fb"), shown("full0"), shown("full1"), shown("mv"), shown("mb")}),
            ElementsAre(s.lv, s.lf, s.lb, s.wv, s.fv, s.ff, s.fb, s.full[0], s.full[1], s.mv, s.mb))
            << pe << " in cycle " << cycle;
      }
}

TEST_F(ArrayProbeTest, EveryPortShowsItsValueInEveryCycle) {
  const isa::ArrayConfig config = array_of(3, 2);
  run(config, "ports", 40);
  const Vcd vcd = read_vcd(file_);
  array::EdgeInputs in(config);
  for (std::uint64_t cycle = 0; cycle < 40; ++cycle) {
    ScriptedArray::drive(cycle, in);
    const auto shown = [&](const std::string& name) { return vcd["fusesim." + name].value(cycle); };
    ASSERT_EQ(shown("feeder.control.enable"), in.enable);
    ASSERT_EQ(shown("feeder.control.skewed"), in.skewed);
    ASSERT_EQ(shown("feeder.control.left_first"), in.left_first);
    ASSERT_EQ(shown("feeder.control.left_bank"), in.left_bank);
    ASSERT_EQ(shown("feeder.control.tap_first"), in.tap_first);
    ASSERT_EQ(shown("feeder.control.tap_bank"), in.tap_bank);
    ASSERT_EQ(shown("feeder.control.drain_bank"), in.drain_bank);
    for (std::size_t i = 0; i < 3; ++i) {
      ASSERT_EQ(shown("feeder.left" + std::to_string(i) + ".data"), in.left[i]);
      ASSERT_EQ(shown("feeder.left" + std::to_string(i) + ".valid"), in.left_valid[i]);
      ASSERT_EQ(shown("feeder.tap" + std::to_string(i) + ".data"), in.tap[i]);
      ASSERT_EQ(shown("feeder.tap" + std::to_string(i) + ".valid"), in.tap_valid[i]);
    }
    for (std::uint32_t j = 0; j < 2; ++j) {
      ASSERT_EQ(shown("feeder.top" + std::to_string(j) + ".data"), in.top[j]);
      ASSERT_EQ(shown("feeder.top" + std::to_string(j) + ".valid"), in.top_valid[j]);
      ASSERT_EQ(shown("feeder.top" + std::to_string(j) + ".drain"), in.drain[j]);
      ASSERT_EQ(shown("ports.bottom" + std::to_string(j) + ".data"), ScriptedArray::bottom(cycle, j));
      ASSERT_EQ(shown("ports.bottom" + std::to_string(j) + ".valid"), ScriptedArray::bottom(cycle, j) & 1);
    }
  }
}

TEST_F(ArrayProbeTest, SignalsAreGroupedByUnitInReadingOrder) {
  run(array_of(1, 2), "all", 1);
  const Vcd vcd = read_vcd(file_);
  std::vector<std::string> groups;
  for (const std::string& path : vcd.order) {
    const std::string group = path.substr(0, path.rfind('.'));
    if (groups.empty() || groups.back() != group) groups.push_back(group);
  }
  EXPECT_THAT(groups, ElementsAre("fusesim.array.row0.pe0", "fusesim.array.row0.pe1", "fusesim.feeder.control",
                                  "fusesim.feeder.left0", "fusesim.feeder.tap0", "fusesim.feeder.top0",
                                  "fusesim.feeder.top1", "fusesim.ports.bottom0", "fusesim.ports.bottom1"));
}

TEST_F(ArrayProbeTest, RegistersTheArrayLacksAreNotShown) {
  isa::ArrayConfig config = array_of(1, 1);
  config.accumulators = isa::Accumulators::single;
  config.fuse_links = false;
  run(config, "all", 3);
  const Vcd vcd = read_vcd(file_);
  std::vector<std::string> names;
  for (const std::string& path : vcd.order)
    if (path.find(".pe0.") != std::string::npos) names.push_back(path.substr(path.rfind('.') + 1));
  EXPECT_THAT(names, ElementsAre("a", "lv", "lf", "w", "wv", "acc0", "full0", "mv"));
  for (const std::string& path : vcd.order) EXPECT_EQ(path.find("tap"), std::string::npos) << path;
}

TEST_F(ArrayProbeTest, SteppingOnlyTheWindowWritesTheSameBytesAsSteppingAll) {
  const isa::ArrayConfig config = array_of(4, 4);
  const Window window{20, 35};
  const std::string throughout = run(config, "all", 60, window), from_the_window = run(config, "all", 60, window, 20);
  EXPECT_EQ(throughout, from_the_window);
  EXPECT_NE(throughout.find("#20\n"), std::string::npos);
}

TEST_F(ArrayProbeTest, SameRunWritesTheSameBytes) {
  EXPECT_EQ(run(array_of(3, 3), "all", 30), run(array_of(3, 3), "all", 30));
}

}  // namespace
}  // namespace fusesim::waves
