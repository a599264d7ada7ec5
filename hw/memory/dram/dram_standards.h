// SPDX-License-Identifier: Apache-2.0
// DRAM channels by name.
#pragma once

#include <span>
#include <string_view>

#include "hw/memory/dram/dram_spec.h"

namespace fusesim::memory {

/// DDR4-2400, LPDDR4-3200 and HBM2-2000, each as published (the source is in the specification and in docs/memory.md).
[[nodiscard]] std::span<const DramSpec> dram_standards();

/// The standard of that name. Throws std::invalid_argument naming the nearest one when there is none.
[[nodiscard]] const DramSpec& dram_standard(std::string_view name);

}  // namespace fusesim::memory
