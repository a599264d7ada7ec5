// SPDX-License-Identifier: Apache-2.0
#include "hw/array/stepped_array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <random>
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

/// Runs both under `next()`'s ports. A violation of the timing law ends a run: the stepped model throws, both start
/// again under the next seed.
template <class Edges>
void compare(const isa::ArrayConfig& config, const RowKernels& kernels, bool& met_violations) {
  SteppedArray stepped(config, kernels);
  test::ScalarArray definition(config);
  EdgeOutputs out(config), expected(config);
  // Beyond what the definition forbids, the model refuses to lose a sum under a passing word.
  auto lost_a_sum = [&] {
    for (std::uint32_t i = 0; i < config.rows; ++i) {
      for (std::uint32_t j = 0; j < config.cols; ++j) {
        const PeState pe = definition.pe(i, j);
        if (pe.mv && pe.full[pe.mb]) return true;
      }
    }
    return false;
  };
  const std::uint64_t clocks = 60000 / (config.rows * config.cols + 20) + 3 * (config.rows + 2 * config.cols);
  std::uint64_t compared = 0, violations = 0;
  for (std::uint64_t seed = 0; compared < clocks; ++seed) {
    Edges edges(config, seed);
    stepped.reset();
    definition.reset();
    for (std::uint64_t clock = 0; clock < 2000 && compared < clocks; ++clock) {
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
      for (std::uint32_t i = 0; i < config.rows; ++i) {
        for (std::uint32_t j = 0; j < config.cols; ++j)
          ASSERT_EQ(stepped.pe(i, j), definition.pe(i, j)) << i << ", " << j;
      }
      ++compared;
    }
  }
  met_violations = violations > 0;
}

/// Ports that keep their flags for as long as it takes them to reach every PE, and longer; only operands change.
class SteadyEdges {
 public:
  SteadyEdges(const isa::ArrayConfig& config, std::uint64_t seed)
      : longest_(3 * (config.rows + config.cols + config.broadcast_stages)),
        edges_(config, seed),
        inputs_(config),
        random_(seed) {}

  const EdgeInputs& next() {
    const EdgeInputs& fresh = edges_.next();
    if (left_ == 0) {
      left_ = std::uniform_int_distribution<std::uint32_t>(1, longest_)(random_);
      inputs_ = fresh;
      if (left_ % 2 == 0) std::fill(inputs_.tap_valid.begin(), inputs_.tap_valid.end(), 0);
      if (left_ % 3 == 0) std::fill(inputs_.left_valid.begin(), inputs_.left_valid.end(), 1);
      if (left_ % 3 == 0) std::fill(inputs_.top_valid.begin(), inputs_.top_valid.end(), 1);
    } else {
      inputs_.left = fresh.left;
      inputs_.top = fresh.top;
      inputs_.tap = fresh.tap;
      inputs_.enable = fresh.enable;
      inputs_.left_first = false;
      // Sums that passing words may meet are few: otherwise no run would last.
      std::fill(inputs_.drain.begin(), inputs_.drain.end(), 0);
    }
    --left_;
    return inputs_;
  }

 private:
  std::uint32_t longest_, left_ = 0;
  test::RandomEdges edges_;
  EdgeInputs inputs_;
  std::mt19937_64 random_;
};

/// Ports without sense, so also what no controller makes.
TEST_P(SteppedArrayTest, HoldsInEveryRegisterWhatTheDefinitionSays) {
  bool violations = false;
  compare<test::RandomEdges>(config_, *GetParam().kernels, violations);
  EXPECT_EQ(violations, config_.rows > 1);
}

TEST_P(SteppedArrayTest, HoldsItAlsoUnderPortsThatSeldomChange) {
  bool violations = false;
  compare<SteadyEdges>(config_, *GetParam().kernels, violations);
}

}  // namespace
}  // namespace fusesim::array
