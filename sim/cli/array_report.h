// SPDX-License-Identifier: Apache-2.0
// How runs of the array alone are printed.
#pragma once

#include <iosfwd>
#include <string>

#include "hw/isa/program.h"
#include "sim/report/table.h"
#include "sim/run/run.h"

namespace fusesim::cli {

/// One line a layer; JSON has the array and the totals as well. `values`: digests are there.
void print_run(std::ostream& out, report::Format format, const isa::Program& program, const run::Result& result,
               const std::string& fidelity, bool values, double mhz);

}  // namespace fusesim::cli
