// SPDX-License-Identifier: Apache-2.0
// The lists that an instruction of the fused block names, as it reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hw/isa/machine/fused_lists.h"
#include "hw/isa/machine/program.h"

namespace fusesim::isa::machine {

/// The sizes that an instruction's lists have.
[[nodiscard]] FusedListShape list_shape(const FusedAccumulate& accumulate);
[[nodiscard]] FusedListShape list_shape(const FusedPredict& predict);

/// `bytes`: the instruction's lists_bytes; factors are composed. Throws InvalidLists when they break a rule, or a list
/// does not fit `adder_bits`.
[[nodiscard]] FusedTerms read_lists(const FusedAccumulate& accumulate, std::span<const std::uint8_t> bytes,
                                    std::uint32_t adder_bits);
/// Throws InvalidLists likewise.
[[nodiscard]] FusedPredictor read_lists(const FusedPredict& predict, std::span<const std::uint8_t> bytes);

/// The section that holds a byte of DRAM. Throws std::logic_error when there is none, as validate() would have found.
[[nodiscard]] std::size_t section_at(const Program& program, std::uint64_t dram);

/// Reads all lists of a valid program. Throws InvalidProgram naming the instruction, the section and what is wrong.
/// validate() does not: it takes time and memory that a program's sizes ask for.
void check_lists(const Program& program);

}  // namespace fusesim::isa::machine
