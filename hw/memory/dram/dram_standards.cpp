// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_standards.h"

#include <array>
#include <vector>

#include "hw/isa/names.h"

namespace fusesim::memory {
namespace {

// Every value is in clocks; the comment gives the published figure it is rounded up from.

// 64-bit channel of eight 8 Gb x8 devices, one rank. JEDEC JESD79-4; Micron, 4Gb/8Gb: x4, x8, x16 DDR4 SDRAM
// (MT40A1G8, speed grade -083E): table "DDR4-2400 Speed Bins and Operating Conditions" for CL-nRCD-nRP, tRAS and CWL;
// table "Electrical Characteristics and AC Timing Parameters: DDR4-1600 through DDR4-2400" for the rest. tCK 0.833 ns,
// pages of 1 KiB a device.
DramSpec ddr4_2400() {
  DramSpec spec;
  spec.name = "DDR4-2400";
  spec.source = "JEDEC JESD79-4; Micron 8Gb x8 DDR4 SDRAM MT40A1G8-083E (16-16-16), eight devices";
  spec.clock_mhz = 1200;
  spec.bus_bits = 64;
  spec.burst_length = 8;
  spec.bank_groups = 4;
  spec.banks_per_group = 4;
  spec.rows = 65536;
  spec.columns = 1024;
  DramTimings& t = spec.timing;
  t.rcd_read = t.rcd_write = 16;  // 13.32 ns
  t.rp = t.rp_all = 16;           // 13.32 ns
  t.ras = 39;                     // 32 ns
  t.rc = 55;                      // tRAS + tRP = 45.32 ns
  t.rrd_s = 4;                    // max(4 CK, 3.3 ns), 1 KiB page
  t.rrd_l = 6;                    // max(4 CK, 4.9 ns), 1 KiB page
  t.faw = 26;                     // max(20 CK, 21 ns), 1 KiB page
  t.cl = 16;                      // speed bin 16-16-16
  t.cwl = 12;                     // CWL 12 for a write preamble of 1 CK (16 for one of 2 CK)
  t.ccd_s = 4;
  t.ccd_l = 6;    // max(5 CK, 5 ns)
  t.rtw = 10;     // CL - CWL + BL/2 + 1 + tWPRE, tWPRE 1
  t.wtr_s = 3;    // max(2 CK, 2.5 ns)
  t.wtr_l = 9;    // max(4 CK, 7.5 ns)
  t.wr = 18;      // 15 ns
  t.rtp = 9;      // max(4 CK, 7.5 ns)
  t.refi = 9360;  // 7.8 us, up to 85 C
  t.rfc = 420;    // tRFC1 of 8 Gb, 350 ns
  return spec;
}

// One 16-bit channel of 8 Gb (a 16 Gb die has two). JEDEC JESD209-4: tables of read and write latencies (RL 28 without
// DBI, WL 14 of set A, at 3200 Mb/s), core AC timing and refresh requirements. Activate and column commands are two
// commands of two clocks each.
DramSpec lpddr4_3200() {
  DramSpec spec;
  spec.name = "LPDDR4-3200";
  spec.source = "JEDEC JESD209-4, one 16-bit channel of 8 Gb, RL/WL 28/14 (no DBI, set A)";
  spec.clock_mhz = 1600;
  spec.bus_bits = 16;
  spec.burst_length = 16;
  spec.bank_groups = 1;
  spec.banks_per_group = 8;
  spec.rows = 65536;
  spec.columns = 1024;
  spec.command = {.activate = 4, .precharge = 2, .column = 4, .refresh = 2};
  DramTimings& t = spec.timing;
  t.rcd_read = t.rcd_write = 29;  // 18 ns
  t.rp = 29;                      // tRPpb 18 ns
  t.rp_all = 34;                  // tRPab 21 ns
  t.ras = 68;                     // 42 ns
  t.rc = 97;                      // tRAS + tRPpb
  t.rrd_s = t.rrd_l = 16;         // 10 ns; no bank groups
  t.faw = 64;                     // 40 ns
  t.cl = 34;                      // RL 28 + tDQSCK at most 3.5 ns
  t.cwl = 15;              // WL 14 + tDQSS of about 1 CK; also JEDEC's "WL + 1" in write to read and to precharge
  t.ccd_s = t.ccd_l = 8;   // BL/2
  t.rtw = 30;              // RL + tDQSCK + BL/2 - WL + tWPRE, 28 + 6 + 8 - 14 + 2
  t.wtr_s = t.wtr_l = 16;  // 10 ns
  t.wr = 29;               // 18 ns
  t.rtp = 12;              // 7.5 ns
  t.ppd = 4;               // tPPD
  t.refi = 6246;           // 3.904 us
  t.rfc = 448;             // tRFCab of an 8 Gb channel, 280 ns
  return spec;
}

// One pseudo channel (half a channel) of a stack of four 8 Gb dies. JEDEC JESD235A fixes the organisation and leaves
// most AC timing to the vendors, who publish none; these are the memory controller settings of AMD cards with HBM2,
// read out and published by ComputerBase (May 2019) and used by the public configurations of DRAMSys ("HBM2.json") and
// gem5 ("HBM_2000_4H_1x64"). tDQSCK is 1 as in the former, so reads take 18 clocks in both.
DramSpec hbm2_2000() {
  DramSpec spec;
  spec.name = "HBM2-2000";
  spec.source =
      "organisation: JEDEC JESD235A, one 64-bit pseudo channel of 2 Gb; timing: settings of AMD HBM2 cards published "
      "by "
      "ComputerBase (2019-05), as in DRAMSys and gem5";
  spec.clock_mhz = 1000;
  spec.bus_bits = 64;
  spec.burst_length = 4;
  spec.bank_groups = 4;
  spec.banks_per_group = 4;
  spec.rows = 16384;
  spec.columns = 128;  // pages of 1 KiB
  spec.split_command_bus = true;
  spec.command = {.activate = 2, .precharge = 1, .column = 1, .refresh = 1};
  DramTimings& t = spec.timing;
  t.rcd_read = 12;
  t.rcd_write = 6;
  t.rp = t.rp_all = 14;
  t.ras = 28;
  t.rc = 42;
  t.rrd_s = 4;
  t.rrd_l = 6;
  t.faw = 16;
  t.cl = 18;  // RL 17 + tDQSCK 1
  t.cwl = 7;
  t.ccd_s = 2;
  t.ccd_l = 3;
  t.rtw = 18;
  t.wtr_s = 4;
  t.wtr_l = 9;
  t.wr = 14;
  t.rtp = 5;
  t.refi = 3900;
  t.rfc = 220;
  return spec;
}

}  // namespace

std::span<const DramSpec> dram_standards() {
  static const std::array<DramSpec, 3> standards{ddr4_2400(), lpddr4_3200(), hbm2_2000()};
  return standards;
}

const DramSpec& dram_standard(std::string_view name) {
  std::vector<std::string_view> names;
  for (const DramSpec& spec : dram_standards()) {
    if (spec.name == name) return spec;
    names.push_back(spec.name);
  }
  isa::throw_unknown_name("DRAM standard", name, names);
}

}  // namespace fusesim::memory
