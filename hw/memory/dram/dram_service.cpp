// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_service.h"

#include <algorithm>

namespace fusesim::memory {

std::uint64_t DramService::request(std::uint64_t tag, std::uint64_t address, std::uint64_t bytes, bool write,
                                   std::uint64_t time) {
  // The commands of a clock are decided after it, when all its requests have come.
  const Cycle arrival = spec().clock_at(time);
  controller_.run_until(arrival, done_);
  collect();
  Cycle entered = arrival;
  enter(tag, address, bytes, write, entered, true);
  return entered == arrival ? time : spec().picoseconds(entered);
}

std::uint64_t DramService::serve(std::uint64_t address, std::uint64_t bytes, bool write, std::uint64_t now,
                                 std::uint64_t time) {
  run_until(now);
  Cycle arrival = spec().clock_at(time);
  const std::size_t index = enter(0, address, bytes, write, arrival, false);
  while (transfers_[index].remaining != 0) {
    controller_.step(done_);
    collect();
  }
  free_transfers_.push_back(index);
  return spec().picoseconds(transfers_[index].data_end);
}

void DramService::run_until(std::uint64_t time) {
  controller_.run_until(spec().clock_at(time), done_);
  collect();
}

std::uint64_t DramService::next_done() {
  const Cycle done = controller_.next_done();
  return done == DramController::kNever ? kNever : spec().picoseconds(done);
}

std::size_t DramService::enter(std::uint64_t tag, std::uint64_t address, std::uint64_t bytes, bool write,
                               Cycle& arrival, bool answered) {
  if (free_transfers_.empty()) {
    free_transfers_.push_back(transfers_.size());
    transfers_.emplace_back();
  }
  const std::size_t index = free_transfers_.back();
  free_transfers_.pop_back();
  const std::uint64_t burst_bytes = spec().burst_bytes();
  const std::uint64_t first = address / burst_bytes;
  const std::uint64_t end = (address + bytes - 1) / burst_bytes + 1;
  transfers_[index] = {tag, end - first, 0, answered};
  for (std::uint64_t next = first; next < end;) {
    if (controller_.full()) {
      arrival = std::max(arrival, controller_.make_room(done_));
      collect();
    }
    const std::uint64_t count = std::min(end - next, controller_.longest_run());
    controller_.push(index, next * burst_bytes, write, arrival, static_cast<std::uint32_t>(count));
    next += count;
  }
  return index;
}

void DramService::count_done() {
  for (const DramRunDone& run : done_) {
    Transfer& transfer = transfers_[run.tag];
    transfer.data_end = std::max(transfer.data_end, run.data_end);
    transfer.remaining -= run.bursts;
    if (transfer.remaining != 0 || !transfer.answered) continue;  // serve() still reads its transfer.
    answers_.push({spec().picoseconds(transfer.data_end), transfer.tag});
    free_transfers_.push_back(run.tag);
  }
  done_.clear();
}

std::vector<Statistic> DramService::statistics() const {
  std::vector<Statistic> all = controller_.statistics();
  all.push_back({"bytes_read", "bytes", "asked for by read transactions and delivered", bytes_read_});
  all.push_back({"bytes_written", "bytes", "given by write transactions, bytes not enabled excepted", bytes_written_});
  return all;
}

}  // namespace fusesim::memory
