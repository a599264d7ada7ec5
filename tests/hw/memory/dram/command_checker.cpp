// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/memory/dram/command_checker.h"

#include <algorithm>
#include <map>

namespace fusesim::memory_test {
namespace {

using memory::Cycle;
using memory::DramCommand;
using memory::DramSpec;
using enum memory::DramCommand;

struct Rule {
  const char* name = nullptr;
  Cycle distance = 0;
};

bool all_banks(DramCommand command) {
  return command == precharge_all || command == refresh;
}

/// The distance two commands need, whatever happens between them.
Rule rule(const DramSpec& spec, const IssuedCommand& a, const IssuedCommand& b) {
  const memory::DramTimings& t = spec.timing;
  const bool bank = a.bank == b.bank || all_banks(a.command) || all_banks(b.command);
  const bool group = a.bank / spec.banks_per_group == b.bank / spec.banks_per_group;
  const Cycle written = t.cwl + spec.burst_length / 2;
  const bool closes = b.command == precharge || b.command == precharge_all;
  switch (a.command) {
    case activate:
      if (b.command == activate && bank) return {"tRC", t.rc};
      if (b.command == activate) return group ? Rule{"tRRD_L", t.rrd_l} : Rule{"tRRD_S", t.rrd_s};
      if (b.command == read && bank) return {"tRCD (read)", t.rcd_read};
      if (b.command == write && bank) return {"tRCD (write)", t.rcd_write};
      if (closes && bank) return {"tRAS", t.ras};
      break;
    case read:
      if (b.command == read) return group ? Rule{"tCCD_L (read)", t.ccd_l} : Rule{"tCCD_S (read)", t.ccd_s};
      if (b.command == write) return {"read to write", t.rtw};
      if (closes && bank) return {"tRTP", t.rtp};
      break;
    case write:
      if (b.command == write) return group ? Rule{"tCCD_L (write)", t.ccd_l} : Rule{"tCCD_S (write)", t.ccd_s};
      if (b.command == read) return group ? Rule{"tWTR_L", written + t.wtr_l} : Rule{"tWTR_S", written + t.wtr_s};
      if (closes && bank) return {"tWR", written + t.wr};
      break;
    case precharge:
      if ((b.command == activate || b.command == refresh) && bank) return {"tRP", t.rp};
      if (closes) return {"tPPD", t.ppd};
      break;
    case precharge_all:
      if (b.command == activate || b.command == refresh) return {"tRPab", t.rp_all};
      if (closes) return {"tPPD", t.ppd};
      break;
    case refresh:
      if (b.command == activate || b.command == refresh) return {"tRFC", t.rfc};
      break;
  }
  return {};
}

Cycle length(const DramSpec& spec, DramCommand command) {
  if (command == activate) return spec.command.activate;
  if (command == read || command == write) return spec.command.column;
  return command == refresh ? spec.command.refresh : spec.command.precharge;
}

struct Span {
  Cycle begin, end;
};

bool overlap(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].begin < spans[i - 1].end) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> breaches(const DramSpec& spec, const std::vector<IssuedCommand>& log) {
  std::vector<std::string> found;
  const auto report = [&](std::size_t i, const std::string& what) {
    if (found.size() < 5) {
      found.push_back(std::string(name(log[i].command)) + " at clock " + std::to_string(log[i].at) + ": " + what);
    }
  };
  for (std::size_t j = 0; j < log.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      const Rule needed = rule(spec, log[i], log[j]);
      if (needed.name != nullptr && log[j].at < log[i].at + needed.distance) report(j, needed.name);
    }
  }

  std::vector<Cycle> activates;
  std::vector<Span> bus[2];
  std::vector<Span> data;
  for (const IssuedCommand& each : log) {
    const bool column = each.command == read || each.command == write;
    if (each.command == activate) activates.push_back(each.at);
    bus[column && spec.split_command_bus ? 1 : 0].push_back({each.at + 1 - length(spec, each.command), each.at + 1});
    if (column) {
      const Cycle first = each.at + (each.command == read ? spec.timing.cl : spec.timing.cwl);
      data.push_back({first, first + spec.burst_length / 2});
    }
  }
  for (std::size_t i = 4; i < activates.size(); ++i) {
    if (activates[i] - activates[i - 4] < spec.timing.faw) {
      found.push_back("activate at clock " + std::to_string(activates[i]) + ": tFAW");
    }
  }
  for (const auto& each : bus) {
    if (overlap(each)) found.emplace_back("two commands at once on a command bus");
  }
  if (overlap(data)) found.emplace_back("two bursts at once on the data bus");

  std::map<std::uint32_t, std::uint32_t> open;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const auto [command, bank, row, at] = log[i];
    if (i > 0 && at < log[i - 1].at) report(i, "out of order");
    const auto state = open.find(bank);
    const bool is_open = state != open.end();
    if (command == activate) {
      if (is_open) report(i, "bank already open");
      open[bank] = row;
    } else if (command == precharge) {
      if (!is_open) report(i, "bank not open");
      open.erase(bank);
    } else if (command == precharge_all) {
      open.clear();
    } else if (command == refresh) {
      if (!open.empty()) report(i, "banks open");
    } else if (!is_open || state->second != row) {
      report(i, "row not open");
    }
  }
  return found;
}

}  // namespace fusesim::memory_test
