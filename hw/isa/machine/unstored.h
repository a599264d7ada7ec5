// SPDX-License-Identifier: Apache-2.0
// Results that a program never writes: legal, but as a rule the mark of a text that was cut short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hw/isa/machine/program.h"

namespace fusesim::isa::machine {

struct Unstored {
  std::size_t section;
  std::uint64_t bytes;
  bool operator==(const Unstored&) const = default;
};

/// The output sections of a valid program of which no store writes some bytes, and how many. Of stores with millions of
/// runs, which no compiler makes, what lies between the runs counts as stored too.
[[nodiscard]] std::vector<Unstored> unstored_outputs(const Program& program);

}  // namespace fusesim::isa::machine
