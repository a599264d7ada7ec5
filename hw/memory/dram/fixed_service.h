// SPDX-License-Identifier: Apache-2.0
// How a memory of a fixed bandwidth and latency takes requests and answers them. Plain C++, times in picoseconds.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/memory/dram/answers.h"
#include "hw/memory/statistics/statistic.h"

namespace fusesim::memory {

/// Requests are served in order over one data bus. Data of a request begins to pass when its latency is over and the
/// data of the requests before it has passed: latencies overlap with each other and with data.
class FixedService {
 public:
  /// More than 0; not negative, rounded to whole picoseconds.
  FixedService(double gigabytes_per_second, double latency_ns);

  /// Serves a request made at `time`; returns when its last data has passed. `delivered` are the bytes that it moves,
  /// if not all that pass.
  std::uint64_t serve(std::uint64_t bytes, std::uint64_t delivered, bool write, std::uint64_t time);
  /// Of requests that their makers put there.
  [[nodiscard]] MemoryAnswers& answers() { return answers_; }
  [[nodiscard]] std::vector<Statistic> statistics() const;

 private:
  double gigabytes_per_second_;
  std::uint64_t latency_;
  MemoryAnswers answers_;

  // The end of the data so far is counted from where the bus was last idle, so that roundings do not add up.
  std::uint64_t busy_from_ = 0;
  std::uint64_t busy_bytes_ = 0;
  std::uint64_t busy_until_ = 0;

  std::uint64_t reads_ = 0, writes_ = 0, bytes_read_ = 0, bytes_written_ = 0, data_busy_ = 0;
};

}  // namespace fusesim::memory
