// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_controller.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "hw/isa/names.h"

namespace fusesim::memory {
namespace {

constexpr std::pair<std::string_view, DramScheduler> kSchedulers[] = {
    {"fcfs", DramScheduler::fcfs},
    {"fr_fcfs", DramScheduler::fr_fcfs},
};

DramCommand column_command(bool write) {
  return write ? DramCommand::write : DramCommand::read;
}

bool is_column(DramCommand command) {
  return command == DramCommand::read || command == DramCommand::write;
}

}  // namespace

DramScheduler dram_scheduler(std::string_view name) {
  return isa::value_in(isa::NameTable<DramScheduler>(kSchedulers), "DRAM scheduler", name);
}

DramController::DramController(const DramSpec& spec, const DramControllerOptions& options)
    : options_(options),
      timing_(spec),
      map_(spec, options.address_map),
      refresh_due_(options.refresh ? spec.timing.refi : kNever) {
  if (options.queue_bursts == 0) throw std::invalid_argument("DRAM queue_bursts is 0; it must be at least 1");
  queue_.reserve(options.queue_bursts);
}

void DramController::push(std::uint64_t tag, std::uint64_t address, bool write, Cycle arrival) {
  if (full()) throw std::logic_error("DRAM queue is full");
  if (address >= spec().bytes()) throw std::logic_error("DRAM address lies beyond the memory");
  const std::uint64_t first = address - address % spec().burst_bytes();
  std::uint32_t blockers = 0;
  for (const Burst& older : queue_) {
    if (older.address == first && (older.write || write)) ++blockers;
  }
  queue_.push_back({tag, first, map_.locate(first), arrival, blockers, write, false});
  latest_arrival_ = std::max(latest_arrival_, arrival);
  if (chosen_ && !keeps_choice(queue_.back())) chosen_ = false;
}

// The youngest burst changes a choice by being served sooner, or by wanting a row that was to be closed.
bool DramController::keeps_choice(const Burst& youngest) const {
  if (!is_column(choice_.command)) return false;
  const bool hit = timing_.is_open(youngest.at.bank, youngest.at.row);
  const DramCommand command = hit                                  ? column_command(youngest.write)
                              : timing_.open_row(youngest.at.bank) ? DramCommand::precharge
                                                                   : DramCommand::activate;
  return std::max(youngest.arrival, timing_.earliest(command, youngest.at.bank)) >= choice_.clock;
}

DramController::Choice DramController::choose_refresh() const {
  const DramCommand command = timing_.open_banks() == 0 ? DramCommand::refresh : DramCommand::precharge_all;
  return {std::max({now_, refresh_due_, timing_.earliest(command, 0)}), command, 0};
}

DramController::Choice DramController::choose_among_arrived(Cycle horizon) const {
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

DramController::Choice DramController::choose_burst() const {
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

const DramController::Choice& DramController::choose() {
  if (chosen_) return choice_;
  choice_ = queue_.empty() ? Choice{} : choose_burst();
  if (choice_.clock >= refresh_due_) choice_ = choose_refresh();
  chosen_ = true;
  return choice_;
}

Cycle DramController::next_command() {
  return queue_.empty() ? kNever : choose().clock;
}

void DramController::run_until(Cycle limit, std::vector<DramBurstDone>& done) {
  // With refresh off and an empty queue the choice lies at kNever.
  while (choose().clock < limit) issue(choose(), done);
  // The choice stands: it lies at or beyond the limit and already takes every arrival up to itself into account.
  now_ = std::max(now_, limit);
}

void DramController::step(std::vector<DramBurstDone>& done) {
  if (queue_.empty()) throw std::logic_error("DRAM queue is empty");
  issue(choose(), done);
}

void DramController::count_once(Burst& burst, std::uint64_t& counter) {
  if (burst.counted) return;
  burst.counted = true;
  ++counter;
}

void DramController::issue(const Choice& choice, std::vector<DramBurstDone>& done) {
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
      refresh_due_ += spec().timing.refi;
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

void DramController::serve(std::size_t index, DramCommand command, Cycle at, std::vector<DramBurstDone>& done) {
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

std::vector<Statistic> DramController::statistics() const {
  const std::uint64_t bursts = counters_.reads + counters_.writes;
  return {
      {"row_hits", "bursts", "served from a row that was open when its turn came", counters_.hits},
      {"row_misses", "bursts", "whose bank was closed: a row had to be activated", counters_.misses},
      {"row_conflicts", "bursts", "whose bank had another row open: it had to be precharged first",
       counters_.conflicts},
      {"activates", "commands", "rows opened", counters_.activates},
      {"precharges", "commands", "precharges of one bank or, before a refresh, of all", counters_.precharges},
      {"refreshes", "commands", "refreshes of all banks", counters_.refreshes},
      {"read_bursts", "bursts", "read", counters_.reads},
      {"write_bursts", "bursts", "written, in full or in part", counters_.writes},
      {"data_busy", "clocks", "in which the data bus carried data", bursts * spec().burst_clocks()},
      {"data_bytes", "bytes", "carried by the data bus, whole bursts", bursts * spec().burst_bytes()},
  };
}

}  // namespace fusesim::memory
