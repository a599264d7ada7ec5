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

[[noreturn]] void refuse_column(Cycle clock, Cycle allowed) {
  throw std::logic_error("DRAM column command at clock " + std::to_string(clock) + ", allowed from " +
                         std::to_string(allowed) + " on in an open row");
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
      burst_bytes_(spec.burst_bytes()),
      lanes_(std::uint32_t{1} << map_.lane_bits()),
      lane_bits_(map_.lane_bits()),
      chunk_(std::uint64_t{spec.bursts_per_row()} << lane_bits_),
      group_stretch_(map_.bursts_in_bank_group()),
      wanting_(spec.banks()),
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
  rows_fit_ = spec.split_command_bus || spec.command.column == 1;
  longest_row_command_ = std::max(spec.command.activate, spec.command.precharge);
  until_closed_ = {static_cast<std::uint32_t>(t.rtp / spacing_),
                   static_cast<std::uint32_t>((t.cwl + spec.burst_clocks() + t.wr) / spacing_)};
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
  const std::uint32_t blockers = bursts == 1 ? count_blockers(first, write) : 0;
  if (blockers != 0) ++blocked_;
  run = {.tag = tag,
         .first = first,
         .arrival = arrival,
         .bursts = bursts,
         .left = bursts,
         .blockers = blockers,
         .write = write};
  column_known_ = false;
  const std::size_t youngest = segments_.size();
  cut_into_segments(run);
  queue_.push_back(&run);
  waiting_ += bursts;
  waiting_in_[write] += bursts;
  latest_arrival_ = std::max(latest_arrival_, arrival);
  if (!chosen_) return;
  if (!keeps_plan(youngest)) {
    drop_plan();
  } else if (stands_across_rows_ && row_clock_ != kNever) {
    choose_row(wants_);
  }
}

void DramController::cut_into_segments(Run& run) {
  for (std::uint32_t begin = 0; begin < run.bursts;) {
    const std::uint64_t in_chunk = chunk_ - ((run.first + begin) & (chunk_ - 1));
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(in_chunk, run.bursts - begin));
    for (std::uint32_t lane = 0; lane < std::min(lanes_, length); ++lane) {
      const DramLocation at = map_.locate((run.first + begin + lane) * burst_bytes_);
      segments_.push_back({.run = &run,
                           .row = at.row,
                           .head = begin + lane,
                           .left = (length - lane + lanes_ - 1) >> lane_bits_,
                           .lane = lane,
                           .bank = at.bank,
                           .write = run.write,
                           .open = timing_.is_open(at.bank, at.row),
                           .counted = false});
      run.banks |= bit(at.bank);
      if (segments_.back().open) {
        want_open(at.bank);
      } else {
        wants_.closed.push_back(segments_.size() - 1);
        ++run.closed;
      }
    }
    run.whole = length == run.bursts && length >= lanes_;
    begin += length;
  }
}

// Runs end nearly in the order in which they came: what is left in between is cleared out now and then.
void DramController::forget(Run& run, std::size_t segment) {
  while (segment != begin_ && segments_[segment - 1].run == &run) --segment;
  for (; segment != segments_.size() && segments_[segment].run == &run; ++segment) segments_[segment].run = nullptr;
  queue_.erase(std::find(queue_.begin(), queue_.end(), &run));
  free_runs_.push_back(&run);
  while (begin_ != segments_.size() && segments_[begin_].run == nullptr) ++begin_;
  if (begin_ == segments_.size()) {
    segments_.clear();
    begin_ = 0;
  } else if (begin_ > 256) {
    std::erase_if(segments_, [](const Segment& each) { return each.run == nullptr; });
    begin_ = 0;
    find_closed();
  }
}

void DramController::want_open(std::uint32_t bank) {
  ++wanting_[bank];
  wants_.keep_open(bit(bank));
}

void DramController::want_open_no_more(std::uint32_t bank) {
  if (--wanting_[bank] == 1) wants_.twice &= ~bit(bank);
  if (wanting_[bank] == 0) wants_.open &= ~bit(bank);
}

/// Lists the segments whose rows are not open once more.
void DramController::find_closed() {
  wants_.closed.clear();
  for (std::size_t i = begin_; i < segments_.size(); ++i) {
    if (segments_[i].left != 0 && !segments_[i].open) wants_.closed.push_back(i);
  }
}

/// Rows are closed that bursts still want: before a refresh, and where only the oldest burst is worked for, or those
/// that have arrived.
void DramController::close_rows(std::uint64_t banks) {
  if ((wants_.open & banks) == 0) return;
  for (std::size_t i = begin_; i < segments_.size(); ++i) {
    Segment& segment = segments_[i];
    if (segment.left == 0 || !segment.open || (banks & bit(segment.bank)) == 0) continue;
    segment.open = false;
    ++segment.run->closed;
    want_open_no_more(segment.bank);
  }
  find_closed();
}

bool DramController::must_keep_order(std::uint64_t first, std::uint32_t bursts, bool write) const {
  return std::any_of(queue_.begin(), queue_.end(), [&](const Run* older) {
    return (older->write || write) && older->first < first + bursts && first < older->first + older->bursts;
  });
}

std::uint32_t DramController::count_blockers(std::uint64_t burst, bool write) const {
  if (!must_keep_order(burst, 1, write)) return 0;
  std::uint32_t blockers = 0;
  for (std::size_t i = begin_; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.left == 0 || !(segment.write || write)) continue;
    const std::uint64_t head = segment.run->first + segment.head;
    if (burst < head || ((burst - head) & (lanes_ - 1)) != 0) continue;
    if ((burst - head) >> lane_bits_ < segment.left) ++blockers;
  }
  return blockers;
}

// The youngest run changes a plan by being served sooner, or by wanting rows to be opened or closed.
bool DramController::keeps_plan(std::size_t youngest) const {
  if (options_.scheduler == DramScheduler::fcfs) return queue_.size() > 1;
  if (!is_column(plan_.command)) return false;
  const Run& run = *segments_[youngest].run;
  if (plan_.bursts - plan_.past > 1 && outpaced_) return false;
  if (run.closed != 0) return false;
  // Until it arrives it keeps no row open.
  if (stands_across_rows_ && row_clock_ != kNever && run.arrival > now_) return false;
  const Cycle from = std::max(run.arrival, timing_.earliest_column_of_rank(run.write));
  if (from >= next_column()) return true;
  return std::all_of(
      segments_.begin() + static_cast<std::ptrdiff_t>(youngest), segments_.end(),
      [&](const Segment& each) { return timing_.earliest_column_of_bank(run.write, each.bank) >= next_column(); });
}

void DramController::choose_refresh() {
  const DramCommand command = timing_.open_banks() == 0 ? DramCommand::refresh : DramCommand::precharge_all;
  plan_ = {.clock = std::max({now_, refresh_due_, timing_.earliest(command, 0)}), .command = command};
  row_clock_ = kNever;
}

void DramController::choose_for_oldest() {
  const Run* const run = queue_.front();
  std::size_t oldest = begin_;
  for (std::size_t i = begin_ + 1; i < segments_.size() && segments_[i].run == run; ++i) {
    const Segment& best = segments_[oldest];
    if (segments_[i].left != 0 && (best.left == 0 || segments_[i].head < best.head)) oldest = i;
  }
  const Segment& segment = segments_[oldest];
  const DramCommand command = segment.open ? column_command(run->write) : row_command(segment);
  plan_ = {.clock = std::max({now_, run->arrival, timing_.earliest(command, segment.bank)}),
           .command = command,
           .segment = oldest};
}

/// Of two segments whose commands could be issued together, whether this one's goes first: the older run's, and of one
/// run the earlier burst's.
bool DramController::goes_before(std::size_t segment, std::size_t other) const {
  if (segments_[segment].run != segments_[other].run) return segment < other;
  return segments_[segment].head < segments_[other].head;
}

/// The column command of the oldest burst of all comes first if its row is open and none can be issued sooner.
bool DramController::choose_front() {
  if (blocked_ != 0 || latest_arrival_ > now_) return false;
  const Run& run = *queue_.front();
  if (!run.in_order) return false;
  const std::uint32_t head = run.bursts - run.left;
  std::size_t place = begin_ + (head & (lanes_ - 1));
  if (place >= segments_.size() || segments_[place].run != &run) return false;
  if (segments_[place].head != head || segments_[place].left == 0) return false;  // It lies in a later chunk.
  if (!segments_[place].open) return false;
  const Cycle clock = std::max(now_, timing_.earliest_column_of_rank(run.write));
  if (timing_.earliest_column_of_bank(run.write, segments_[place].bank) > clock) return false;
  if (waiting_in_[run.write ? 0 : 1] != 0 && timing_.earliest_column_of_rank(!run.write) < clock) return false;
  column_clock_ = clock;
  column_ = place;
  column_known_ = true;
  choose_column_and_row(wants_);
  return true;
}

/// The segments of a run together, if its next burst can be served `from` on: then none of the others is sooner.
bool DramController::look_at_whole(const Run& run, std::size_t first, Cycle from) {
  if (!run.whole || !run.in_order || run.closed != 0 || run.left < lanes_ || run.blockers != 0) return false;
  const std::size_t next = first + ((run.bursts - run.left) & (lanes_ - 1));
  const std::uint32_t bank = segments_[next].bank;
  if (served_[run.write] & bit(bank) || timing_.earliest_column_of_bank(run.write, bank) > from) return false;
  served_[run.write] |= run.banks;
  if (from < column_clock_) {
    column_clock_ = from;
    column_ = next;
  }
  return true;
}

void DramController::choose_among_arrived(Cycle horizon) {
  const std::array<Cycle, 2> from{std::max(now_, timing_.earliest_column_of_rank(false)),
                                  std::max(now_, timing_.earliest_column_of_rank(true))};
  const bool all_arrived = latest_arrival_ <= now_;
  // Nothing is sooner than this: the first burst found that is as soon is the choice.
  Cycle soonest = 0;
  if (all_arrived) {
    soonest = std::min(waiting_in_[0] != 0 ? from[0] : kNever, waiting_in_[1] != 0 ? from[1] : kNever);
  }
  served_ = {};
  column_clock_ = kNever;
  column_ = 0;
  arrived_ = {};
  for (std::size_t i = begin_; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.lane == 0 && segment.run != nullptr && all_arrived &&
        look_at_whole(*segment.run, i, from[segment.write])) {
      if (column_clock_ == soonest) break;
      i += lanes_ - 1;
      continue;
    }
    if (segment.left == 0) continue;
    Cycle ready = from[segment.write];
    if (!all_arrived) {
      if (segment.run->arrival > horizon) continue;
      ready = std::max(ready, segment.run->arrival);
      if (segment.open) {
        arrived_.keep_open(bit(segment.bank));
      } else {
        arrived_.closed.push_back(i);
      }
    }
    if (!segment.open) continue;
    const std::uint64_t own = bit(segment.bank);
    if (served_[segment.write] & own) continue;
    if (blocked_ != 0 && segment.run->blockers != 0) continue;
    if (all_arrived || segment.run->arrival <= now_) served_[segment.write] |= own;
    ready = std::max(ready, timing_.earliest_column_of_bank(segment.write, segment.bank));
    if (ready < column_clock_ || (ready == column_clock_ && goes_before(i, column_))) {
      column_clock_ = ready;
      column_ = i;
    }
    if (column_clock_ == soonest && (i + 1 == segments_.size() || segments_[i + 1].run != segment.run)) break;
  }
  column_known_ = all_arrived;
  choose_column_and_row(all_arrived ? wants_ : arrived_);
}

/// Row commands leave columns as they are, but for those of a row that was opened. Where they hold up the bus for so
/// long that columns are put off, everything is looked at again.
void DramController::choose_after_row() {
  if (timing_.earliest_column_of_rank(segments_[column_].write) > column_clock_) {
    choose_among_arrived(now_);
  } else {
    choose_column_and_row(wants_);
  }
}

void DramController::choose_column_and_row(const RowWants& wants) {
  plan_ = {.clock = column_clock_, .command = column_command(segments_[column_].write), .segment = column_};
  choose_row(wants);
}

/// The first row command for segments that wait for one.
void DramController::choose_row(const RowWants& wants) {
  row_clock_ = kNever;
  closing_ = 0;
  if (wants.closed.empty()) return;
  const Cycle activate = std::max(now_, timing_.earliest_activate_of_rank());
  const Cycle precharge = std::max(now_, timing_.earliest_precharge_of_rank());
  std::uint64_t taken = wants.open;
  for (const std::size_t i : wants.closed) {
    const Segment& segment = segments_[i];
    closing_ |= bit(segment.bank);
    // Nor is a row opened where an older burst opens one.
    if (taken & bit(segment.bank)) continue;
    taken |= bit(segment.bank);
    const Cycle allowed = timing_.is_closed(segment.bank)
                              ? std::max(activate, timing_.earliest_activate_of_bank(segment.bank))
                              : std::max(precharge, timing_.earliest_precharge_of_bank(segment.bank));
    const Cycle row = std::max(segment.run->arrival, allowed);
    if (row < row_clock_ || (row == row_clock_ && goes_before(i, row_))) {
      row_clock_ = row;
      row_ = i;
    }
  }
  closing_ &= ~wants.twice;
}

DramCommand DramController::row_command(const Segment& segment) const {
  return timing_.is_closed(segment.bank) ? DramCommand::activate : DramCommand::precharge;
}

/// A row has been opened: its segments no longer wait for it, and the oldest in each direction may be the first column.
void DramController::open_row(std::uint32_t bank, std::uint32_t row) {
  std::array<bool, 2> served{};
  std::erase_if(wants_.closed, [&](std::size_t i) {
    Segment& segment = segments_[i];
    if (segment.bank != bank || segment.row != row) return false;
    segment.open = true;
    --segment.run->closed;
    want_open(bank);
    if (!column_known_ || served[segment.write] || segment.run->blockers != 0) return true;
    served[segment.write] = true;
    const Cycle ready = std::max(
        {now_, timing_.earliest_column_of_rank(segment.write), timing_.earliest_column_of_bank(segment.write, bank)});
    if (ready < column_clock_ || (ready == column_clock_ && goes_before(i, column_))) {
      column_clock_ = ready;
      column_ = i;
    }
    return true;
  });
}

void DramController::choose_burst() {
  next_arrival_ = kNever;
  if (options_.scheduler == DramScheduler::fcfs || bypasses_ >= options_.bypass_limit) {
    row_clock_ = kNever;
    choose_for_oldest();
    return;
  }
  if (column_known_) {
    choose_after_row();
    return;
  }
  if (choose_front()) return;
  // Usually all have arrived. Else a burst that arrives before the chosen command may be the better choice.
  Cycle horizon = now_;
  while (true) {
    choose_among_arrived(horizon);
    next_arrival_ = kNever;
    if (latest_arrival_ <= horizon) return;
    for (const Run* run : queue_) {
      if (run->arrival > horizon) next_arrival_ = std::min(next_arrival_, run->arrival);
    }
    if (next_arrival_ == kNever || next_arrival_ > std::min(plan_.clock, row_clock_)) return;
    horizon = next_arrival_;
  }
}

Cycle DramController::choose() {
  if (!chosen_) {
    if (queue_.empty()) {
      plan_ = {};
      row_clock_ = kNever;
    } else {
      choose_burst();
    }
    stands_across_rows_ = rows_fit_ && column_known_;
    const Cycle first = std::min(plan_.clock, row_clock_);
    if (first >= refresh_due_) {
      choose_refresh();
    } else if (row_clock_ < plan_.clock && (!stands_across_rows_ || plan_.clock >= refresh_due_)) {
      plan_ = {.clock = row_clock_, .command = row_command(segments_[row_]), .segment = row_};
      row_clock_ = kNever;
    } else if (is_column(plan_.command)) {
      extend_plan();
    }
    chosen_ = true;
  }
  return std::min(next_column(), row_clock_);
}

bool DramController::is_oldest_of_run(std::size_t segment) const {
  const Segment& planned = segments_[segment];
  if (planned.run->in_order) return planned.head == planned.run->bursts - planned.run->left;
  for (std::size_t i = segment; i != begin_ && segments_[i - 1].run == planned.run; --i) {
    if (segments_[i - 1].left != 0 && segments_[i - 1].head < planned.head) return false;
  }
  for (std::size_t i = segment + 1; i != segments_.size() && segments_[i].run == planned.run; ++i) {
    if (segments_[i].left != 0 && segments_[i].head < planned.head) return false;
  }
  return true;
}

// Bursts of the run in order, all of whose rows are open, from the planned one on: those that can follow it at the
// spacing. Clocks only ever rise, so what is allowed in time now is the earliest it will be.
std::uint32_t DramController::bursts_in_turn(std::uint32_t most) const {
  const Segment& planned = segments_[plan_.segment];
  const std::uint64_t number = planned.run->first + planned.head;
  std::uint64_t count = std::min<std::uint64_t>(most, planned.run->bursts - planned.head);
  count = std::min(count, chunk_ - (number & (chunk_ - 1)));
  if (group_stretch_ > 1) count = std::min(count, group_stretch_ - (number & (group_stretch_ - 1)));
  const std::size_t first = plan_.segment - planned.lane;
  for (std::uint32_t i = 1; i < lanes_ && i < count; ++i) {
    const Segment& next = segments_[first + ((planned.lane + i) & (lanes_ - 1))];
    if (next.left == 0 || next.head != planned.head + i || !next.open ||
        timing_.earliest_column_of_bank(planned.write, next.bank) > plan_.clock + i * spacing_) {
      return i;
    }
  }
  return static_cast<std::uint32_t>(count);
}

Cycle DramController::first_of_older_runs() const {
  const Segment& planned = segments_[plan_.segment];
  Cycle first = kNever;
  for (std::size_t i = begin_; segments_[i].run != planned.run; ++i) {
    const Segment& segment = segments_[i];
    if (segment.left == 0 || segment.write != planned.write || !segment.open || segment.run->blockers != 0) continue;
    first =
        std::min(first, std::max(segment.run->arrival, timing_.earliest_column_of_bank(segment.write, segment.bank)));
  }
  return first;
}

bool DramController::has_rival_in_another_group() const {
  const Segment& planned = segments_[plan_.segment];
  const std::uint32_t banks = spec().banks_per_group;
  return std::any_of(
      segments_.begin() + static_cast<std::ptrdiff_t>(begin_), segments_.end(), [&](const Segment& each) {
        return each.left != 0 && each.open && each.write == planned.write && each.bank / banks != planned.bank / banks;
      });
}

// How many bursts of the run certainly follow the planned one at the spacing; docs/memory.md says why.
void DramController::extend_plan() {
  const Segment& planned = segments_[plan_.segment];
  const Run& run = *planned.run;
  if (run.left == 1) return;
  plan_.in_order = is_oldest_of_run(plan_.segment);
  if (!plan_.in_order || !in_turn_[run.write]) return;
  if (options_.scheduler == DramScheduler::fcfs) {
    const Cycle room = (refresh_due_ - 1 - plan_.clock) / spacing_ + 1;
    plan_.bursts = bursts_in_turn(static_cast<std::uint32_t>(std::min<Cycle>(room, run.left)));
    return;
  }
  if (bypasses_ >= options_.bypass_limit) return;
  if (outpaced_ && has_rival_in_another_group()) return;
  std::uint32_t most = run.left;
  Cycle last = std::min(refresh_due_ - 1, next_arrival_ - 1);
  if (!stands_across_rows_) last = std::min(last, row_clock_);
  if (&run != queue_.front()) {
    most = std::min(most, options_.bypass_limit - bypasses_);
    const Cycle rival = first_of_older_runs();
    if (rival <= plan_.clock) return;
    last = std::min(last, rival - 1);
  }
  most = static_cast<std::uint32_t>(std::min<Cycle>(most, (last - plan_.clock) / spacing_ + 1));
  std::uint32_t count = bursts_in_turn(most);
  if (closing_ != 0) {
    // When the last burst that wants a row has been served, somebody else may close it, as soon as that is allowed.
    const std::size_t first = plan_.segment - planned.lane;
    for (std::uint32_t i = 0; i < lanes_ && i < count; ++i) {
      const Segment& segment = segments_[first + ((planned.lane + i) & (lanes_ - 1))];
      const std::uint32_t end = i + ((segment.left - 1) << lane_bits_) + 1 + until_closed_[run.write];
      if (closing_ & bit(segment.bank)) count = std::min(count, end);
    }
  }
  plan_.bursts = count;
}

Cycle DramController::next_command() {
  return queue_.empty() ? kNever : choose();
}

Cycle DramController::next_done() {
  if (queue_.empty()) return kNever;
  const Cycle next = choose();
  const Run* const planned = is_column(plan_.command) ? segments_[plan_.segment].run : nullptr;
  const Cycle last = plan_.clock + (plan_.bursts - 1) * spacing_;
  // A row opened on the way may let somebody else's column in.
  const bool certain = planned != nullptr && row_clock_ >= last;
  const std::uint32_t issued = certain ? plan_.bursts : plan_.past;
  if (certain && planned->left == issued) return timing_.data_end(plan_.command, last);
  // The commands that are still needed by the run that needs the fewest, after the plan.
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  for (const Run* run : queue_) least = std::min(least, run == planned ? run->left - issued : run->left);
  return (certain ? last + least * least_spacing_ : next + (least - 1) * least_spacing_) + least_latency_;
}

void DramController::run_until(Cycle limit, std::vector<DramRunDone>& done) {
  if (limit <= now_) return;
  // With refresh off and an empty queue the choice lies at kNever.
  for (Cycle next = choose(); next < limit; next = choose()) {
    const Cycle room = (limit - 1 - next) / spacing_ + 1;
    issue(static_cast<std::uint32_t>(std::min<Cycle>(room, plan_.bursts)), done);
  }
  // The choice stands: it lies at or beyond the limit and already takes every arrival up to itself into account.
  now_ = std::max(now_, limit);
}

void DramController::step(std::vector<DramRunDone>& done) {
  if (queue_.empty()) throw std::logic_error("DRAM queue is empty");
  (void)choose();
  issue(plan_.bursts, done);
}

Cycle DramController::make_room(std::vector<DramRunDone>& done) {
  if (!full()) throw std::logic_error("DRAM queue is not full");
  while (full()) {
    (void)choose();
    issue(static_cast<std::uint32_t>(waiting_ - options_.queue_bursts + 1), done);
  }
  // A row command may share the clock of the column command, where it has a bus of its own. What is pushed next has
  // arrived when it is looked at.
  if (spec().split_command_bus) run_until(now_ + 1, done);
  now_ = std::max(now_, timing_.last_issue() + 1);
  return now_;
}

void DramController::issue(std::uint32_t most_bursts, std::vector<DramRunDone>& done) {
  if (!is_column(plan_.command)) {
    chosen_ = false;
    issue_row(plan_.clock, plan_.command, plan_.segment);
  } else if (const Cycle next = next_column(); row_clock_ < next) {
    issue_row_in_plan();
  } else {
    const Cycle room = (row_clock_ - next) / spacing_ + 1;
    issue_columns(static_cast<std::uint32_t>(std::min<Cycle>({most_bursts, plan_.bursts - plan_.past, room})), done);
  }
}

/// Whether a burst of an older run than the planned one, in the same direction, waits for the row that is opened next.
bool DramController::opens_for_older_run() const {
  const Segment& planned = segments_[plan_.segment];
  const Segment& opened = segments_[row_];
  return std::any_of(wants_.closed.begin(), wants_.closed.end(), [&](std::size_t i) {
    const Segment& each = segments_[i];
    return i < plan_.segment && each.run != planned.run && each.write == planned.write && each.bank == opened.bank &&
           each.row == opened.row;
  });
}

/// A row command that comes before a planned column: it finds room on the bus between them, and touches none of their
/// banks. So the columns stand, unless it opens a row for others that may come before one of them.
void DramController::issue_row_in_plan() {
  const DramCommand command = row_command(segments_[row_]);
  const bool begun = plan_.past != 0;
  bool stands = true;
  if (command == DramCommand::activate) stands = (begun || column_known_) && !outpaced_ && !opens_for_older_run();
  issue_row(row_clock_, command, row_);
  // Before the first of them, anybody may be sooner.
  if (!begun && column_known_ && column_ != plan_.segment) stands = false;
  if (stands) {
    choose_row(wants_);
  } else {
    drop_plan();
  }
}

/// The columns issued are past: what they changed of their run and its banks is entered when somebody looks at it
/// again.
void DramController::drop_plan() {
  enter_columns();
  chosen_ = false;
}

void DramController::count_once(Segment& segment, std::uint64_t& counter) {
  if (segment.counted) return;
  segment.counted = true;
  ++counter;
}

void DramController::issue_row(Cycle clock, DramCommand command, std::size_t place) {
  now_ = clock;
  if (command == DramCommand::refresh || command == DramCommand::precharge_all) {
    column_known_ = false;
    timing_.issue(command, 0, 0, clock);
    if (observer_) observer_(command, 0, 0, clock);
    if (command == DramCommand::refresh) {
      ++counters_.refreshes;
      refresh_due_ += spec().timing.refi;
      return;
    }
    ++counters_.precharges;
    close_rows(~std::uint64_t{0});
    return;
  }
  Segment& segment = segments_[place];
  timing_.issue(command, segment.bank, segment.row, clock);
  if (observer_) observer_(command, segment.bank, segment.row, clock);
  if (command == DramCommand::precharge) {
    ++counters_.precharges;
    count_once(segment, counters_.conflicts);
    close_rows(bit(segment.bank));
  } else {
    ++counters_.activates;
    count_once(segment, counters_.misses);
    open_row(segment.bank, segment.row);
  }
}

void DramController::issue_columns(std::uint32_t count, std::vector<DramRunDone>& done) {
  const std::size_t first = plan_.segment - segments_[plan_.segment].lane;
  Run& run = *segments_[plan_.segment].run;
  const Cycle clock = next_column();
  const Cycle last = clock + (count - 1) * spacing_;
  const Cycle allowed = timing_.earliest_column_of_rank(run.write);
  if (clock < allowed) refuse_column(clock, allowed);
  if (observer_) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const Segment& segment = segments_[first + ((segments_[plan_.segment].lane + plan_.past + i) & (lanes_ - 1))];
      observer_(plan_.command, segment.bank, segment.row, clock + i * spacing_);
    }
  }
  bypasses_ = &run == queue_.front() && plan_.in_order ? 0 : bypasses_ + count;
  timing_.end_known_columns(run.write, last);
  (run.write ? counters_.writes : counters_.reads) += count;
  waiting_ -= count;
  waiting_in_[run.write] -= count;
  now_ = last;
  column_known_ = false;
  plan_.past += count;
  if (plan_.past != plan_.bursts) {
    // A row command that would be on the bus with the last column comes after it.
    if (stands_across_rows_ && row_clock_ < last + longest_row_command_) choose_row(wants_);
    return;
  }
  drop_plan();
  if (run.left != 0) return;
  done.push_back(
      {run.tag, run.first * burst_bytes_, run.bursts, run.write, last, timing_.data_end(plan_.command, last)});
  forget(run, first);
}

/// The columns of the plan that are past, entered into their run, its segments and their banks.
void DramController::enter_columns() {
  if (plan_.past == 0) return;
  const std::uint32_t count = plan_.past;
  const Segment& planned = segments_[plan_.segment];
  Run& run = *planned.run;
  const std::uint32_t lane = planned.lane;
  const std::uint32_t head = planned.head;
  const std::size_t first = plan_.segment - lane;
  const Cycle clock = plan_.clock;

  // The first is checked; the others follow from it.
  const Cycle allowed = timing_.earliest_column_of_bank(run.write, planned.bank);
  if (clock < allowed || !timing_.is_open(planned.bank, planned.row)) refuse_column(clock, allowed);
  run.in_order = run.in_order && head == run.bursts - run.left;
  for (std::uint32_t i = 0; i < lanes_ && i < count; ++i) {
    Segment& segment = segments_[first + ((lane + i) & (lanes_ - 1))];
    const std::uint32_t served = (count - i + lanes_ - 1) >> lane_bits_;
    counters_.hits += served - (segment.counted ? 1 : 0);
    segment.counted = false;
    segment.head += served << lane_bits_;
    segment.left -= served;
    if (segment.left == 0) want_open_no_more(segment.bank);
    timing_.issue_known_column(run.write, segment.bank, clock + (i + ((served - 1) << lane_bits_)) * spacing_);
  }
  if (blocked_ != 0) release_blocked(run, run.first + head, count);
  run.left -= count;
  if (!run.in_order && run.whole) run.in_order = served_are_first(run, first);

  plan_.bursts -= count;
  plan_.past = 0;
  plan_.clock += count * spacing_;
  plan_.segment = first + ((lane + count) & (lanes_ - 1));
}

/// Whether what was passed over has been served since: so it is where the next bursts of the lanes lie together.
bool DramController::served_are_first(const Run& run, std::size_t first) const {
  const std::uint32_t served = run.bursts - run.left;
  for (std::uint32_t lane = 0; lane < lanes_; ++lane) {
    const std::uint32_t head = segments_[first + lane].head;
    if (head < served || head >= served + lanes_) return false;
  }
  return true;
}

void DramController::release_blocked(const Run& older, std::uint64_t first, std::uint32_t count) {
  for (Run* run : queue_) {
    if (run->blockers == 0 || !(run->write || older.write)) continue;
    if (run->first < first || run->first - first >= count || run == &older) continue;
    if (--run->blockers == 0) --blocked_;
  }
}

std::uint64_t DramController::hits_not_entered() const {
  std::uint64_t hits = plan_.past;
  for (std::uint32_t i = 0; i < lanes_ && i < plan_.past; ++i) {
    const std::uint32_t lane = segments_[plan_.segment].lane;
    if (segments_[plan_.segment - lane + ((lane + i) & (lanes_ - 1))].counted) --hits;
  }
  return hits;
}

std::vector<Statistic> DramController::statistics() const {
  const std::uint64_t bursts = counters_.reads + counters_.writes;
  return {
      {"row_hits", "bursts", "served from a row that was open when its turn came", counters_.hits + hits_not_entered()},
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
