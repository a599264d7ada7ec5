// SPDX-License-Identifier: Apache-2.0
// What can go wrong with fused blocks in a run, and what is said of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/hw/accelerator/machine_support.h"
#include "tests/hw/isa/machine/fused_sample.h"

namespace fusesim::accelerator {
namespace {

using isa::machine::Load;
using isa::machine::Program;
using isa::machine::test::fused_sample_with_values;
using test::error_of;
using testing::HasSubstr;
using testing::StartsWith;

MachineOptions options_of(Fidelity fidelity) {
  MachineOptions options;
  options.fidelity = fidelity;
  options.memory.standard = "fixed";
  return options;
}

class FusedErrors : public testing::TestWithParam<Fidelity> {
 protected:
  [[nodiscard]] std::string error(const Program& program) const { return error_of(program, options_of(GetParam())); }
};

TEST_P(FusedErrors, NoneForTheSample) {
  EXPECT_EQ(error(fused_sample_with_values()), "no error");
}

TEST_P(FusedErrors, BytesNeverWrittenAreNamedWithTheInstruction) {
  Program p = fused_sample_with_values();
  p.instructions[4].waits = {};
  std::get<Load>(p.instructions[0].work).run_bytes = 300;
  EXPECT_THAT(error(p), StartsWith("instruction 4 (fused_tile, layer 'block') reads byte 0x15 of the activations"));
  p = fused_sample_with_values();
  std::get<Load>(p.instructions[1].work).run_bytes = 64;
  EXPECT_THAT(error(p), StartsWith("instruction 5 (fused_predict, layer 'block') reads byte 0x42 of the weights"));
  p = fused_sample_with_values();
  std::get<Load>(p.instructions[3].work).run_bytes = 23;
  EXPECT_THAT(error(p), StartsWith("instruction 6 (fused_accumulate, layer 'block') reads byte 0x164 of the weights"));
}

TEST_P(FusedErrors, ListsThatBreakARuleAreNamedWithTheInstruction) {
  Program p = fused_sample_with_values();
  p.sections[2].values[4 * 7 + 2] = 3;  // Middle channel 3 of 3.
  EXPECT_THAT(error(p), StartsWith("instruction 6 (fused_accumulate, layer 'block'): "));
  EXPECT_THAT(error(p), HasSubstr("list 7 (output channel 0, tap 2, input channel 1)"));
  p = fused_sample_with_values();
  p.sections[1].values[1] = 0x10;  // An unused bit of the first header.
  EXPECT_THAT(error(p), StartsWith("instruction 5 (fused_predict, layer 'block'): "));
}

TEST_P(FusedErrors, OtherListsInTheScratchpadThanInDramAreNamed) {
  Program p = fused_sample_with_values();
  p.sections.push_back({"other records", isa::machine::Role::lists, 0x800, 66, p.sections[1].values});
  p.sections.back().values[2] ^= 1;
  std::get<Load>(p.instructions[1].work).dram = 0x800;
  EXPECT_EQ(error(p),
            "instruction 5 (fused_predict, layer 'block'): byte 0x4 of the weights scratchpad is not that of its lists "
            "in DRAM, 0x402; load the lists from lists_dram, 0x400");
}

TEST_P(FusedErrors, ShiftsOfParametersAreChecked) {
  Program p = fused_sample_with_values();
  p.sections[3].values[12 + 8] = 63;
  EXPECT_EQ(error(p),
            "instruction 6 (fused_accumulate, layer 'block'): the parameters of channel 1, at 0x159 of the weights "
            "scratchpad, have the shift 63; it must be from 1 to 62");
}

TEST_P(FusedErrors, ADeadlockNamesTheFusedInstructionThatWaits) {
  Program p = fused_sample_with_values();
  p.instructions[5].waits[static_cast<std::size_t>(isa::machine::Queue::store)] = 1;
  isa::machine::Store store;
  store.dram = 0x700;
  store.pad = isa::machine::Pad::outputs;
  p.instructions.push_back({store, {0, 3, 0, 0}});
  EXPECT_THAT(error(p), HasSubstr("compute: instruction 5 (fused_predict, layer 'block') waits for token 1 of store"));
}

INSTANTIATE_TEST_SUITE_P(Fidelities, FusedErrors, testing::Values(Fidelity::event, Fidelity::stepped),
                         [](const auto& fidelity) { return fidelity.param == Fidelity::event ? "event" : "stepped"; });

TEST(FusedOptions, ThatDoNotFitAreNamed) {
  MachineOptions options = options_of(Fidelity::event);
  options.values = false;
  Program p = isa::machine::test::fused_sample();
  EXPECT_EQ(
      error_of(p, options),
      "program 'fused sample' has fused blocks, whose time on an elastic unit depends on masks; run it with values, "
      "give the survival of synthetic masks, or set fused.mode to fixed");
  options.synthetic_masks = {.survival = 1.5};
  EXPECT_EQ(error_of(p, options), "the survival of synthetic masks is 1.5; it must be from 0 to 1");
  options.synthetic_masks->survival = 0.5;
  EXPECT_EQ(error_of(p, options), "no error");
  options.values = true;
  p = fused_sample_with_values();
  EXPECT_EQ(
      error_of(p, options),
      "synthetic masks are for runs without values; run without them (event fidelity), or leave the survival out");
  options = options_of(Fidelity::rtl);
  options.make_rtl = [](const isa::ArrayConfig&) -> std::unique_ptr<array::ArrayModel> { return nullptr; };
  EXPECT_EQ(error_of(p, options), "rtl fidelity: no Verilated fused unit was given");
  options = options_of(Fidelity::event);
  options.observe_fused = [](std::uint64_t, const fused::FusedCore&, const fused::CoreInputs&) {};
  EXPECT_EQ(error_of(p, options), "event fidelity has no registers to observe; use stepped or rtl");
  p.core.fused = {};
  EXPECT_THAT(error_of(p, options_of(Fidelity::event)),
              StartsWith("instruction 4 (fused_tile, block): needs the fused unit, which the machine does not have"));
}

TEST(FusedObserver, SeesEveryCycleOfTheUnitInItsWindow) {
  const Program p = fused_sample_with_values();
  MachineOptions options = options_of(Fidelity::stepped);
  std::vector<std::uint64_t> cycles;
  options.observe_fused = [&](std::uint64_t cycle, const fused::FusedCore& core, const fused::CoreInputs& in) {
    cycles.push_back(cycle);
    // The edge is behind us: a word that was presented is in the word register.
    if (in.word.kind != fused::WordKind::none) {
      EXPECT_FALSE(core.idle());
    }
  };
  options.window_end = UINT64_MAX;
  const auto record = run(p, p.core, options).record;
  std::vector<std::uint64_t> expected;
  for (std::size_t i = 4; i < 7; ++i) {
    for (std::uint64_t n = record.instructions[i].start; n < record.instructions[i].end; ++n) expected.push_back(n);
  }
  EXPECT_EQ(cycles, expected);
  cycles.clear();
  options.window_begin = expected[3];
  options.window_end = expected[7];
  static_cast<void>(run(p, p.core, options));
  EXPECT_EQ(cycles, std::vector<std::uint64_t>(expected.begin() + 3, expected.begin() + 7));
}

}  // namespace
}  // namespace fusesim::accelerator
