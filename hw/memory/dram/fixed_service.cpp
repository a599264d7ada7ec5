// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/fixed_service.h"

#include <cmath>

namespace fusesim::memory {

FixedService::FixedService(double gigabytes_per_second, double latency_ns)
    : gigabytes_per_second_(gigabytes_per_second),
      latency_(static_cast<std::uint64_t>(std::llround(latency_ns * 1000))) {}

std::uint64_t FixedService::serve(std::uint64_t bytes, std::uint64_t delivered, bool write, std::uint64_t time) {
  const std::uint64_t first_data = time + latency_;
  if (first_data >= busy_until_) {
    busy_from_ = busy_until_ = first_data;
    busy_bytes_ = 0;
  }
  busy_bytes_ += bytes;
  const double passed = std::ceil(static_cast<double>(busy_bytes_) * 1000 / gigabytes_per_second_);
  const std::uint64_t end = busy_from_ + static_cast<std::uint64_t>(passed);
  data_busy_ += end - busy_until_;
  busy_until_ = end;
  ++(write ? writes_ : reads_);
  (write ? bytes_written_ : bytes_read_) += delivered;
  return end;
}

std::vector<Statistic> FixedService::statistics() const {
  return {
      {"reads", "transactions", "that read", reads_},
      {"writes", "transactions", "that wrote", writes_},
      {"bytes_read", "bytes", "asked for by read transactions and delivered", bytes_read_},
      {"bytes_written", "bytes", "given by write transactions, bytes not enabled excepted", bytes_written_},
      {"data_busy", "ps", "in which the data bus carried data", data_busy_},
  };
}

}  // namespace fusesim::memory
