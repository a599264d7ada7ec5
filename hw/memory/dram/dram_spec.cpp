// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_spec.h"

#include <bit>
#include <stdexcept>

namespace fusesim::memory {
namespace {

[[noreturn]] void refuse(const DramSpec& spec, const std::string& field, const std::string& reason) {
  throw std::invalid_argument("DRAM '" + spec.name + "': " + field + " " + reason);
}

void require_power_of_two(const DramSpec& spec, const char* field, std::uint32_t value) {
  if (!std::has_single_bit(value)) {
    refuse(spec, field, "is " + std::to_string(value) + "; it must be a power of two, as it is a field of the address");
  }
}

void require_positive(const DramSpec& spec, const char* field, Cycle value) {
  if (value == 0) refuse(spec, field, "is 0; it must be at least 1");
}

void require_at_least(const DramSpec& spec, const char* field, Cycle value, const char* bound, Cycle least) {
  if (value < least) {
    refuse(spec, field,
           "is " + std::to_string(value) + "; it must be at least " + bound + " = " + std::to_string(least));
  }
}

}  // namespace

void validate(const DramSpec& spec) {
  const DramTimings& t = spec.timing;
  require_positive(spec, "clock_mhz", spec.clock_mhz);
  require_power_of_two(spec, "bus_bits", spec.bus_bits);
  require_at_least(spec, "bus_bits", spec.bus_bits, "a byte", 8);
  require_power_of_two(spec, "burst_length", spec.burst_length);
  require_at_least(spec, "burst_length", spec.burst_length, "a clock of data", 2);
  require_power_of_two(spec, "bank_groups", spec.bank_groups);
  require_power_of_two(spec, "banks_per_group", spec.banks_per_group);
  if (spec.banks() > 64) refuse(spec, "banks", "are " + std::to_string(spec.banks()) + "; at most 64 are supported");
  require_power_of_two(spec, "rows", spec.rows);
  require_power_of_two(spec, "columns", spec.columns);
  require_at_least(spec, "columns", spec.columns, "burst_length", spec.burst_length);

  require_positive(spec, "command.activate", spec.command.activate);
  require_positive(spec, "command.precharge", spec.command.precharge);
  require_positive(spec, "command.column", spec.command.column);
  require_positive(spec, "command.refresh", spec.command.refresh);

  require_positive(spec, "rcd_read", t.rcd_read);
  require_positive(spec, "rcd_write", t.rcd_write);
  require_positive(spec, "rp", t.rp);
  require_at_least(spec, "rp_all", t.rp_all, "rp", t.rp);
  require_at_least(spec, "ras", t.ras, "rcd_read", t.rcd_read);
  require_at_least(spec, "rc", t.rc, "ras", t.ras);
  require_positive(spec, "rrd_s", t.rrd_s);
  require_at_least(spec, "rrd_l", t.rrd_l, "rrd_s", t.rrd_s);
  require_at_least(spec, "faw", t.faw, "rrd_s", t.rrd_s);
  require_positive(spec, "cl", t.cl);
  require_positive(spec, "cwl", t.cwl);
  require_at_least(spec, "ccd_s", t.ccd_s, "half the burst length", spec.burst_clocks());
  require_at_least(spec, "ccd_l", t.ccd_l, "ccd_s", t.ccd_s);
  // The law checks columns only; these two keep data of both directions apart on the bus.
  require_at_least(spec, "rtw + cwl", t.rtw + t.cwl, "cl + half the burst length", t.cl + spec.burst_clocks());
  require_at_least(spec, "wtr_l", t.wtr_l, "wtr_s", t.wtr_s);
  require_positive(spec, "rtp", t.rtp);
  require_positive(spec, "ppd", t.ppd);
  require_positive(spec, "rfc", t.rfc);
  require_at_least(spec, "refi", t.refi, "rfc + rp_all + ras + rc", t.rfc + t.rp_all + t.ras + t.rc);
}

}  // namespace fusesim::memory
