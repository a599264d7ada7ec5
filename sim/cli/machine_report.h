// SPDX-License-Identifier: Apache-2.0
// How runs of whole machines, and the compiler's plans for them, are printed.
#pragma once

#include <iosfwd>
#include <string>

#include "hw/isa/machine/program.h"
#include "sim/config/machine_config.h"
#include "sim/report/table.h"
#include "sim/run/machine_account.h"
#include "workloads/tile/compile.h"

namespace fusesim::cli {

/// "DDR4-2400", "8 GB/s after 50 ns".
[[nodiscard]] std::string describe_memory(const accelerator::MemoryConfig& memory);

/// One line a layer; JSON has the machine and the totals as well. `core` is what the program ran on.
void print_run(std::ostream& out, report::Format format, const isa::machine::Program& program,
               const config::MachineConfig& machine, const run::MachineAccount& account, const std::string& fidelity);

/// Tells on standard error of results that the program, read from `file`, never writes.
void warn_of_unstored(const std::string& file, const isa::machine::Program& program);

/// How each layer is cut into tiles, and what the compiler expects of it.
void print_plan(std::ostream& out, report::Format format, const tile::Compiled& compiled,
                const config::MachineConfig& machine);

}  // namespace fusesim::cli
