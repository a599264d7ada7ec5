// SPDX-License-Identifier: Apache-2.0
// Would lockstep notice? Each fault of fused_mutants.json, planted in a copy of the SystemVerilog, must show as a
// mismatch. Assertions are off, so that it is the comparison that finds it.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "hw/fused/stepped_fused_core.h"
#include "rtl/fused/verilated_fused_core.h"
#include "tests/lockstep/fused_comparison.h"
#include "tests/lockstep/fused_configs.h"

namespace fusesim::test {
namespace {

struct Mutant {
  std::string name, config;
  friend void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }
};

std::vector<Mutant> mutants() {
  std::vector<Mutant> list;
  for (const auto& mutant : nlohmann::json::parse(std::ifstream(MUTANTS))) {
    list.push_back({mutant["name"], mutant.value("mode", "elastic") == "fixed" ? CONFIG_FIXED : CONFIG_ELASTIC});
  }
  return list;
}

std::optional<FusedLockstep::Mismatch> run_against(const Mutant& mutant) {
  const fused::Config config = fused_config(mutant.config);
  fused::SteppedFusedCore stepped(config);
  const auto rtl = rtl::VerilatedFusedCore::load(
      config, std::string(MUTANT_DIR "/fusesim_fused_") + mutant.config + "_" + mutant.name + ".so");
  rtl->check_assertions(false);
  return compare_on_traffic(stepped, *rtl, 11, 60'000).mismatch;
}

class FusedMutation : public testing::TestWithParam<Mutant> {};

INSTANTIATE_TEST_SUITE_P(Faults, FusedMutation, testing::ValuesIn(mutants()),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_P(FusedMutation, IsFound) {
  const auto mismatch = run_against(GetParam());
  ASSERT_TRUE(mismatch.has_value()) << "not found";
  RecordProperty("found", mismatch->what);
}

TEST(FusedMutationControl, HealthyBlocksPass) {
  for (const char* config : {CONFIG_ELASTIC, CONFIG_FIXED}) {
    const auto mismatch = run_against({"healthy", config});
    EXPECT_FALSE(mismatch.has_value()) << config << " clock " << mismatch->clock << ": " << mismatch->what;
  }
}

}  // namespace
}  // namespace fusesim::test
