// SPDX-License-Identifier: Apache-2.0
// Where a compute instruction's operands and sums lie in the scratchpads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/control/machine/context.h"

namespace fusesim::control::machine {

/// The compute instruction of this number; it must be one.
[[nodiscard]] const isa::machine::Compute& compute_of(const Context& context, std::uint32_t instruction);

/// Throws as Context::check_written() does unless all that the instruction reads was written: every weight, and of each
/// channel of the map the lines and columns from the first one up to the last that a window reaches.
void check_operands(const Context& context, std::uint32_t instruction);

/// Operands as kernels and folds want them. Copies live in memory that is reused from one instruction to the next.
class DenseOperands {
 public:
  /// The map, C,H,W: the scratchpad's own bytes where it lies dense there, a copy elsewhere. Valid until the next call,
  /// or while the scratchpad keeps it.
  [[nodiscard]] std::span<const std::int8_t> input(const isa::machine::Compute& compute, memory::Scratchpads& pads);
  /// The weights, O,I,H,W; valid until the next call.
  [[nodiscard]] std::span<const std::int8_t> weights(const isa::machine::Compute& compute, memory::Scratchpads& pads);

 private:
  std::vector<std::int8_t> input_, weights_;
};

/// The int32 sums, O,H,W, where the instruction leaves them in the outputs scratchpad.
[[nodiscard]] std::span<std::int32_t> sums_of(const isa::machine::Compute& compute, memory::Scratchpads& pads);
/// Their bytes.
[[nodiscard]] std::uint64_t sum_bytes(const isa::machine::Compute& compute);

}  // namespace fusesim::control::machine
