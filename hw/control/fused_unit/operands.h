// SPDX-License-Identifier: Apache-2.0
// Where an instruction of the fused block finds its operands in the scratchpads, and whether they are there.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/control/machine/context.h"

namespace fusesim::control::machine {

/// Calls touch(channel, row, address) for each line of a map.
template <typename Touch>
void for_lines(const isa::machine::FusedMap& map, std::uint32_t channels, std::uint32_t rows, Touch touch) {
  for (std::uint32_t c = 0; c < channels; ++c) {
    for (std::uint32_t y = 0; y < rows; ++y) touch(c, y, map.address + c * map.channel_pitch + y * map.line_pitch);
  }
}

/// Throws std::runtime_error naming the instruction unless all that it reads was written; with values also when the
/// scratchpad holds other lists than DRAM, or a channel's parameters have a shift outside 1 .. 62.
void check_fused_operands(const Context& context, std::uint32_t instruction);

/// The bytes of an instruction's lists, as its program lays them out in DRAM.
[[nodiscard]] std::span<const std::int8_t> lists_of(const Context& context, const isa::machine::FusedPredict& work);
[[nodiscard]] std::span<const std::int8_t> lists_of(const Context& context, const isa::machine::FusedAccumulate& work);

/// The parameters of its output channels; with values only.
[[nodiscard]] std::vector<isa::machine::ChannelParameters> parameters_of(const Context& context,
                                                                         const isa::machine::FusedAccumulate& work);

/// The int8 results as written, in the outputs scratchpad.
void mark_results(const Context& context, const isa::machine::FusedAccumulate& work, std::uint64_t cycle);

}  // namespace fusesim::control::machine
