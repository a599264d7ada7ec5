// SPDX-License-Identifier: Apache-2.0
// Waveforms of the stepped fused core and of its SystemVerilog are the same file.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <numeric>

#include "hw/fused/stepped_fused_core.h"
#include "hw/waves/fused_probe.h"
#include "rtl/fused/verilated_fused_core.h"
#include "tests/lockstep/fused_configs.h"
#include "tests/lockstep/fused_traffic.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::test {
namespace {

waves::FusedScope everything(const fused::Config& config) {
  isa::ArrayConfig tile;
  tile.rows = config.tile_rows;
  tile.cols = config.tile_columns;
  waves::FusedScope scope{waves::parse_wave_scope("all", tile), std::vector<std::uint32_t>(config.mask_channels)};
  std::iota(scope.channels.begin(), scope.channels.end(), 0U);
  return scope;
}

/// What the probe writes of some episodes of random traffic. From cycle `fault` on, words do not come for 200 cycles.
std::string waveform(fused::FusedCore& core, const std::filesystem::path& file, std::uint64_t fault = 0) {
  waves::VcdWriter writer(file, {});
  waves::FusedProbe probe(writer, core.config(), everything(core.config()));
  probe.start(0, core);
  fused::SteppedFusedCore leader(core.config());
  std::uint64_t cycle = 0;
  FusedTraffic traffic(
      leader,
      [&](const fused::CoreInputs& in) {
        fused::CoreInputs sent = in;
        if (fault != 0 && cycle >= fault && cycle < fault + 200) sent.word = {};
        core.clock(sent);
        probe.sample(cycle++, core, in);
        leader.clock(in);
        return cycle < 1500;
      },
      3);
  while (traffic.episode()) {
  }
  writer.close();
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class FusedWavesTest : public testing::TestWithParam<std::string> {
 protected:
  const fused::Config config = fused_config(GetParam());
  TemporaryDirectory directory;
};

INSTANTIATE_TEST_SUITE_P(Configurations, FusedWavesTest, testing::ValuesIn(verilated_fused_configurations),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(FusedWavesTest, SteppedAndRtlWriteTheSameBytes) {
  fused::SteppedFusedCore stepped(config);
  rtl::VerilatedFusedCore rtl(config);
  const std::string one = waveform(stepped, directory / "stepped.vcd");
  EXPECT_TRUE(one == waveform(rtl, directory / "rtl.vcd")) << "the files differ";
  for (const char* name : {" ternary_sum ", " mask1_0 ", " mask2_0 ", " held ", " weight ", " value "}) {
    EXPECT_THAT(one, testing::HasSubstr(name));
  }
  EXPECT_EQ(one.find(" queued ") != std::string::npos, config.mode == isa::machine::FusedMode::elastic);
}

TEST_P(FusedWavesTest, WordsThatAreLostShow) {
  fused::SteppedFusedCore healthy(config), faulty(config);
  EXPECT_FALSE(waveform(healthy, directory / "healthy.vcd") == waveform(faulty, directory / "faulty.vcd", 700));
}

}  // namespace
}  // namespace fusesim::test
