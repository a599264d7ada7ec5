// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "hw/memory/dram/dram_standards.h"

namespace fusesim::memory {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(DramStandards, AreValidAndHaveTheirPublishedRates) {
  for (const DramSpec& spec : dram_standards()) {
    SCOPED_TRACE(spec.name);
    EXPECT_NO_THROW(validate(spec));
    EXPECT_FALSE(spec.source.empty());
  }
  EXPECT_DOUBLE_EQ(dram_standard("DDR4-2400").peak_bytes_per_second(), 19.2e9);
  EXPECT_DOUBLE_EQ(dram_standard("LPDDR4-3200").peak_bytes_per_second(), 6.4e9);
  EXPECT_DOUBLE_EQ(dram_standard("HBM2-2000").peak_bytes_per_second(), 16e9);
  constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  EXPECT_EQ(dram_standard("DDR4-2400").bytes(), 8 * gib);
  EXPECT_EQ(dram_standard("LPDDR4-3200").bytes(), gib);
  EXPECT_EQ(dram_standard("HBM2-2000").bytes(), gib / 4);
}

TEST(DramStandards, NameTheNearestOneToAMisspelling) {
  EXPECT_THAT(
      [] { (void)dram_standard("DDR4-2040"); },
      ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr("DDR4-2040"), HasSubstr("did you mean 'DDR4-2400'"))));
}

TEST(DramSpec, RefusesContradictionsByName) {
  const auto refused = [](auto change, const char* field) {
    DramSpec spec = dram_standard("DDR4-2400");
    change(spec);
    EXPECT_THAT([&] { validate(spec); },
                ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr("DDR4-2400"), HasSubstr(field))));
  };
  refused([](DramSpec& s) { s.rows = 1000; }, "rows is 1000");
  refused([](DramSpec& s) { s.clock_mhz = 0; }, "clock_mhz");
  refused([](DramSpec& s) { s.timing.ccd_s = 3; }, "ccd_s is 3; it must be at least half the burst length = 4");
  refused([](DramSpec& s) { s.timing.ccd_l = 3; }, "ccd_l");
  refused([](DramSpec& s) { s.timing.rtw = 7; }, "rtw + cwl is 19");
  refused([](DramSpec& s) { s.timing.rc = 38; }, "rc is 38");
  refused([](DramSpec& s) { s.timing.refi = 400; }, "refi");
  refused([](DramSpec& s) { s.columns = 4; }, "columns");
  refused([](DramSpec& s) { s.bank_groups = 32; }, "at most 64");
}

TEST(DramSpec, ClocksAndTimesAgreeWithoutDrift) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  EXPECT_EQ(spec.picoseconds(0), 0U);
  EXPECT_EQ(spec.picoseconds(1), 834U);  // 833.3 ps, rounded up
  EXPECT_EQ(spec.picoseconds(6), 5000U);
  EXPECT_EQ(spec.picoseconds(1'200'000'000), 1'000'000'000'000U);  // one second
  for (Cycle clock : {Cycle{0}, Cycle{1}, Cycle{2}, Cycle{3}, Cycle{7}, Cycle{1'000'001}, Cycle{1'199'999'999}}) {
    const std::uint64_t edge = spec.picoseconds(clock);
    EXPECT_EQ(spec.clock_at(edge), clock);
    EXPECT_EQ(spec.clock_at(edge + 1), clock + 1);
  }
}

}  // namespace
}  // namespace fusesim::memory
