// SPDX-License-Identifier: Apache-2.0
// Keeps what a machine tells while it runs, for a timeline of the run.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/control/machine/record.h"
#include "hw/isa/machine/config.h"

namespace fusesim::timeline {

class TimelineCollector {
 public:
  struct Fold {
    std::uint32_t instruction;
    std::uint64_t start, end;  ///< Cycles.
  };
  struct Level {
    std::uint64_t cycle, bytes;  ///< From this cycle on.
  };
  struct Request {
    std::uint64_t cycle;  ///< The cycle in which it was answered.
    std::uint32_t bytes;
  };

  /// For MachineOptions::observer. The collector must outlive the run, and serves one run. Without folds, which can be
  /// many, instructions of the array are shown as a whole.
  [[nodiscard]] control::machine::Observer observer(bool folds = true);

  /// Folds of each instruction in order; instructions as they ran.
  [[nodiscard]] const std::vector<Fold>& folds() const { return folds_; }
  /// One a cycle at most, ascending.
  [[nodiscard]] const std::vector<Level>& occupancy(isa::machine::Pad pad) const {
    return occupancy_[static_cast<std::size_t>(pad)];
  }
  [[nodiscard]] const std::vector<Request>& requests(bool write) const { return requests_[write ? 1 : 0]; }

 private:
  std::vector<Fold> folds_;
  std::array<std::vector<Level>, isa::machine::pad_count> occupancy_;
  std::array<std::vector<Request>, 2> requests_;  ///< Reads, writes.
};

}  // namespace fusesim::timeline
