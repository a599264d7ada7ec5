// SPDX-License-Identifier: Apache-2.0
// GTKWave's converters read the waveforms: VCD to FST and back, every value compared.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "hw/waves/array_probe.h"
#include "scripted_array.h"
#include "tests/support/temporary_directory.h"
#include "vcd_reader.h"

namespace fusesim::waves {
namespace {

TEST(Gtkwave, ReadsTheSameSignalsAndValues) {
  const test::TemporaryDirectory directory;
  const std::string wave = (directory / "wave.vcd").string(), fst = (directory / "wave.fst").string(),
                    back = (directory / "back.vcd").string(), log = (directory / "log").string();
  isa::ArrayConfig config;
  config.rows = 3;
  config.cols = 5;
  {
    VcdWriter writer(wave, {"1ns", 2}, {10, 60});
    ArrayProbe probe(writer, config, parse_wave_scope("all", config));
    ScriptedArray model(config);
    array::EdgeInputs in(config);
    array::EdgeOutputs out(config);
    probe.start(0, model);
    for (std::uint64_t cycle = 0; cycle < 80; ++cycle) {
      ScriptedArray::drive(cycle, in);
      model.clock(in, out);
      probe.sample(cycle, model, in, out);
    }
    writer.close();
  }
  ASSERT_EQ(std::system((VCD2FST " '" + wave + "' '" + fst + "' >'" + log + "' 2>&1").c_str()), 0) << read_text(log);
  ASSERT_EQ(std::system((FST2VCD " '" + fst + "' >'" + back + "' 2>>'" + log + "'").c_str()), 0) << read_text(log);
  const Vcd ours = read_vcd(wave), theirs = read_vcd(back);
  EXPECT_EQ(ours.timescale, theirs.timescale);
  ASSERT_EQ(ours.order, theirs.order);
  for (const std::string& path : ours.order) {
    EXPECT_EQ(ours[path].bits, theirs[path].bits) << path;
    for (std::uint64_t time = 20; time < 120; ++time)
      ASSERT_EQ(ours[path].at(time), theirs[path].at(time)) << path << " at " << time;
  }
}

}  // namespace
}  // namespace fusesim::waves
