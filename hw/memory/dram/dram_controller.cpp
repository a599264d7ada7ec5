// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_controller.h"

#include <algorithm>
#include <array>
#include <limits>
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

std::uint64_t bit(std::uint32_t bank) {
  return std::uint64_t{1} << bank;
}

}  // namespace

DramScheduler dram_scheduler(std::string_view name) {
  return isa::value_in(isa::NameTable<DramScheduler>(kSchedulers), "DRAM scheduler", name);
}

DramController::DramController(const DramSpec& spec, const DramControllerOptions& options)
    : options_(options),
      timing_(spec),
      map_(spec, options.address_map),
      lanes_(std::uint32_t{1} << map_.lane_bits()),
      lane_bits_(map_.lane_bits()),
      chunk_(std::uint64_t{spec.bursts_per_row()} << lane_bits_),
      group_stretch_(map_.bursts_in_bank_group()),
      refresh_due_(options.refresh ? spec.timing.refi : kNever) {
  if (options.queue_bursts == 0) throw std::invalid_argument("DRAM queue_bursts is 0; it must be at least 1");
  if (options.queue_bursts > std::numeric_limits<std::uint32_t>::max() / 2) {
    throw std::invalid_argument("DRAM queue_bursts is " + std::to_string(options.queue_bursts) +
                                "; it must be less than 2^31");
  }
  const DramTimings& t = spec.timing;
  const bool alternate = group_stretch_ == 1;
  spacing_ = std::max(alternate ? t.ccd_s : t.ccd_l, spec.command.column);
  outpaced_ = spacing_ > std::max(t.ccd_s, spec.command.column);
  const Cycle write_to_read = t.cwl + spec.burst_clocks() + t.wtr_s;
  least_spacing_ = std::min({t.ccd_s, t.rtw, write_to_read});
  least_latency_ = std::min(t.cl, t.cwl) + spec.burst_clocks();
  // A group that comes round too soon would have to be waited for.
  const bool even = !alternate || spec.bank_groups * spacing_ >= t.ccd_l;
  const bool alone = options.scheduler == DramScheduler::fcfs;
  in_turn_ = {even && (alone || spacing_ < t.rtw), even && (alone || spacing_ < write_to_read)};
}

void DramController::push(std::uint64_t tag, std::uint64_t address, bool write, Cycle arrival, std::uint32_t bursts) {
  if (full()) throw std::logic_error("DRAM queue is full");
  if (bursts == 0 || bursts > longest_run()) {
    throw std::logic_error("DRAM run of " + std::to_string(bursts) + " bursts; the queue takes 1 to " +
                           std::to_string(longest_run()));
  }
  const std::uint64_t first = address / spec().burst_bytes();
  const std::uint64_t all = spec().bytes() / spec().burst_bytes();
  if (first >= all || bursts > all - first) throw std::logic_error("DRAM address lies beyond the memory");
  if (bursts > 1 && must_keep_order(first, bursts, write)) {
    // Some bursts may have to wait while younger ones of the same row need not: each is a run of its own.
    for (std::uint32_t i = 0; i < bursts; ++i) push_run(tag, first + i, write, arrival, 1);
  } else {
    push_run(tag, first, write, arrival, bursts);
  }
}

void DramController::push_run(std::uint64_t tag, std::uint64_t first, bool write, Cycle arrival, std::uint32_t bursts) {
  if (free_runs_.empty()) {
    runs_.push_back(std::make_unique<Run>());
    free_runs_.push_back(runs_.back().get());
  }
  Run& run = *free_runs_.back();
  free_runs_.pop_back();
  run.tag = tag;
  run.first = first;
  run.arrival = arrival;
  run.bursts = run.left = bursts;
  run.write = write;
  run.blockers = bursts == 1 ? count_blockers(first, write) : 0;
  if (run.blockers != 0) ++blocked_;
  cut_into_segments(run);
  queue_.push_back(&run);
  waiting_ += bursts;
  latest_arrival_ = std::max(latest_arrival_, arrival);
  if (chosen_ && !keeps_plan(run)) chosen_ = false;
}

void DramController::cut_into_segments(Run& run) {
  run.segments.clear();
  for (std::uint32_t begin = 0; begin < run.bursts;) {
    const std::uint64_t in_chunk = chunk_ - ((run.first + begin) & (chunk_ - 1));
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(in_chunk, run.bursts - begin));
    const auto first = static_cast<std::uint32_t>(run.segments.size());
    for (std::uint32_t lane = 0; lane < std::min(lanes_, length); ++lane) {
      const DramLocation at = map_.locate((run.first + begin + lane) * spec().burst_bytes());
      run.segments.push_back({.bank = at.bank,
                              .row = at.row,
                              .head = begin + lane,
                              .left = (length - lane + lanes_ - 1) >> lane_bits_,
                              .first = first,
                              .open = timing_.is_open(at.bank, at.row),
                              .counted = false});
    }
    begin += length;
  }
}

bool DramController::must_keep_order(std::uint64_t first, std::uint32_t bursts, bool write) const {
  return std::any_of(queue_.begin(), queue_.end(), [&](const Run* older) {
    return (older->write || write) && older->first < first + bursts && first < older->first + older->bursts;
  });
}

std::uint32_t DramController::count_blockers(std::uint64_t burst, bool write) const {
  std::uint32_t blockers = 0;
  for (const Run* older : queue_) {
    if (!(older->write || write) || burst < older->first || burst - older->first >= older->bursts) continue;
    const auto index = static_cast<std::uint32_t>(burst - older->first);
    for (const Segment& segment : older->segments) {
      if (index < segment.head || ((index - segment.head) & (lanes_ - 1)) != 0) continue;
      if ((index - segment.head) >> lane_bits_ < segment.left) ++blockers;
    }
  }
  return blockers;
}

// The youngest run changes a plan by being served sooner, by wanting rows to be opened or closed, or by its arrival.
bool DramController::keeps_plan(const Run& youngest) const {
  if (options_.scheduler == DramScheduler::fcfs) return queue_.size() > 1;
  if (!is_column(plan_.command)) return false;
  if (plan_.bursts > 1 && (outpaced_ || youngest.arrival > plan_.clock)) return false;
  const Cycle from = std::max(youngest.arrival, timing_.earliest_column_of_rank(youngest.write));
  return std::all_of(youngest.segments.begin(), youngest.segments.end(), [&](const Segment& segment) {
    return segment.open && std::max(from, timing_.earliest_column_of_bank(youngest.write, segment.bank)) >= plan_.clock;
  });
}

void DramController::choose_refresh() {
  const DramCommand command = timing_.open_banks() == 0 ? DramCommand::refresh : DramCommand::precharge_all;
  plan_ = {.clock = std::max({now_, refresh_due_, timing_.earliest(command, 0)}), .command = command};
}

void DramController::choose_for_oldest() {
  const Run& run = *queue_.front();
  std::uint32_t oldest = 0;
  for (std::uint32_t i = 1; i < run.segments.size(); ++i) {
    const Segment& segment = run.segments[i];
    const Segment& best = run.segments[oldest];
    if (segment.left != 0 && (best.left == 0 || segment.head < best.head)) oldest = i;
  }
  const Segment& segment = run.segments[oldest];
  const DramCommand command = segment.open                     ? column_command(run.write)
                              : timing_.open_row(segment.bank) ? DramCommand::precharge
                                                               : DramCommand::activate;
  plan_ = {.clock = std::max({now_, run.arrival, timing_.earliest(command, segment.bank)}),
           .command = command,
           .run = 0,
           .segment = oldest};
}

void DramController::choose_among_arrived(Cycle horizon) {
  const std::array<Cycle, 2> from{std::max(now_, timing_.earliest_column_of_rank(false)),
                                  std::max(now_, timing_.earliest_column_of_rank(true))};
  plan_ = {};
  std::uint32_t head = 0;
  std::uint64_t taken = 0;  // Banks whose open row a burst still wants, or in which an older burst opens one.
  closed_.clear();
  for (std::uint32_t r = 0; r < queue_.size(); ++r) {
    const Run& run = *queue_[r];
    if (run.arrival > horizon) continue;
    const Cycle ready = std::max(from[run.write], run.arrival);
    for (std::uint32_t s = 0; s < run.segments.size(); ++s) {
      const Segment& segment = run.segments[s];
      if (segment.left == 0) continue;
      if (!segment.open) {
        closed_.push_back({r, s});
        continue;
      }
      taken |= bit(segment.bank);
      if (run.blockers != 0) continue;
      const Cycle clock = std::max(ready, timing_.earliest_column_of_bank(run.write, segment.bank));
      // Of those that can be issued together the oldest is chosen: the first found, or of one run the first in it.
      if (clock < plan_.clock || (clock == plan_.clock && r == plan_.run && segment.head < head)) {
        plan_ = {.clock = clock, .command = column_command(run.write), .run = r, .segment = s};
        head = segment.head;
      }
    }
  }
  row_clock_ = kNever;
  row_banks_ = 0;
  Plan row;
  for (const auto [r, s] : closed_) {
    const Run& run = *queue_[r];
    const Segment& segment = run.segments[s];
    row_banks_ |= bit(segment.bank);
    if (taken & bit(segment.bank)) continue;
    taken |= bit(segment.bank);
    const DramCommand command = timing_.open_row(segment.bank) ? DramCommand::precharge : DramCommand::activate;
    const Cycle clock = std::max({now_, run.arrival, timing_.earliest(command, segment.bank)});
    if (clock < row.clock ||
        (clock == row.clock && r == row.run && segment.head < queue_[r]->segments[row.segment].head)) {
      row = {.clock = clock, .command = command, .run = r, .segment = s};
    }
  }
  row_clock_ = row.clock;
  if (row.clock < plan_.clock) plan_ = row;
}

void DramController::choose_burst() {
  if (options_.scheduler == DramScheduler::fcfs || bypasses_ >= options_.bypass_limit) {
    next_arrival_ = kNever;
    choose_for_oldest();
    return;
  }
  // Usually all have arrived. Else a burst that arrives before the chosen command may be the better choice.
  Cycle horizon = now_;
  while (true) {
    choose_among_arrived(horizon);
    next_arrival_ = kNever;
    if (latest_arrival_ <= horizon) return;
    for (const Run* run : queue_) {
      if (run->arrival > horizon) next_arrival_ = std::min(next_arrival_, run->arrival);
    }
    if (next_arrival_ == kNever || next_arrival_ > plan_.clock) return;
    horizon = next_arrival_;
  }
}

const DramController::Plan& DramController::choose() {
  if (chosen_) return plan_;
  if (queue_.empty()) {
    plan_ = {};
  } else {
    choose_burst();
  }
  if (plan_.clock >= refresh_due_) {
    choose_refresh();
  } else if (is_column(plan_.command)) {
    extend_plan();
  }
  chosen_ = true;
  return plan_;
}

// Bursts of the run in order, all of whose rows are open, from the planned one on: those that can follow it at the
// spacing. Clocks only ever rise, so what is allowed in time now is the earliest it will be.
std::uint32_t DramController::bursts_in_turn(const Run& run, std::uint32_t most) const {
  const Segment& planned = run.segments[plan_.segment];
  const std::uint64_t number = run.first + planned.head;
  std::uint64_t count = std::min<std::uint64_t>(most, run.bursts - planned.head);
  count = std::min(count, chunk_ - (number & (chunk_ - 1)));
  if (group_stretch_ > 1) count = std::min(count, group_stretch_ - (number & (group_stretch_ - 1)));
  const std::uint32_t lane = plan_.segment - planned.first;
  for (std::uint32_t i = 1; i < lanes_ && i < count; ++i) {
    const Segment& next = run.segments[planned.first + ((lane + i) & (lanes_ - 1))];
    if (next.left == 0 || next.head != planned.head + i || !next.open ||
        timing_.earliest_column_of_bank(run.write, next.bank) > plan_.clock + i * spacing_) {
      return i;
    }
  }
  return static_cast<std::uint32_t>(count);
}

Cycle DramController::first_of_older_runs() const {
  const bool write = queue_[plan_.run]->write;
  Cycle first = kNever;
  for (std::uint32_t r = 0; r < plan_.run; ++r) {
    const Run& run = *queue_[r];
    if (run.write != write || run.blockers != 0) continue;
    for (const Segment& segment : run.segments) {
      if (segment.left == 0 || !segment.open) continue;
      first = std::min(first, std::max(run.arrival, timing_.earliest_column_of_bank(write, segment.bank)));
    }
  }
  return first;
}

bool DramController::has_rival_in_another_group() const {
  const Run& planned = *queue_[plan_.run];
  const std::uint32_t banks = spec().banks_per_group;
  const std::uint32_t group = planned.segments[plan_.segment].bank / banks;
  return std::any_of(queue_.begin(), queue_.end(), [&](const Run* run) {
    return run->write == planned.write &&
           std::any_of(run->segments.begin(), run->segments.end(), [&](const Segment& segment) {
             return segment.left != 0 && segment.open && segment.bank / banks != group;
           });
  });
}

// How many bursts of the run certainly follow the planned one at the spacing, docs/memory.md says why.
void DramController::extend_plan() {
  const Run& run = *queue_[plan_.run];
  if (run.left == 1 || !in_turn_[run.write]) return;
  const std::uint32_t head = run.segments[plan_.segment].head;
  for (const Segment& segment : run.segments) {
    if (segment.left != 0 && segment.head < head) return;
  }
  const bool oldest_only = options_.scheduler == DramScheduler::fcfs;
  if (oldest_only) {
    const Cycle room = (refresh_due_ - 1 - plan_.clock) / spacing_ + 1;
    plan_.bursts = bursts_in_turn(run, static_cast<std::uint32_t>(std::min<Cycle>(room, run.left)));
    return;
  }
  if (bypasses_ >= options_.bypass_limit) return;
  if (outpaced_ && has_rival_in_another_group()) return;
  std::uint32_t most = run.left;
  if (plan_.run != 0) most = std::min(most, options_.bypass_limit - bypasses_);
  Cycle last = std::min({refresh_due_ - 1, next_arrival_ - 1, row_clock_});
  if (plan_.run != 0) {
    const Cycle rival = first_of_older_runs();
    if (rival <= plan_.clock) return;
    last = std::min(last, rival - 1);
  }
  most = static_cast<std::uint32_t>(std::min<Cycle>(most, (last - plan_.clock) / spacing_ + 1));
  std::uint32_t count = bursts_in_turn(run, most);
  if (row_banks_ != 0) {
    // When the last burst that wants a row has been served, somebody else may close it.
    const std::uint32_t first = run.segments[plan_.segment].first;
    const std::uint32_t lane = plan_.segment - first;
    for (std::uint32_t i = 0; i < lanes_ && i < count; ++i) {
      const Segment& segment = run.segments[first + ((lane + i) & (lanes_ - 1))];
      const std::uint32_t end = i + ((segment.left - 1) << lane_bits_) + 1;
      if (row_banks_ & bit(segment.bank)) count = std::min(count, end);
    }
  }
  plan_.bursts = count;
}

Cycle DramController::next_command() {
  return queue_.empty() ? kNever : choose().clock;
}

Cycle DramController::next_done() {
  if (queue_.empty()) return kNever;
  const Plan& plan = choose();
  const bool column = is_column(plan.command);
  const Cycle last = plan.clock + (plan.bursts - 1) * spacing_;
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  for (std::uint32_t r = 0; r < queue_.size(); ++r) {
    const Run& run = *queue_[r];
    const std::uint32_t left = column && r == plan.run ? run.left - plan.bursts : run.left;
    if (left == 0) return timing_.data_end(plan.command, last);
    least = std::min(least, left);
  }
  return last + (least - (column ? 0 : 1)) * least_spacing_ + least_latency_;
}

void DramController::run_until(Cycle limit, std::vector<DramRunDone>& done) {
  // With refresh off and an empty queue the choice lies at kNever.
  while (choose().clock < limit) {
    const Cycle room = (limit - 1 - plan_.clock) / spacing_ + 1;
    issue(static_cast<std::uint32_t>(std::min<Cycle>(room, plan_.bursts)), done);
  }
  // The choice stands: it lies at or beyond the limit and already takes every arrival up to itself into account.
  now_ = std::max(now_, limit);
}

void DramController::step(std::vector<DramRunDone>& done) {
  if (queue_.empty()) throw std::logic_error("DRAM queue is empty");
  issue(choose().bursts, done);
}

Cycle DramController::make_room(std::vector<DramRunDone>& done) {
  if (!full()) throw std::logic_error("DRAM queue is not full");
  while (full()) {
    const auto over = static_cast<std::uint32_t>(waiting_ - options_.queue_bursts + 1);
    issue(std::min(choose().bursts, over), done);
  }
  return now_ + 1;
}

void DramController::issue(std::uint32_t most_bursts, std::vector<DramRunDone>& done) {
  if (is_column(plan_.command)) {
    issue_columns(most_bursts, done);
  } else {
    issue_row();
  }
}

void DramController::count_once(Segment& segment, std::uint64_t& counter) {
  if (segment.counted) return;
  segment.counted = true;
  ++counter;
}

void DramController::issue_row() {
  const auto [clock, command, r, s, bursts] = plan_;
  now_ = clock;
  chosen_ = false;
  if (command == DramCommand::refresh || command == DramCommand::precharge_all) {
    timing_.issue(command, 0, 0, clock);
    if (observer_) observer_(command, 0, 0, clock);
    if (command == DramCommand::refresh) {
      ++counters_.refreshes;
      refresh_due_ += spec().timing.refi;
      return;
    }
    ++counters_.precharges;
    for (Run* run : queue_) {
      for (Segment& each : run->segments) each.open = false;
    }
    return;
  }
  Segment& segment = queue_[r]->segments[s];
  timing_.issue(command, segment.bank, segment.row, clock);
  if (observer_) observer_(command, segment.bank, segment.row, clock);
  if (command == DramCommand::precharge) {
    ++counters_.precharges;
    count_once(segment, counters_.conflicts);
  } else {
    ++counters_.activates;
    count_once(segment, counters_.misses);
  }
  for (Run* run : queue_) {
    for (Segment& each : run->segments) {
      if (each.bank == segment.bank) each.open = command == DramCommand::activate && each.row == segment.row;
    }
  }
}

void DramController::issue_columns(std::uint32_t count, std::vector<DramRunDone>& done) {
  const std::uint32_t r = plan_.run;
  Run& run = *queue_[r];
  const std::uint32_t first = run.segments[plan_.segment].first;
  const std::uint32_t lane = plan_.segment - first;
  const std::uint32_t head = run.segments[plan_.segment].head;
  const Cycle clock = plan_.clock;
  const Cycle last = clock + (count - 1) * spacing_;

  // A column command is refused nowhere: the planned one is checked, the others follow from it.
  if (const Cycle allowed = timing_.earliest(plan_.command, run.segments[plan_.segment].bank); clock < allowed) {
    throw std::logic_error("DRAM column command at clock " + std::to_string(clock) + ", allowed from " +
                           std::to_string(allowed) + " on");
  }
  if (observer_) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const Segment& segment = run.segments[first + ((lane + i) & (lanes_ - 1))];
      observer_(plan_.command, segment.bank, segment.row, clock + i * spacing_);
    }
  }
  bool oldest = r == 0;
  if (oldest && count == 1) {
    for (const Segment& each : run.segments) oldest = oldest && (each.left == 0 || each.head >= head);
  }
  bypasses_ = oldest ? 0 : bypasses_ + count;

  for (std::uint32_t i = 0; i < lanes_ && i < count; ++i) {
    Segment& segment = run.segments[first + ((lane + i) & (lanes_ - 1))];
    const std::uint32_t served = (count - i + lanes_ - 1) >> lane_bits_;
    counters_.hits += served - (segment.counted ? 1 : 0);
    segment.counted = false;
    segment.head += served << lane_bits_;
    segment.left -= served;
    timing_.issue_known_column(run.write, segment.bank, clock + (i + ((served - 1) << lane_bits_)) * spacing_);
  }
  timing_.end_known_columns(last);
  (run.write ? counters_.writes : counters_.reads) += count;
  if (blocked_ != 0) release_blocked(run, run.first + head, count);
  run.left -= count;
  waiting_ -= count;
  now_ = last;

  plan_.bursts -= count;
  plan_.clock += count * spacing_;
  plan_.segment = first + ((lane + count) & (lanes_ - 1));
  chosen_ = plan_.bursts != 0;
  if (run.left != 0) return;
  done.push_back(
      {run.tag, run.first * spec().burst_bytes(), run.bursts, run.write, last, timing_.data_end(plan_.command, last)});
  free_runs_.push_back(&run);
  queue_.erase(queue_.begin() + r);
}

void DramController::release_blocked(const Run& older, std::uint64_t first, std::uint32_t count) {
  for (Run* run : queue_) {
    if (run->blockers == 0 || !(run->write || older.write)) continue;
    if (run->first < first || run->first - first >= count || run == &older) continue;
    if (--run->blockers == 0) --blocked_;
  }
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
