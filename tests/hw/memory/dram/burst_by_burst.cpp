// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/memory/dram/burst_by_burst.h"

#include <algorithm>
#include <array>

namespace fusesim::memory_test {
namespace {

DramCommand column_command(bool write) {
  return write ? DramCommand::write : DramCommand::read;
}

bool is_column(DramCommand command) {
  return command == DramCommand::read || command == DramCommand::write;
}

}  // namespace

BurstByBurst::BurstByBurst(const DramSpec& spec, const DramControllerOptions& options)
    : options_(options),
      timing_(spec),
      map_(spec, options.address_map),
      refresh_due_(options.refresh ? spec.timing.refi : kNever) {}

void BurstByBurst::push(std::uint64_t tag, std::uint64_t address, bool write, Cycle arrival) {
  const std::uint64_t first = address - address % timing_.spec().burst_bytes();
  std::uint32_t blockers = 0;
  for (const Burst& older : queue_) {
    if (older.address == first && (older.write || write)) ++blockers;
  }
  queue_.push_back({tag, first, map_.locate(first), arrival, blockers, write, false});
  latest_arrival_ = std::max(latest_arrival_, arrival);
  if (chosen_ && !keeps_choice(queue_.back())) chosen_ = false;
}

// The youngest burst changes a choice by being served sooner, or by wanting a row that was to be closed.
bool BurstByBurst::keeps_choice(const Burst& youngest) const {
  if (!is_column(choice_.command)) return false;
  const bool hit = timing_.is_open(youngest.at.bank, youngest.at.row);
  const DramCommand command = hit                                  ? column_command(youngest.write)
                              : timing_.open_row(youngest.at.bank) ? DramCommand::precharge
                                                                   : DramCommand::activate;
  return std::max(youngest.arrival, timing_.earliest(command, youngest.at.bank)) >= choice_.clock;
}

BurstByBurst::Choice BurstByBurst::choose_refresh() const {
  const DramCommand command = timing_.open_banks() == 0 ? DramCommand::refresh : DramCommand::precharge_all;
  return {std::max({now_, refresh_due_, timing_.earliest(command, 0)}), command, 0};
}

BurstByBurst::Choice BurstByBurst::choose_among_arrived(Cycle horizon) const {
  const bool in_order = options_.scheduler == DramScheduler::fcfs;
  const bool oldest_only = in_order || bypasses_ >= options_.bypass_limit;
  const auto may_serve = [&](std::size_t i) { return queue_[i].arrival <= horizon && (i == 0 || !oldest_only); };

  // Banks whose open row a burst still wants: it is not closed yet.
  std::uint64_t wanted = 0;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    if (may_serve(i) && timing_.is_open(queue_[i].at.bank, queue_[i].at.row)) {
      wanted |= std::uint64_t{1} << queue_[i].at.bank;
    }
  }
  std::uint64_t claimed = 0;              // Banks that an older burst is opening a row in.
  std::array<std::uint64_t, 2> served{};  // Banks that an older burst reads, or writes: a younger one cannot be sooner.
  Choice best;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    if (!may_serve(i)) continue;
    const Burst& burst = queue_[i];
    const std::uint64_t bit = std::uint64_t{1} << burst.at.bank;
    DramCommand command;
    if (timing_.is_open(burst.at.bank, burst.at.row)) {
      if (burst.blockers != 0 || (served[burst.write] & bit)) continue;
      if (burst.arrival <= now_) served[burst.write] |= bit;
      command = column_command(burst.write);
    } else {
      if ((wanted | claimed) & bit) continue;
      claimed |= bit;
      command = timing_.open_row(burst.at.bank) ? DramCommand::precharge : DramCommand::activate;
    }
    const Cycle clock = std::max({now_, burst.arrival, timing_.earliest(command, burst.at.bank)});
    if (clock < best.clock || (clock == best.clock && is_column(command) && !is_column(best.command))) {
      best = {clock, command, i};
    }
  }
  return best;
}

BurstByBurst::Choice BurstByBurst::choose_burst() const {
  // Usually all have arrived. Else a burst that arrives before the chosen command may be the better choice.
  Cycle horizon = now_;
  while (true) {
    const Choice choice = choose_among_arrived(horizon);
    if (latest_arrival_ <= horizon) return choice;
    Cycle next_arrival = kNever;
    for (const Burst& burst : queue_) {
      if (burst.arrival > horizon) next_arrival = std::min(next_arrival, burst.arrival);
    }
    if (next_arrival == kNever || next_arrival > choice.clock) return choice;
    horizon = next_arrival;
  }
}

const BurstByBurst::Choice& BurstByBurst::choose() {
  if (chosen_) return choice_;
  choice_ = queue_.empty() ? Choice{} : choose_burst();
  if (choice_.clock >= refresh_due_) choice_ = choose_refresh();
  chosen_ = true;
  return choice_;
}

Cycle BurstByBurst::next_command() {
  return queue_.empty() ? kNever : choose().clock;
}

void BurstByBurst::run_until(Cycle limit, std::vector<BurstServed>& done) {
  // With refresh off and an empty queue the choice lies at kNever.
  while (choose().clock < limit) issue(choose(), done);
  // The choice stands: it lies at or beyond the limit and already takes every arrival up to itself into account.
  now_ = std::max(now_, limit);
}

void BurstByBurst::step(std::vector<BurstServed>& done) {
  issue(choose(), done);
}

void BurstByBurst::count_once(Burst& burst, std::uint64_t& counter) {
  if (burst.counted) return;
  burst.counted = true;
  ++counter;
}

void BurstByBurst::issue(const Choice& choice, std::vector<BurstServed>& done) {
  const auto [clock, command, index] = choice;
  const bool for_burst = command != DramCommand::refresh && command != DramCommand::precharge_all;
  const DramLocation at = for_burst ? queue_[index].at : DramLocation{};
  timing_.issue(command, at.bank, at.row, clock);
  if (observer_) observer_(command, at.bank, at.row, clock);
  now_ = clock;
  chosen_ = false;
  switch (command) {
    case DramCommand::refresh:
      ++counters_.refreshes;
      refresh_due_ += timing_.spec().timing.refi;
      break;
    case DramCommand::precharge_all:
      ++counters_.precharges;
      break;
    case DramCommand::precharge:
      ++counters_.precharges;
      count_once(queue_[index], counters_.conflicts);
      break;
    case DramCommand::activate:
      ++counters_.activates;
      count_once(queue_[index], counters_.misses);
      break;
    case DramCommand::read:
    case DramCommand::write:
      serve(index, command, clock, done);
      break;
  }
}

void BurstByBurst::serve(std::size_t index, DramCommand command, Cycle at, std::vector<BurstServed>& done) {
  Burst& burst = queue_[index];
  count_once(burst, counters_.hits);
  ++(burst.write ? counters_.writes : counters_.reads);
  bypasses_ = index == 0 ? 0 : bypasses_ + 1;
  done.push_back({burst.tag, burst.address, burst.write, at, timing_.data_end(command, at)});
  for (std::size_t i = index + 1; i < queue_.size(); ++i) {
    if (queue_[i].address == burst.address && (queue_[i].write || burst.write)) --queue_[i].blockers;
  }
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(index));
}

std::map<std::string_view, std::uint64_t> BurstByBurst::statistics() const {
  const std::uint64_t bursts = counters_.reads + counters_.writes;
  return {{"row_hits", counters_.hits},
          {"row_misses", counters_.misses},
          {"row_conflicts", counters_.conflicts},
          {"activates", counters_.activates},
          {"precharges", counters_.precharges},
          {"refreshes", counters_.refreshes},
          {"read_bursts", counters_.reads},
          {"write_bursts", counters_.writes},
          {"data_busy", bursts * timing_.spec().burst_clocks()},
          {"data_bytes", bursts * timing_.spec().burst_bytes()}};
}

}  // namespace fusesim::memory_test
