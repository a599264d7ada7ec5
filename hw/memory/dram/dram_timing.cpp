// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_timing.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

namespace fusesim::memory {
namespace {

[[noreturn]] void refuse(DramCommand command, std::uint32_t bank, Cycle at, const std::string& reason) {
  throw std::logic_error(std::string("DRAM command ") + name(command) + " to bank " + std::to_string(bank) +
                         " at clock " + std::to_string(at) + ": " + reason);
}

}  // namespace

const char* name(DramCommand command) {
  switch (command) {
    case DramCommand::activate:
      return "activate";
    case DramCommand::precharge:
      return "precharge";
    case DramCommand::precharge_all:
      return "precharge_all";
    case DramCommand::read:
      return "read";
    case DramCommand::write:
      return "write";
    case DramCommand::refresh:
      return "refresh";
  }
  return "";
}

DramTiming::DramTiming(const DramSpec& spec)
    : spec_((validate(spec), spec)),
      group_shift_(static_cast<unsigned>(std::countr_zero(spec.banks_per_group))),
      banks_(spec.banks()),
      groups_(spec.bank_groups) {}

Cycle DramTiming::length(DramCommand command) const {
  switch (command) {
    case DramCommand::activate:
      return spec_.command.activate;
    case DramCommand::precharge:
    case DramCommand::precharge_all:
      return spec_.command.precharge;
    case DramCommand::refresh:
      return spec_.command.refresh;
    case DramCommand::read:
    case DramCommand::write:
      break;
  }
  return spec_.command.column;
}

std::size_t DramTiming::bus(DramCommand command) const {
  const bool is_column = command == DramCommand::read || command == DramCommand::write;
  return spec_.split_command_bus && is_column ? 1 : 0;
}

Cycle DramTiming::earliest(DramCommand command, std::uint32_t bank) const {
  // A command stands at its last clock, so it begins length - 1 earlier.
  Cycle clock = std::max(last_issue_, bus_free_[bus(command)] + length(command) - 1);
  const auto require = [&clock](Cycle least) { clock = std::max(clock, least); };
  const Bank& state = banks_[bank];
  switch (command) {
    case DramCommand::activate:
      require(state.allowed.activate);
      require(groups_[bank >> group_shift_].activate);
      require(rank_.activate);
      if (activate_count_ >= activates_.size()) require(activates_[next_activate_] + spec_.timing.faw);
      break;
    case DramCommand::precharge:
      require(state.allowed.precharge);
      require(rank_.precharge);
      break;
    case DramCommand::precharge_all:
      for (const Bank& each : banks_) require(each.open ? each.allowed.precharge : 0);
      require(rank_.precharge);
      break;
    case DramCommand::read:
      require(state.allowed.read);
      require(groups_[bank >> group_shift_].read);
      require(rank_.read);
      break;
    case DramCommand::write:
      require(state.allowed.write);
      require(groups_[bank >> group_shift_].write);
      require(rank_.write);
      break;
    case DramCommand::refresh:
      // A bank that may be activated is precharged; a refresh activates all of them.
      for (const Bank& each : banks_) require(each.allowed.activate);
      break;
  }
  return clock;
}

void DramTiming::close(Bank& bank, Cycle next_activate) {
  bank.open = false;
  raise(bank.allowed.activate, next_activate);
  --open_banks_;
}

void DramTiming::issue(DramCommand command, std::uint32_t bank, std::uint32_t row, Cycle at) {
  const DramTimings& t = spec_.timing;
  Bank& state = banks_.at(bank);
  const Cycle first = earliest(command, bank);
  if (at < first) refuse(command, bank, at, "allowed from clock " + std::to_string(first) + " on");
  switch (command) {
    case DramCommand::activate: {
      if (state.open) refuse(command, bank, at, "the bank has a row open");
      state.open = true;
      state.row = row;
      ++open_banks_;
      raise(state.allowed.read, at + t.rcd_read);
      raise(state.allowed.write, at + t.rcd_write);
      raise(state.allowed.precharge, at + t.ras);
      raise(state.allowed.activate, at + t.rc);
      raise(groups_[bank >> group_shift_].activate, at + t.rrd_l);
      raise(rank_.activate, at + t.rrd_s);
      activates_[next_activate_] = at;
      next_activate_ = (next_activate_ + 1) % activates_.size();
      ++activate_count_;
      break;
    }
    case DramCommand::precharge:
      if (!state.open) refuse(command, bank, at, "the bank is closed");
      close(state, at + t.rp);
      raise(rank_.precharge, at + t.ppd);
      break;
    case DramCommand::precharge_all:
      for (Bank& each : banks_) {
        if (each.open) close(each, at + t.rp_all);
      }
      raise(rank_.precharge, at + t.ppd);
      break;
    case DramCommand::read:
    case DramCommand::write:
      if (!state.open) refuse(command, bank, at, "the bank is closed");
      issue_known_column(command == DramCommand::write, bank, at);
      end_known_columns(command == DramCommand::write, at);
      return;
    case DramCommand::refresh:
      if (open_banks_ != 0) refuse(command, bank, at, std::to_string(open_banks_) + " banks have a row open");
      for (Bank& each : banks_) raise(each.allowed.activate, at + t.rfc);
      break;
  }
  last_issue_ = at;
  bus_free_[bus(command)] = at + 1;
}

}  // namespace fusesim::memory
