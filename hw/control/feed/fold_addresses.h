// SPDX-License-Identifier: Apache-2.0
// Which byte of which scratchpad each of the array's feeders needs in each cycle of a fold: the literal side of the law
// in docs/machine.md, Scratchpads. hw/control/feed/feed_cost.h has the same law in closed form, derived separately.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/control/fold_plan.h"
#include "hw/isa/machine/program.h"

namespace fusesim::control {

/// "This feeder needs no byte in this cycle": padding, no line under a packed row, or no tap on the wire.
inline constexpr std::int64_t no_address = -1;

/// The feeders of one edge, all of which read the same scratchpad.
struct EdgeAddresses {
  isa::machine::Pad pad = isa::machine::Pad::activations;
  std::uint32_t feeders = 0;
  std::vector<std::int64_t> bytes;  ///< [feed][feeders]: byte address in the scratchpad, or no_address.

  /// What the feeders need in array-local cycle `t` of the fold, before any skew.
  [[nodiscard]] std::span<const std::int64_t> cycle(std::uint32_t t) const {
    return {bytes.data() + std::size_t{t} * feeders, feeders};
  }
};

struct FoldAddresses {
  EdgeAddresses left;   ///< A feeder a row of the fold: what FoldOperands::left holds.
  EdgeAddresses other;  ///< gemm kinds: a feeder a column (FoldOperands::top). FuSe: a tap wire a row (::taps).
};

/// `left` reads activations and `other` weights; at depthwise_row they change sides. The two never read the same
/// scratchpad. `plan` must be the plan of array_instruction(compute), `fold` one of its folds.
[[nodiscard]] FoldAddresses fold_addresses(const isa::machine::Compute& compute, const FoldPlan& plan,
                                           const Fold& fold);

}  // namespace fusesim::control
