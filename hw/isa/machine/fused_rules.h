// SPDX-License-Identifier: Apache-2.0
// The rules for instructions of the fused block.
#pragma once

#include <cstdint>

#include "hw/isa/machine/program.h"
#include "hw/isa/rules.h"

namespace fusesim::isa::machine {

/// What depends on no machine: fields and how they fit one another. Throws InvalidProgram.
void check_fields(const Where& where, const FusedTile& work);
void check_fields(const Where& where, const FusedPredict& work);
void check_fields(const Where& where, const FusedAccumulate& work);

/// The fused unit and the scratchpads of the machine hold what the instruction, whose fields are right, needs. Throws
/// InvalidProgram.
void check_fits(const Where& where, const FusedTile& work, const CoreConfig& core);
void check_fits(const Where& where, const FusedPredict& work, const CoreConfig& core);
void check_fits(const Where& where, const FusedAccumulate& work, const CoreConfig& core);

/// Multiplications, additions and bytes moved, at most, on a machine that holds what the instruction needs.
[[nodiscard]] std::uint64_t most_steps(const FusedTile& work);
[[nodiscard]] std::uint64_t most_steps(const FusedPredict& work, const FusedConfig& config);
[[nodiscard]] std::uint64_t most_steps(const FusedAccumulate& work, const FusedConfig& config);

}  // namespace fusesim::isa::machine
