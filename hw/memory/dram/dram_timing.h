// SPDX-License-Identifier: Apache-2.0
// The timing law of a DRAM channel: when a command may follow those before it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "hw/memory/dram/dram_spec.h"

namespace fusesim::memory {

enum class DramCommand : std::uint8_t { activate, precharge, precharge_all, read, write, refresh };

[[nodiscard]] const char* name(DramCommand command);

/// The state machine of a rank: for each bank its open row, and for each bank, bank group and the rank the first clock
/// at which each kind of command is allowed. Issuing a command only ever raises those clocks, so the history never has
/// to be kept (docs/memory.md writes the law out).
class DramTiming {
 public:
  /// Throws std::invalid_argument as validate() does.
  explicit DramTiming(const DramSpec& spec);

  /// The first clock at which the command is allowed, given all commands issued so far. `bank` does not matter to
  /// precharge_all and refresh. Says nothing of the row: read and write need theirs open, activate and refresh need
  /// the bank, or all banks, closed.
  [[nodiscard]] Cycle earliest(DramCommand command, std::uint32_t bank) const;
  // earliest() of a read or write is the larger of what the rank and the bus, and of what the bank and its group allow.
  [[nodiscard]] Cycle earliest_column_of_rank(bool write) const {
    const Cycle bus = bus_free_[spec_.split_command_bus ? 1 : 0] + spec_.command.column - 1;
    return std::max({last_issue_, bus, write ? rank_.write : rank_.read});
  }
  [[nodiscard]] Cycle earliest_column_of_bank(bool write, std::uint32_t bank) const {
    const Allowed& own = banks_[bank].allowed;
    const Allowed& group = groups_[bank >> group_shift_];
    return write ? std::max(own.write, group.write) : std::max(own.read, group.read);
  }

  // The same for row commands to a bank: the rank's part, and the bank's.
  [[nodiscard]] Cycle earliest_activate_of_rank() const {
    const Cycle window = activate_count_ >= activates_.size() ? activates_[next_activate_] + spec_.timing.faw : 0;
    return std::max({last_issue_, bus_free_[0] + spec_.command.activate - 1, rank_.activate, window});
  }
  [[nodiscard]] Cycle earliest_activate_of_bank(std::uint32_t bank) const {
    return std::max(banks_[bank].allowed.activate, groups_[bank >> group_shift_].activate);
  }
  [[nodiscard]] Cycle earliest_precharge_of_rank() const {
    return std::max({last_issue_, bus_free_[0] + spec_.command.precharge - 1, rank_.precharge});
  }
  [[nodiscard]] Cycle earliest_precharge_of_bank(std::uint32_t bank) const { return banks_[bank].allowed.precharge; }

  /// Issues a command. Throws std::logic_error naming the command and the clock when it comes too early, before a
  /// command already issued, or to a bank in the wrong state. `row` matters to activate alone.
  void issue(DramCommand command, std::uint32_t bank, std::uint32_t row, Cycle at);
  /// Column commands of one direction, to open rows, at clocks known to be allowed: given are the last to each bank, in
  /// any order, and then the last of all. Earlier ones raise nothing further.
  void issue_known_column(bool write, std::uint32_t bank, Cycle at) {
    const DramTimings& t = spec_.timing;
    Allowed& own = banks_[bank].allowed;
    Allowed& group = groups_[bank >> group_shift_];
    if (!write) {
      raise(own.precharge, at + t.rtp);
      raise(group.read, at + t.ccd_l);
      return;
    }
    const Cycle end = data_end(DramCommand::write, at);
    raise(own.precharge, end + t.wr);
    raise(group.write, at + t.ccd_l);
    raise(group.read, end + t.wtr_l);
  }
  void end_known_columns(bool write, Cycle last) {
    const DramTimings& t = spec_.timing;
    if (!write) {
      raise(rank_.read, last + t.ccd_s);
      raise(rank_.write, last + t.rtw);
    } else {
      raise(rank_.write, last + t.ccd_s);
      raise(rank_.read, data_end(DramCommand::write, last) + t.wtr_s);
    }
    last_issue_ = last;
    bus_free_[spec_.split_command_bus ? 1 : 0] = last + 1;
  }

  [[nodiscard]] std::optional<std::uint32_t> open_row(std::uint32_t bank) const {
    const Bank& state = banks_[bank];
    return state.open ? std::optional(state.row) : std::nullopt;
  }
  [[nodiscard]] bool is_closed(std::uint32_t bank) const { return !banks_[bank].open; }
  [[nodiscard]] bool is_open(std::uint32_t bank, std::uint32_t row) const {
    return banks_[bank].open && banks_[bank].row == row;
  }
  /// The clock of the last command.
  [[nodiscard]] Cycle last_issue() const { return last_issue_; }
  [[nodiscard]] std::uint32_t open_banks() const { return open_banks_; }

  /// The clock at whose edge the last data of a column command issued at `at` has passed.
  [[nodiscard]] Cycle data_end(DramCommand column, Cycle at) const {
    return at + (column == DramCommand::read ? spec_.timing.cl : spec_.timing.cwl) + spec_.burst_clocks();
  }
  [[nodiscard]] const DramSpec& spec() const { return spec_; }

 private:
  /// First clocks at which a command is allowed as far as one bank, one bank group or the rank is concerned.
  struct Allowed {
    Cycle activate = 0;
    Cycle precharge = 0;
    Cycle read = 0;
    Cycle write = 0;
  };
  struct Bank {
    Allowed allowed;
    std::uint32_t row = 0;
    bool open = false;
  };

  [[nodiscard]] Cycle length(DramCommand command) const;
  [[nodiscard]] std::size_t bus(DramCommand command) const;
  static void raise(Cycle& clock, Cycle to) { clock = std::max(clock, to); }
  void close(Bank& bank, Cycle next_activate);

  DramSpec spec_;
  unsigned group_shift_;  ///< Bank number to bank group.
  std::vector<Bank> banks_;
  std::vector<Allowed> groups_;
  Allowed rank_;
  std::array<Cycle, 4> activates_{};  ///< The last four, oldest at next_activate_.
  std::size_t next_activate_ = 0;
  std::uint64_t activate_count_ = 0;
  std::array<Cycle, 2> bus_free_{};  ///< First clock without a command, of each command bus.
  Cycle last_issue_ = 0;
  std::uint32_t open_banks_ = 0;
};

}  // namespace fusesim::memory
