// SPDX-License-Identifier: Apache-2.0
// The memory controller: a bounded queue of bursts, a scheduler and refresh, above the timing law. Plain C++.
#pragma once

#include <cstdint>
#include <functional>
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
  std::size_t queue_bursts = 32;  ///< At least 1.
  /// After so many younger bursts were served before the oldest one, nothing else is worked for: no burst starves.
  std::uint32_t bypass_limit = 64;
  bool refresh = true;
};

/// A burst whose column command was issued.
struct DramBurstDone {
  std::uint64_t tag = 0;      ///< As pushed.
  std::uint64_t address = 0;  ///< First byte of the burst.
  bool write = false;
  Cycle command = 0;
  Cycle data_end = 0;  ///< Edge at which its last data has passed.
};

/// Issues at each clock at most one command per command bus. Decisions depend on the bursts pushed and their arrival
/// alone, not on how the caller cuts up the calls of run_until(): the clock skips from command to command.
class DramController {
 public:
  static constexpr Cycle kNever = ~Cycle{0};

  /// Throws std::invalid_argument naming the option that is wrong.
  DramController(const DramSpec& spec, const DramControllerOptions& options);

  [[nodiscard]] bool full() const { return queue_.size() == options_.queue_bursts; }
  [[nodiscard]] bool empty() const { return queue_.empty(); }

  /// Queues the burst that holds byte `address`; it can be served from clock `arrival` on, or from the first clock not
  /// yet decided if that is later. Bursts pushed earlier are older. Throws std::logic_error when the queue is full or
  /// the address lies beyond the memory.
  void push(std::uint64_t tag, std::uint64_t address, bool write, Cycle arrival);

  /// The clock of the next command, kNever when the queue is empty (refreshes of an idle memory are caught up later).
  [[nodiscard]] Cycle next_command();

  /// Issues every command before clock `limit`, refreshes too, and appends the bursts served to `done`.
  void run_until(Cycle limit, std::vector<DramBurstDone>& done);
  /// Issues one command; the queue must not be empty.
  void step(std::vector<DramBurstDone>& done);

  /// Called with every command issued, in order: (command, bank, row, clock). For tests and traces.
  void observe(std::function<void(DramCommand, std::uint32_t, std::uint32_t, Cycle)> observer) {
    observer_ = std::move(observer);
  }

  [[nodiscard]] const DramSpec& spec() const { return timing_.spec(); }
  [[nodiscard]] const AddressMap& address_map() const { return map_; }
  [[nodiscard]] std::vector<Statistic> statistics() const;

 private:
  struct Burst {
    std::uint64_t tag;
    std::uint64_t address;  ///< First byte.
    DramLocation at;
    Cycle arrival;
    std::uint32_t blockers;  ///< Older queued bursts to the same bytes it must not overtake.
    bool write;
    bool counted;  ///< As hit, miss or conflict.
  };
  struct Choice {
    Cycle clock = kNever;
    DramCommand command = DramCommand::refresh;
    std::size_t burst = 0;
  };
  struct Counters {
    std::uint64_t hits = 0, misses = 0, conflicts = 0;
    std::uint64_t activates = 0, precharges = 0, refreshes = 0;
    std::uint64_t reads = 0, writes = 0;
  };

  [[nodiscard]] bool keeps_choice(const Burst& youngest) const;
  [[nodiscard]] const Choice& choose();
  [[nodiscard]] Choice choose_burst() const;
  [[nodiscard]] Choice choose_among_arrived(Cycle horizon) const;
  [[nodiscard]] Choice choose_refresh() const;
  void issue(const Choice& choice, std::vector<DramBurstDone>& done);
  void serve(std::size_t index, DramCommand command, Cycle at, std::vector<DramBurstDone>& done);
  void count_once(Burst& burst, std::uint64_t& counter);

  DramControllerOptions options_;
  DramTiming timing_;
  AddressMap map_;
  std::vector<Burst> queue_;  ///< Oldest first.
  Cycle now_ = 0;             ///< First clock not yet decided.
  Cycle latest_arrival_ = 0;
  Cycle refresh_due_;
  std::uint32_t bypasses_ = 0;
  Choice choice_;
  bool chosen_ = false;
  Counters counters_;
  std::function<void(DramCommand, std::uint32_t, std::uint32_t, Cycle)> observer_;
};

}  // namespace fusesim::memory
