// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "hw/isa/program.h"

namespace fusesim::lower {

/// How many lines of a channel to put in one array row for a FuSe dataflow: what the timing law predicts to be fastest
/// of 1 .. densest_packing().lines, the fewest of equals. 1 for other dataflows.
[[nodiscard]] std::uint32_t best_lines_per_row(isa::Dataflow dataflow, const isa::ConvGeometry& geometry,
                                               const isa::ArrayConfig& array);

}  // namespace fusesim::lower
