// SPDX-License-Identifier: Apache-2.0
// Command sequences worked out by hand from the datasheets' figures.
#include "hw/memory/dram/dram_timing.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "hw/memory/dram/dram_standards.h"

namespace fusesim::memory {
namespace {

using enum DramCommand;

class Channel {
 public:
  explicit Channel(const DramSpec& spec) : timing_(spec) {}

  /// The command is not ready at clock `at` - 1, ready at `at`, and issued then.
  void expect(DramCommand command, std::uint32_t bank, Cycle at) {
    SCOPED_TRACE(std::string(name(command)) + " to bank " + std::to_string(bank));
    EXPECT_EQ(timing_.earliest(command, bank), at);
    if (at > 0) {
      DramTiming early = timing_;
      EXPECT_THROW(early.issue(command, bank, kRow, at - 1), std::logic_error);
    }
    timing_.issue(command, bank, kRow, at);
  }
  /// Issues it at a clock of the test's choice.
  void issue(DramCommand command, std::uint32_t bank, Cycle at) { timing_.issue(command, bank, kRow, at); }

  DramTiming& timing() { return timing_; }

 private:
  static constexpr std::uint32_t kRow = 7;
  DramTiming timing_;
};

// Banks of DDR4: 0 to 3 are group 0, 4 to 7 group 1 and so on.
Channel ddr4() {
  return Channel(dram_standard("DDR4-2400"));
}
Channel lpddr4() {
  return Channel(dram_standard("LPDDR4-3200"));
}
Channel hbm2() {
  return Channel(dram_standard("HBM2-2000"));
}

TEST(DramTiming, ReadsAClosedBankAfterActivating) {
  Channel dram = ddr4();
  dram.expect(activate, 0, 0);
  dram.expect(read, 0, 16);                                   // tRCD
  EXPECT_EQ(dram.timing().data_end(read, 16), 16U + 16 + 4);  // CL, BL/2
}

TEST(DramTiming, ReadsAnOpenRowEveryCcdL) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(read, 0, 16);
  dram.expect(read, 0, 22);  // tCCD_L
  dram.expect(read, 0, 28);
}

TEST(DramTiming, ReadsAnotherBankGroupAfterCcdS) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(activate, 4, 4);
  dram.issue(read, 0, 20);
  dram.expect(read, 4, 24);  // tCCD_S
  dram.expect(read, 0, 28);  // tCCD_S after the other group; tCCD_L after its own would be 26
}

TEST(DramTiming, ReadsAnotherBankOfTheGroupAfterCcdL) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(activate, 1, 6);
  dram.issue(read, 0, 22);
  dram.expect(read, 1, 28);  // tCCD_L
}

TEST(DramTiming, OpensAnotherRowAfterPrecharging) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(read, 0, 16);
  dram.expect(precharge, 0, 39);  // tRAS; tRTP would be 25
  dram.expect(activate, 0, 55);   // tRP, and tRC
  dram.expect(read, 0, 71);
}

TEST(DramTiming, PrechargesAfterALateReadByRtp) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(read, 0, 100);
  dram.expect(precharge, 0, 109);  // tRTP
  dram.expect(activate, 0, 125);   // tRP
}

TEST(DramTiming, PrechargesAfterAWriteByItsRecovery) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.expect(write, 0, 16);
  EXPECT_EQ(dram.timing().data_end(write, 16), 16U + 12 + 4);  // CWL, BL/2
  dram.expect(precharge, 0, 16 + 12 + 4 + 18);                 // tWR
}

TEST(DramTiming, SpacesActivatesByBankGroup) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.expect(activate, 1, 6);   // tRRD_L
  dram.expect(activate, 4, 10);  // tRRD_S
}

TEST(DramTiming, HoldsTheFifthActivateForTheWindowOfFour) {
  Channel dram = ddr4();
  dram.expect(activate, 0, 0);
  dram.expect(activate, 4, 4);  // tRRD_S
  dram.expect(activate, 8, 8);
  dram.expect(activate, 12, 12);
  dram.expect(activate, 1, 26);  // tFAW after the first; tRRD_S would be 16
  dram.expect(activate, 5, 30);  // tFAW after the second and tRRD_S
}

TEST(DramTiming, TurnsFromWriteToReadByBankGroup) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(activate, 4, 4);
  dram.issue(write, 0, 20);
  dram.expect(read, 4, 20 + 12 + 4 + 3);  // CWL + BL/2 + tWTR_S
  DramTiming same = dram.timing();
  EXPECT_EQ(same.earliest(read, 0), 20U + 12 + 4 + 9);  // tWTR_L
}

TEST(DramTiming, TurnsFromReadToWrite) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(read, 0, 16);
  dram.expect(write, 0, 26);  // CL - CWL + BL/2 + 2
}

TEST(DramTiming, RefreshesClosedBanksAndHoldsActivates) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(activate, 4, 10);
  EXPECT_THROW(dram.issue(refresh, 0, 1000), std::logic_error);  // rows are open
  dram.expect(precharge_all, 0, 49);                             // tRAS of the younger row
  dram.expect(refresh, 0, 65);                                   // tRP
  dram.expect(activate, 0, 65 + 420);                            // tRFC
}

TEST(DramTiming, OneCommandAClock) {
  Channel dram = ddr4();
  dram.issue(activate, 0, 0);
  dram.issue(activate, 4, 4);
  dram.issue(read, 0, 43);
  dram.expect(precharge, 4, 44);  // tRAS ended at 43; the bus was taken
}

TEST(DramTiming, LpddrCommandsTakeSeveralClocks) {
  Channel dram = lpddr4();
  dram.expect(activate, 0, 3);   // four clocks, counted at the last
  dram.expect(activate, 1, 19);  // tRRD
  dram.expect(read, 0, 32);      // tRCD
  dram.issue(read, 0, 80);
  dram.expect(precharge, 1, 87);                             // tRAS of bank 1
  dram.expect(precharge, 0, 92);                             // tRTP; tPPD would be 91
  EXPECT_EQ(dram.timing().earliest(activate, 0), 92U + 29);  // tRPpb
  DramTiming next = dram.timing();
  EXPECT_EQ(next.earliest(read, 0), 96U);  // four clocks after the precharge, 92 + 4
}

TEST(DramTiming, LpddrPrechargesBanksPpdApart) {
  Channel dram = lpddr4();
  dram.issue(activate, 0, 3);
  dram.issue(activate, 1, 19);
  dram.issue(precharge, 0, 200);
  dram.expect(precharge, 1, 204);  // tPPD
}

TEST(DramTiming, LpddrWaitsLongerAfterPrechargingAll) {
  Channel dram = lpddr4();
  dram.issue(activate, 0, 3);
  dram.expect(precharge_all, 0, 3 + 68);
  dram.expect(refresh, 0, 3 + 68 + 34);  // tRPab
}

TEST(DramTiming, HbmRowAndColumnCommandsShareNoBus) {
  Channel dram = hbm2();
  dram.expect(activate, 0, 1);  // two clocks
  dram.expect(activate, 4, 5);  // tRRD_S
  dram.expect(write, 0, 7);     // the shorter tRCD of writes
  EXPECT_EQ(dram.timing().earliest(read, 4), 20U);
  dram.issue(activate, 8, 20);
  dram.expect(read, 4, 20);  // CWL + BL/2 + tWTR_S after the write, in the clock of the activate
}

TEST(DramTiming, RefusesColumnsOfAClosedBankAndActivatesOfAnOpenOne) {
  Channel dram = ddr4();
  EXPECT_THROW(dram.issue(read, 0, 100), std::logic_error);
  EXPECT_THROW(dram.issue(precharge, 0, 100), std::logic_error);
  dram.issue(activate, 0, 100);
  EXPECT_THROW(dram.issue(activate, 0, 1000), std::logic_error);
  EXPECT_THROW(dram.issue(activate, 4, 99), std::logic_error);  // before a command already issued
}

}  // namespace
}  // namespace fusesim::memory
