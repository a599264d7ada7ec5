// SPDX-License-Identifier: Apache-2.0
// Machines with the Verilated fused unit agree with the event model on every figure and every byte.
#include <gtest/gtest.h>

#include <memory>

#include "hw/array/stepped_array.h"
#include "rtl/fused/verilated_fused_core.h"
#include "tests/hw/accelerator/machine_support.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/lockstep/fused_configs.h"
#include "tests/support/random_instruction.h"

namespace fusesim::accelerator {
namespace {

TEST(FusedMachineRtl, AgreesWithTheEventModelOnEveryVerilatedUnit) {
  for (const std::string& name : fusesim::test::verilated_fused_configurations) {
    const fused::Config unit = fusesim::test::fused_config(name);
    std::uint32_t fused_instructions = 0;
    for (std::uint32_t seed = 0; seed < 6; ++seed) {
      SCOPED_TRACE(testing::Message() << name << " seed " << seed);
      fusesim::test::Random random(seed);
      const isa::machine::Program program = isa::machine::test::random_fused_program(seed, unit);
      ASSERT_EQ(program.core.fused.mask_positions, unit.mask_positions);
      for (const auto& instruction : program.instructions) fused_instructions += instruction.is_fused();
      MachineOptions options = test::random_options(random);
      // The array's registers have tests of their own.
      options.make_rtl = [](const isa::ArrayConfig& config) { return std::make_unique<array::SteppedArray>(config); };
      options.make_rtl_fused = [](const fused::Config& config) {
        return std::make_unique<rtl::VerilatedFusedCore>(config);
      };
      test::expect_fidelities_agree(program, options, Fidelity::rtl);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(fused_instructions, 10u) << name;
  }
}

}  // namespace
}  // namespace fusesim::accelerator
