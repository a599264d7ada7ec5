// SPDX-License-Identifier: Apache-2.0
// One rank of a DRAM channel: its organisation and its timing, as a datasheet gives them.
#pragma once

#include <cstdint>
#include <string>

namespace fusesim::memory {

/// A count of DRAM command clocks, or the number of such a clock since the start of the simulation.
using Cycle = std::uint64_t;

/// Minimum distances between commands, in command clocks. docs/memory.md gives the law they enter. A command of several
/// clocks stands at its last one, as in the JEDEC tables.
struct DramTimings {
  Cycle rcd_read = 0;   ///< tRCD: activate to read.
  Cycle rcd_write = 0;  ///< Activate to write; equal to rcd_read but on HBM.
  Cycle rp = 0;         ///< tRP: precharge to activate.
  Cycle rp_all = 0;     ///< Precharge of all banks to activate or refresh; LPDDR has a longer one.
  Cycle ras = 0;        ///< tRAS: activate to precharge.
  Cycle rc = 0;         ///< tRC: activate to activate, same bank.
  Cycle rrd_s = 0;      ///< tRRD_S: activate to activate, other bank group.
  Cycle rrd_l = 0;      ///< tRRD_L: same bank group.
  Cycle faw = 0;        ///< tFAW: activate to the fourth activate after it.
  Cycle cl = 0;         ///< Read to first data (CL; RL + tDQSCK on LPDDR4 and HBM2).
  Cycle cwl = 0;        ///< Write to first data (CWL; WL + tDQSS on LPDDR4).
  Cycle ccd_s = 0;      ///< tCCD_S: column to column of the same direction, other bank group.
  Cycle ccd_l = 0;      ///< tCCD_L: same bank group.
  Cycle rtw = 0;        ///< Read to write, by the turnaround of the data bus.
  Cycle wtr_s = 0;      ///< tWTR_S: end of write data to read, other bank group.
  Cycle wtr_l = 0;      ///< tWTR_L: same bank group.
  Cycle wr = 0;         ///< tWR: end of write data to precharge.
  Cycle rtp = 0;        ///< tRTP: read to precharge.
  Cycle ppd = 1;        ///< tPPD: precharge to precharge.
  Cycle refi = 0;       ///< tREFI: between refreshes of all banks.
  Cycle rfc = 0;        ///< tRFC: refresh to activate or refresh.
};

/// Clocks that a command occupies its bus.
struct DramCommandLengths {
  Cycle activate = 1;
  Cycle precharge = 1;
  Cycle column = 1;
  Cycle refresh = 1;
};

struct DramSpec {
  std::string name;
  std::string source;              ///< Where the figures were published.
  std::uint32_t clock_mhz = 0;     ///< Command clock; data moves on both its edges.
  std::uint32_t bus_bits = 0;      ///< Width of the data bus of the channel.
  std::uint32_t burst_length = 0;  ///< Transfers of a column command.
  std::uint32_t bank_groups = 1;
  std::uint32_t banks_per_group = 0;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;       ///< Words of bus_bits in a row.
  bool split_command_bus = false;  ///< Row and column commands have a bus each (HBM).
  DramCommandLengths command;
  DramTimings timing;

  [[nodiscard]] std::uint32_t banks() const { return bank_groups * banks_per_group; }
  [[nodiscard]] std::uint32_t burst_bytes() const { return bus_bits / 8 * burst_length; }
  /// Clocks a burst holds the data bus.
  [[nodiscard]] Cycle burst_clocks() const { return burst_length / 2; }
  [[nodiscard]] std::uint32_t bursts_per_row() const { return columns / burst_length; }
  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{banks()} * rows * columns * (bus_bits / 8); }
  [[nodiscard]] double peak_bytes_per_second() const { return 2e6 * clock_mhz * bus_bits / 8; }

  /// The edge of clock `cycle`, in picoseconds: exact to the picosecond however long the run, since it is not a sum of
  /// rounded periods.
  [[nodiscard]] std::uint64_t picoseconds(Cycle cycle) const { return (cycle * 1'000'000 + clock_mhz - 1) / clock_mhz; }
  /// The first clock edge at or after a time.
  [[nodiscard]] Cycle clock_at(std::uint64_t picoseconds) const {
    return picoseconds == 0 ? 0 : (picoseconds - 1) * clock_mhz / 1'000'000 + 1;
  }
};

/// Throws std::invalid_argument naming the specification, the field and the cure when a value makes no DRAM: zero or
/// not a power of two where an address field needs one, or timings that contradict each other.
void validate(const DramSpec& spec);

}  // namespace fusesim::memory
