// SPDX-License-Identifier: Apache-2.0
// Sizes of the scratchpads as a command line writes them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "hw/isa/machine/config.h"
#include "sim/config/machine_config.h"

namespace fusesim::config {

/// Bytes of activations, weights and outputs.
using ScratchpadSizes = std::array<std::uint64_t, isa::machine::pad_count>;

/// "1MiB": so much in all, a quarter of it for activations, a quarter for weights and half for outputs, whose sums are
/// four bytes each; or the three by themselves, "256KiB/256KiB/512KiB". Throws std::invalid_argument, which opens with
/// `option`.
[[nodiscard]] ScratchpadSizes parse_scratchpads(std::string_view option, std::string_view text);

/// "256KiB/256KiB/512KiB".
[[nodiscard]] std::string text(const ScratchpadSizes& sizes);

[[nodiscard]] ScratchpadSizes scratchpads(const isa::machine::CoreConfig& core);
void set_scratchpads(MachineConfig& config, const ScratchpadSizes& sizes);

}  // namespace fusesim::config
