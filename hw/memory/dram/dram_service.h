// SPDX-License-Identifier: Apache-2.0
// How a DRAM channel takes requests of any length and answers them. Plain C++, times in picoseconds.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/memory/dram/answers.h"
#include "hw/memory/dram/dram_controller.h"

namespace fusesim::memory {

/// Cuts requests into runs of at most queue_bursts bursts, which enter the controller's queue one after the other as it
/// takes them, and answers each when its last data has passed.
class DramService {
 public:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  /// Throws std::invalid_argument as DramController does.
  DramService(const DramSpec& spec, const DramControllerOptions& options) : controller_(spec, options) {}

  /// Takes a request for bytes that lie in the memory. Returns when its last run has entered the queue: until then
  /// nobody may make another, so the controller runs ahead. `tag` is any number of the caller's.
  std::uint64_t request(std::uint64_t tag, std::uint64_t address, std::uint64_t bytes, bool write, std::uint64_t time);
  /// Takes a request at `now` that arrives at `time`, and serves it at once, ahead of all that is requested later, but
  /// for earlier. Returns when its last data has passed; it is not answered.
  std::uint64_t serve(std::uint64_t address, std::uint64_t bytes, bool write, std::uint64_t now, std::uint64_t time);

  /// Issues every command before the clock at this time.
  void run_until(std::uint64_t time);
  /// Makes known all that is to be answered at this time or before. Nobody sees a command before a run is done: while
  /// runs are queued of which none can be done by then, their commands are left for later. Refreshes of an idle memory,
  /// which the statistics count, are not: nothing may come later.
  void answer_until(std::uint64_t time) {
    if (idle() || controller_.no_done_before() <= spec().clock_at(time)) run_until(time);
  }
  /// Answers known so far. More come from run_until(), answer_until(), request() and serve(); never for a time that was
  /// run to.
  [[nodiscard]] MemoryAnswers& answers() { return answers_; }
  /// A time before which nothing is to be answered that is not among answers(), if no more is requested; kNever when
  /// nothing is under way.
  [[nodiscard]] std::uint64_t next_done();
  /// False when next_done() is known, for next to nothing, not to lie before this time.
  [[nodiscard]] bool may_be_done_before(std::uint64_t time) const {
    return !idle() && (time == kNever || controller_.no_done_before() < spec().clock_at(time));
  }
  [[nodiscard]] bool idle() const { return controller_.empty(); }

  /// Counts bytes that a request moves.
  void count(bool write, std::uint64_t bytes) { (write ? bytes_written_ : bytes_read_) += bytes; }
  /// The controller's, and bytes asked for as opposed to bytes of whole bursts.
  [[nodiscard]] std::vector<Statistic> statistics() const;

  [[nodiscard]] const DramSpec& spec() const { return controller_.spec(); }
  [[nodiscard]] DramController& controller() { return controller_; }

 private:
  /// A request while its bursts are queued.
  struct Transfer {
    std::uint64_t tag = 0;
    std::uint64_t remaining = 0;  ///< Bursts not yet served.
    Cycle data_end = 0;
    bool answered = true;  ///< Whether it is to be.
  };
  /// Queues a request that arrives at a clock, which becomes that at which its last run enters.
  std::size_t enter(std::uint64_t tag, std::uint64_t address, std::uint64_t bytes, bool write, Cycle& arrival,
                    bool answered);
  /// Takes note of the runs that the controller has done.
  void collect() {
    if (!done_.empty()) count_done();
  }
  void count_done();

  DramController controller_;
  MemoryAnswers answers_;
  std::vector<Transfer> transfers_;
  std::vector<std::size_t> free_transfers_;
  std::vector<DramRunDone> done_;
  std::uint64_t bytes_read_ = 0, bytes_written_ = 0;
};

}  // namespace fusesim::memory
