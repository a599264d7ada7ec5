// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/program.h"

#include <algorithm>

namespace fusesim::isa::machine {

bool Program::has_values() const {
  return std::all_of(sections.begin(), sections.end(), [](const Section& section) {
    const bool needs = section.role == Role::input || section.role == Role::constant;
    return !needs || section.values.size() == section.bytes;
  });
}

std::uint64_t Program::dram_bytes() const {
  std::uint64_t end = 0;
  for (const Section& section : sections) end = std::max(end, section.address + section.bytes);
  return end;
}

}  // namespace fusesim::isa::machine
