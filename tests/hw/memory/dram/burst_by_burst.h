// SPDX-License-Identifier: Apache-2.0
// The memory controller without its short cuts, for comparison.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "hw/memory/dram/dram_controller.h"

namespace fusesim::memory_test {

using namespace fusesim::memory;

struct BurstServed {
  std::uint64_t tag = 0;
  std::uint64_t address = 0;
  bool write = false;
  Cycle command = 0;
  Cycle data_end = 0;
};

/// The scheduler of docs/memory.md as plainly as it can be written: a list of bursts, and a look at each of them for
/// every single command. The queue has no bound; whoever pushes keeps it.
class BurstByBurst {
 public:
  static constexpr Cycle kNever = ~Cycle{0};

  BurstByBurst(const DramSpec& spec, const DramControllerOptions& options);

  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }

  /// Queues the burst that holds byte `address`.
  void push(std::uint64_t tag, std::uint64_t address, bool write, Cycle arrival);

  /// The clock of the next command, kNever when the queue is empty (refreshes of an idle memory are caught up later).
  [[nodiscard]] Cycle next_command();

  /// Issues every command before clock `limit`, refreshes too, and appends the bursts served to `done`.
  void run_until(Cycle limit, std::vector<BurstServed>& done);
  /// Issues one command; the queue must not be empty.
  void step(std::vector<BurstServed>& done);

  /// Called with every command issued, in order: (command, bank, row, clock). For tests and traces.
  void observe(std::function<void(DramCommand, std::uint32_t, std::uint32_t, Cycle)> observer) {
    observer_ = std::move(observer);
  }

  /// By the names of DramController::statistics().
  [[nodiscard]] std::map<std::string_view, std::uint64_t> statistics() const;

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
  void issue(const Choice& choice, std::vector<BurstServed>& done);
  void serve(std::size_t index, DramCommand command, Cycle at, std::vector<BurstServed>& done);
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

}  // namespace fusesim::memory_test
