// SPDX-License-Identifier: Apache-2.0
// The memory controller: a bounded queue of bursts, a scheduler and refresh, above the timing law. Plain C++.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hw/memory/dram/address_map.h"
#include "hw/memory/dram/dram_spec.h"
#include "hw/memory/dram/dram_timing.h"
#include "hw/memory/statistics/statistic.h"

namespace fusesim::memory {

/// In which order queued bursts are served.
enum class DramScheduler : std::uint8_t {
  fcfs,     ///< First come, first served: only the oldest burst is worked for.
  fr_fcfs,  ///< First ready: whichever command can be issued first; column before row commands, then the oldest.
};

/// "fcfs" or "fr_fcfs". Throws std::invalid_argument naming the nearest name.
[[nodiscard]] DramScheduler dram_scheduler(std::string_view name);

struct DramControllerOptions {
  std::string address_map = "row:bank:column:bankgroup";
  DramScheduler scheduler = DramScheduler::fr_fcfs;
  /// Another run of bursts is taken while fewer than this many wait, and none is longer; at least 1. So at most
  /// 2 queue_bursts - 1 wait, and where every run is one burst, at most queue_bursts.
  std::size_t queue_bursts = 32;
  /// After so many younger bursts were served before the oldest one, nothing else is worked for: no burst starves.
  std::uint32_t bypass_limit = 64;
  bool refresh = true;
};

/// Bursts one after the other whose column commands have all been issued: a run as pushed or, where it overlapped
/// older ones in the queue, a burst of it.
struct DramRunDone {
  std::uint64_t tag = 0;      ///< As pushed.
  std::uint64_t address = 0;  ///< First byte of the first burst.
  std::uint32_t bursts = 1;
  bool write = false;
  Cycle command = 0;   ///< The last column command.
  Cycle data_end = 0;  ///< Edge at which the last data has passed.
};

/// Issues at each clock at most one command per command bus. Decisions depend on the bursts pushed and their arrival
/// alone, not on how the caller cuts up the calls: the clock skips from command to command. Every command is decided
/// burst by burst; where a number of them is known to follow at a constant distance, they are issued in one step.
class DramController {
 public:
  static constexpr Cycle kNever = ~Cycle{0};

  /// Throws std::invalid_argument naming the option that is wrong.
  DramController(const DramSpec& spec, const DramControllerOptions& options);
  // Its segments point at their runs.
  DramController(const DramController&) = delete;
  DramController& operator=(const DramController&) = delete;

  [[nodiscard]] bool full() const { return waiting_ >= options_.queue_bursts; }
  [[nodiscard]] bool empty() const { return waiting_ == 0; }
  [[nodiscard]] std::uint64_t longest_run() const { return options_.queue_bursts; }

  /// Queues `bursts` consecutive bursts, of which the first holds byte `address`; they can be served from clock
  /// `arrival` on, or from the first clock not yet decided if that is later. Bursts pushed earlier are older. Throws
  /// std::logic_error when the queue is full, the run is empty or too long, or reaches beyond the memory.
  void push(std::uint64_t tag, std::uint64_t address, bool write, Cycle arrival, std::uint32_t bursts = 1);

  /// The clock of the next command, kNever when the queue is empty (refreshes of an idle memory are caught up later).
  [[nodiscard]] Cycle next_command();
  /// A clock before whose edge no run is done, if nothing more is pushed; the exact one when it is known. kNever when
  /// the queue is empty.
  [[nodiscard]] Cycle next_done();
  /// A lower bound of next_done() that costs nothing.
  [[nodiscard]] Cycle no_done_before() const { return queue_.empty() ? kNever : now_ + least_latency_; }

  /// Issues every command before clock `limit`, refreshes too, and appends the runs served to `done`.
  void run_until(Cycle limit, std::vector<DramRunDone>& done);
  /// Issues the next command, and those known to follow it; the queue must not be empty.
  void step(std::vector<DramRunDone>& done);
  /// Issues commands until the queue, which must be full, takes another run. Returns the clock from which it does, the
  /// one after the column command that made room; it is the first not yet decided.
  Cycle make_room(std::vector<DramRunDone>& done);

  /// Called with every command issued, in order: (command, bank, row, clock). For tests and traces.
  void observe(std::function<void(DramCommand, std::uint32_t, std::uint32_t, Cycle)> observer) {
    observer_ = std::move(observer);
  }

  [[nodiscard]] const DramSpec& spec() const { return timing_.spec(); }
  [[nodiscard]] const AddressMap& address_map() const { return map_; }
  [[nodiscard]] std::vector<Statistic> statistics() const;

 private:
  struct Run {
    std::uint64_t tag = 0;
    std::uint64_t first = 0;  ///< Burst number: address / bytes of a burst.
    Cycle arrival = 0;
    std::uint32_t bursts = 0;
    std::uint32_t left = 0;      ///< Bursts not yet served.
    std::uint32_t blockers = 0;  ///< Of a run of one burst: older queued bursts to the same bytes it must not overtake.
    bool write = false;
    bool in_order = true;      ///< The bursts served so far are its first.
    bool whole = false;        ///< Its bursts lie in one chunk and touch every lane: it has lanes_ segments.
    std::uint32_t closed = 0;  ///< Segments with bursts left whose rows are not open.
    std::uint64_t banks = 0;   ///< Of its segments, a bit a bank.
  };
  /// Bursts of a run that lie in the same row, lanes_ apart. They are served in order: none of them can be served
  /// before an older one.
  struct Segment {
    Run* run = nullptr;  ///< Null when the run is done.
    std::uint32_t row = 0;
    std::uint32_t head = 0;  ///< The oldest burst, counted from the first of the run.
    std::uint32_t left = 0;  ///< Bursts not yet served.
    std::uint32_t lane = 0;  ///< Place among the segments between which consecutive bursts rotate.
    std::uint32_t bank = 0;
    bool write = false;    ///< As the run.
    bool open = false;     ///< The row is open.
    bool counted = false;  ///< The oldest burst, as miss or conflict.
  };
  /// The next command; of column commands, those that certainly follow each other at the spacing.
  struct Plan {
    Cycle clock = kNever;  ///< Of the first.
    DramCommand command = DramCommand::refresh;
    std::uint32_t bursts = 1;
    std::uint32_t past = 0;  ///< Column commands issued, but not yet entered into their run and banks.
    std::size_t segment = 0;
    bool in_order = true;  ///< Of a column command: no older burst of the run is left.
  };
  /// What bursts want of rows.
  struct RowWants {
    std::vector<std::size_t> closed;  ///< Segments with bursts left whose rows are not open, in order.
    std::uint64_t open = 0;           ///< Banks whose open row a burst still wants,
    std::uint64_t twice = 0;          ///< or bursts of several segments.
    void keep_open(std::uint64_t banks) {
      twice |= open & banks;
      open |= banks;
    }
  };
  struct Counters {
    std::uint64_t hits = 0, misses = 0, conflicts = 0;
    std::uint64_t activates = 0, precharges = 0, refreshes = 0;
    std::uint64_t reads = 0, writes = 0;
  };

  void push_run(std::uint64_t tag, std::uint64_t first, bool write, Cycle arrival, std::uint32_t bursts);
  void cut_into_segments(Run& run);
  void want_open(std::uint32_t bank);
  void want_open_no_more(std::uint32_t bank);
  void find_closed();
  void close_rows(std::uint64_t banks);
  void open_row(std::uint32_t bank, std::uint32_t row);
  void forget(Run& run, std::size_t segment);
  [[nodiscard]] bool must_keep_order(std::uint64_t first, std::uint32_t bursts, bool write) const;
  [[nodiscard]] std::uint32_t count_blockers(std::uint64_t burst, bool write) const;
  [[nodiscard]] bool keeps_plan(std::size_t youngest) const;

  Cycle choose();
  [[nodiscard]] Cycle next_column() const { return plan_.clock + plan_.past * spacing_; }
  void choose_burst();
  [[nodiscard]] bool choose_front();
  void choose_among_arrived(Cycle horizon);
  void choose_after_row();
  void choose_column_and_row(const RowWants& wants);
  void choose_row(const RowWants& wants);
  [[nodiscard]] DramCommand row_command(const Segment& segment) const;
  bool look_at_whole(const Run& run, std::size_t first, Cycle from);
  [[nodiscard]] bool goes_before(std::size_t segment, std::size_t other) const;
  void choose_for_oldest();
  void choose_refresh();
  void extend_plan();
  [[nodiscard]] bool is_oldest_of_run(std::size_t segment) const;
  [[nodiscard]] std::uint32_t bursts_in_turn(std::uint32_t most) const;
  [[nodiscard]] Cycle first_of_older_runs() const;
  [[nodiscard]] bool has_rival_in_another_group() const;

  void issue(std::uint32_t most_bursts, std::vector<DramRunDone>& done);
  void issue_row(Cycle clock, DramCommand command, std::size_t place);
  void issue_row_in_plan();
  [[nodiscard]] bool opens_for_older_run() const;
  void issue_columns(std::uint32_t count, std::vector<DramRunDone>& done);
  void enter_columns();
  [[nodiscard]] bool served_are_first(const Run& run, std::size_t first) const;
  void drop_plan();
  [[nodiscard]] std::uint64_t hits_not_entered() const;
  void release_blocked(const Run& older, std::uint64_t first, std::uint32_t count);
  void count_once(Segment& segment, std::uint64_t& counter);

  DramControllerOptions options_;
  DramTiming timing_;
  AddressMap map_;

  // How consecutive bursts lie.
  std::uint64_t burst_bytes_;
  std::uint32_t lanes_;          ///< Bursts until the column is next; a power of two.
  std::uint32_t lane_bits_;      ///< Its logarithm.
  std::uint64_t chunk_;          ///< Aligned bursts within which each lane keeps its row.
  std::uint64_t group_stretch_;  ///< Aligned bursts in a row that lie in one bank group.
  Cycle spacing_ = 0;            ///< Between the column commands of consecutive bursts, all else allowing.
  bool outpaced_ = false;        ///< Bursts to another bank group could come sooner.
  bool rows_fit_ = false;        ///< Row commands find room on the bus between column commands.
  Cycle longest_row_command_ = 0;
  Cycle least_spacing_ = 0;  ///< Between any two column commands.
  Cycle least_latency_ = 0;  ///< From a column command to the end of its data.
  /// Reads, or writes, at the spacing after the last burst of a row and before that row may be closed.
  std::array<std::uint32_t, 2> until_closed_{};
  std::array<bool, 2>
      in_turn_{};  ///< Whether a run of reads, or writes, keeps its turn before columns of the other direction.

  std::vector<std::unique_ptr<Run>> runs_;  ///< All ever made.
  std::vector<Run*> free_runs_;
  std::vector<Run*> queue_;  ///< Oldest first.
  /// Of the runs in the queue, in their order, and of each in the order of their first bursts; from begin_ on.
  std::vector<Segment> segments_;
  std::size_t begin_ = 0;
  std::uint32_t waiting_ = 0;
  std::array<std::uint32_t, 2> waiting_in_{};  ///< To be read, and written.
  RowWants wants_;                             ///< Of all in the queue.
  std::vector<std::uint32_t> wanting_;         ///< By bank: segments with bursts left whose row is open.
  std::uint32_t blocked_ = 0;                  ///< Runs with blockers.
  std::uint32_t bypasses_ = 0;
  Cycle now_ = 0;  ///< First clock not yet decided.
  Cycle latest_arrival_ = 0;
  Cycle refresh_due_;

  Plan plan_;
  bool chosen_ = false;
  // What the choice saw of the row commands that arrived bursts want, and of bursts yet to arrive.
  Cycle row_clock_ = kNever;         ///< The first that could be issued,
  std::size_t row_ = 0;              ///< and for which segment.
  bool stands_across_rows_ = false;  ///< Row commands before the planned columns leave them as they are.
  std::uint64_t closing_ = 0;  ///< Banks in which a burst wants a row that is not open, and at most one the open one.
  RowWants arrived_;           ///< Of those that have arrived, where not all have.
  Cycle next_arrival_ = kNever;
  /// Banks that an older burst reads, or writes: a younger one cannot be sooner.
  std::array<std::uint64_t, 2> served_{};
  Cycle column_clock_ = kNever;  ///< The first column command that could be issued,
  std::size_t column_ = 0;       ///< and of which segment.
  bool column_known_ = false;    ///< Only row commands have been issued since these were seen.

  Counters counters_;
  std::function<void(DramCommand, std::uint32_t, std::uint32_t, Cycle)> observer_;
};

}  // namespace fusesim::memory
