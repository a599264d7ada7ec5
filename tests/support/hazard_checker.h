// SPDX-License-Identifier: Apache-2.0
// Whether a machine program is right whatever the speed of its units: for every byte of scratchpads and DRAM, each
// access must be known to be complete before one that conflicts with it starts.
#pragma once

#include <optional>
#include <string>

#include "hw/isa/machine/program.h"

namespace fusesim::test {

/// What is wrong first, or nothing. What is known to be complete follows from two facts alone: instructions of a queue
/// start in order and complete in order, and one that waits for a count starts after that many have completed.
///
/// Checked: waits name earlier instructions only; writes come after the reads and writes before them, reads after the
/// writes; every byte read from a scratchpad was written and not released, every byte read from DRAM is an input, a
/// constant or was stored; bytes are released after all their readers; no DRAM byte is stored twice; at the end nothing
/// in the scratchpads is left unreleased.
[[nodiscard]] std::optional<std::string> find_hazard(const isa::machine::Program& program);

}  // namespace fusesim::test
