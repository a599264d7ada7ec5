// SPDX-License-Identifier: Apache-2.0
// Whole machines with the Verilated array agree with the event model on every figure and every byte.
#include <gtest/gtest.h>

#include <memory>

#include "rtl/verilated_array.h"
#include "tests/hw/accelerator/machine_support.h"
#include "tests/hw/accelerator/tiled_program.h"
#include "tests/support/array_configs.h"
#include "tests/support/random_instruction.h"

namespace fusesim::accelerator {
namespace {

TEST(MachineRtl, AgreesWithTheEventModelOnEveryVerilatedSize) {
  std::uint64_t seed = 0;
  for (const std::string& configuration : fusesim::test::verilated_configurations) {
    isa::ArrayConfig array = fusesim::test::array_config(configuration);
    for (const isa::FoldOverlap folds : {isa::FoldOverlap::pipelined, isa::FoldOverlap::serial}) {
      array.folds = folds;
      fusesim::test::Random random(++seed);
      SCOPED_TRACE(testing::Message() << isa::describe(array) << " seed " << seed);
      const isa::machine::Program program = test::TiledProgram(random, array).make(random.between(2, 5));
      MachineOptions options = test::random_options(random);
      options.make_rtl = [](const isa::ArrayConfig& config) { return std::make_unique<rtl::VerilatedArray>(config); };
      test::expect_fidelities_agree(program, options, Fidelity::rtl);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace fusesim::accelerator
