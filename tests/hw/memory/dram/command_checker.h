// SPDX-License-Identifier: Apache-2.0
// Checks a finished log of DRAM commands against the datasheet, pair by pair.
#pragma once

#include <string>
#include <vector>

#include "hw/memory/dram/dram_spec.h"
#include "hw/memory/dram/dram_timing.h"

namespace fusesim::memory_test {

struct IssuedCommand {
  memory::DramCommand command;
  std::uint32_t bank;
  std::uint32_t row;
  memory::Cycle at;
  bool operator==(const IssuedCommand&) const = default;
};

/// Written apart from the timing law and in another way: no state that is carried forward, but every pair of commands
/// and the distance it needs, the activates four apart, the overlaps on the command and data buses, and the rows open.
/// Returns a line for each breach, at most a few; none for a legal log.
[[nodiscard]] std::vector<std::string> breaches(const memory::DramSpec& spec, const std::vector<IssuedCommand>& log);

}  // namespace fusesim::memory_test
