// SPDX-License-Identifier: Apache-2.0
// traces/machine/expected.json: cycles, causes and digests of the sample programs of the whole machine, at every
// fidelity on DDR4-2400, and by what each instruction means. After a change that is meant to alter them, write the file
// anew with tools/record-traces.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hw/accelerator/machine.h"
#include "hw/isa/machine/trace.h"
#include "hw/waves/vcd_writer.h"
#include "rtl/fused/verilated_fused_core.h"
#include "rtl/verilated_array.h"
#include "sim/run/machine_account.h"
#include "sim/run/machine_run.h"
#include "tests/support/machine_interpreter.h"

namespace fusesim {
namespace {

using accelerator::Fidelity;

const std::filesystem::path kFolder = FUSESIM_MACHINE_TRACES;

nlohmann::json expectations() {
  std::ifstream file(kFolder / "expected.json");
  return nlohmann::json::parse(file);
}

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

run::MachineAccount run_at(const isa::machine::Program& program, Fidelity fidelity,
                           accelerator::MachineResult& result) {
  accelerator::MachineOptions options;
  options.fidelity = fidelity;
  options.keep_tensors = true;
  options.make_rtl = [](const isa::ArrayConfig& config) { return std::make_unique<rtl::VerilatedArray>(config); };
  options.make_rtl_fused = [](const isa::machine::FusedConfig& config) {
    return std::make_unique<rtl::VerilatedFusedCore>(config);
  };
  result = accelerator::run(program, program.core, options);
  return run::make_account(program, program.core, result.record, result.tensors);
}

TEST(MachineTraces, AllHaveExpectations) {
  const nlohmann::json expected = expectations();
  std::size_t traces = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".trace") continue;
    EXPECT_TRUE(expected.contains(entry.path().filename().string())) << entry.path();
    ++traces;
  }
  EXPECT_EQ(traces, expected.size());
  EXPECT_GE(traces, 3U);
}

class MachineTraceRun : public testing::TestWithParam<Fidelity> {};

TEST_P(MachineTraceRun, GivesTheRecordedCyclesCausesAndDigests) {
  setenv("FUSESIM_RTL_DIR", FUSESIM_RTL_FOLDER, 1);
  const nlohmann::json all = expectations();
  for (const auto& [file, expected] : all.items()) {
    SCOPED_TRACE(file);
    accelerator::MachineResult result;
    const isa::machine::Program program = isa::machine::read_trace(kFolder / file);
    const run::MachineAccount account = run_at(program, GetParam(), result);
    EXPECT_EQ(account.total.cycles, expected.at("cycles").get<std::uint64_t>());
    for (std::uint32_t cause = 0; cause < control::machine::cause_count; ++cause) {
      const char* const title = name(static_cast<control::machine::Cause>(cause));
      EXPECT_EQ(account.total.causes[cause], expected.at("causes").at(title).get<std::uint64_t>()) << title;
    }
    ASSERT_EQ(account.layers.size(), expected.at("layers").size());
    for (std::size_t i = 0; i < account.layers.size(); ++i) {
      const auto& layer = expected.at("layers")[i];
      EXPECT_EQ(account.layers[i].name, layer.at("name").get<std::string>());
      EXPECT_EQ(account.layers[i].start, layer.at("start").get<std::uint64_t>());
      EXPECT_EQ(account.layers[i].end, layer.at("end").get<std::uint64_t>());
      // A layer that stores nothing has none.
      ASSERT_EQ(account.layers[i].digest.has_value(), !layer.at("digest").is_null());
      if (account.layers[i].digest) {
        EXPECT_EQ(hex(*account.layers[i].digest), layer.at("digest").get<std::string>());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fidelities, MachineTraceRun,
                         testing::Values(Fidelity::event, Fidelity::stepped, Fidelity::rtl),
                         [](const auto& c) { return std::string(name(c.param)); });

TEST(MachineTraces, AMissingFusedBlockIsFoundBeforeAWaveformIsOpened) {
  setenv("FUSESIM_RTL_DIR", FUSESIM_RTL_FOLDER, 1);
  const isa::machine::Program program = isa::machine::read_trace(kFolder / "predicted_4x4.trace");
  config::MachineConfig machine;
  machine.core = program.core;
  machine.memory.standard = accelerator::MemoryConfig{}.standard;
  run::MachineOptions options;
  options.fidelity = Fidelity::rtl;
  options.waves = run::Waves{.file = kFolder / "no folder" / "w.vcd", .begin = 0, .end = 9};
  EXPECT_THROW(static_cast<void>(run::run_machine(program, machine, options)), waves::VcdError);
  ++machine.core.fused.queue_depth;
  EXPECT_THROW(static_cast<void>(run::run_machine(program, machine, options)), rtl::NoSuchFusedCore);
}

TEST(MachineTraces, LeaveInDramWhatTheirInstructionsMean) {
  const nlohmann::json all = expectations();
  for (const auto& entry : all.items()) {
    SCOPED_TRACE(entry.key());
    accelerator::MachineResult result;
    const isa::machine::Program program = isa::machine::read_trace(kFolder / entry.key());
    (void)run_at(program, Fidelity::event, result);
    test::MachineInterpreter interpreter(program);
    interpreter.run();
    for (std::size_t i = 0; i < program.sections.size(); ++i) {
      const isa::machine::Section& section = program.sections[i];
      if (section.role == isa::machine::Role::constant || section.role == isa::machine::Role::lists) continue;
      const auto begin = interpreter.dram().begin() + static_cast<std::ptrdiff_t>(section.address);
      EXPECT_EQ(result.tensors[i], std::vector<std::int8_t>(begin, begin + static_cast<std::ptrdiff_t>(section.bytes)))
          << section.name;
    }
  }
}

}  // namespace
}  // namespace fusesim
