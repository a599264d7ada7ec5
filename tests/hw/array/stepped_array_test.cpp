// SPDX-License-Identifier: Apache-2.0
#include "hw/array/stepped_array.h"

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/array_configs.h"
#include "tests/support/pe_text.h"
#include "tests/support/random_edges.h"
#include "tests/support/scalar_array.h"

namespace fusesim::array {
namespace {

struct Variant {
  std::string configuration;
  std::string kernels_name;
  const RowKernels* kernels;
  friend void PrintTo(const Variant& variant, std::ostream* out) {
    *out << variant.configuration << ' ' << variant.kernels_name;
  }
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  // Rows of several vectors and of several 64-bit words, with cuts inside and at the ends of words.
  for (const char* configuration :
       {"1x1_b2_f1_s0", "1x9_b2_f1_s8", "9x1_b1_f1_s0", "4x4_b2_f1_s3", "5x7_b2_f1_s2", "7x5_b1_f0_s0", "6x33_b2_f1_s0",
        "70x20_b2_f1_s1", "4x64_b2_f1_s1", "3x65_b2_f0_s0", "5x150_b2_f1_s3", "3x128_b1_f1_s127"}) {
    all.push_back({configuration, "portable", &portable_row_kernels()});
    if (avx2_row_kernels() != nullptr) all.push_back({configuration, "avx2", avx2_row_kernels()});
    if (avx512_row_kernels() != nullptr) all.push_back({configuration, "avx512", avx512_row_kernels()});
  }
  return all;
}

class SteppedArrayTest : public testing::TestWithParam<Variant> {
 protected:
  const isa::ArrayConfig config_ = test::array_config(GetParam().configuration);
};

INSTANTIATE_TEST_SUITE_P(Configurations, SteppedArrayTest, testing::ValuesIn(variants()), [](const auto& parameter) {
  return parameter.param.configuration + "_" + parameter.param.kernels_name;
});

/// Ports without sense, so also what no controller makes. A violation of the timing law ends a run: the stepped model
/// throws, both start again.
TEST_P(SteppedArrayTest, HoldsInEveryRegisterWhatTheDefinitionSays) {
  SteppedArray stepped(config_, *GetParam().kernels);
  test::ScalarArray definition(config_);
  EdgeOutputs out(config_), expected(config_);
  // Beyond what the definition forbids, the model refuses to lose a sum under a passing word.
  auto lost_a_sum = [&] {
    for (std::uint32_t i = 0; i < config_.rows; ++i) {
      for (std::uint32_t j = 0; j < config_.cols; ++j) {
        const PeState pe = definition.pe(i, j);
        if (pe.mv && pe.full[pe.mb]) return true;
      }
    }
    return false;
  };
  const std::uint64_t clocks = 60000 / (config_.rows * config_.cols + 20) + 200;
  std::uint64_t compared = 0, violations = 0;
  for (std::uint64_t seed = 0; compared < clocks; ++seed) {
    test::RandomEdges edges(config_, seed);
    stepped.reset();
    definition.reset();
    for (std::uint64_t clock = 0; clock < 700; ++clock) {
      const EdgeInputs& in = edges.next();
      SCOPED_TRACE(testing::Message() << "seed " << seed << " clock " << clock);
      definition.clock(in, expected);
      if (in.enable && (!definition.violation().empty() || lost_a_sum())) {
        EXPECT_THROW(stepped.clock(in, out), std::logic_error) << definition.violation();
        ++violations;
        break;
      }
      ASSERT_NO_THROW(stepped.clock(in, out));
      ASSERT_EQ(out.valid, expected.valid);
      ASSERT_EQ(out.data, expected.data);
      for (std::uint32_t i = 0; i < config_.rows; ++i) {
        for (std::uint32_t j = 0; j < config_.cols; ++j)
          ASSERT_EQ(stepped.pe(i, j), definition.pe(i, j)) << i << ", " << j;
      }
      ++compared;
    }
  }
  if (config_.rows > 1) {
    EXPECT_GT(violations, 0);
  }
}

}  // namespace
}  // namespace fusesim::array
