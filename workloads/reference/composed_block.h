// SPDX-License-Identifier: Apache-2.0
// The fused form of a predicted block: one convolution whose weights are sums that the masks select (docs/fused.md,
// "The block in integers"). Equal to execute_block() for any masks and input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/reference/predicted_block.h"

namespace fusesim::reference {

/// One product of constants, never 0.
struct Term {
  std::uint32_t middle = 0;  ///< Middle channel within the group.
  std::int32_t weight = 0;   ///< P D E, P D b1 or P b2.
  bool operator==(const Term&) const = default;
};

/// The lists of one output channel, in the order of docs/fused.md, "Instructions": for each tap those of the group's
/// input channels, then the tap's list of expansion biases; at last the list of depthwise biases. Terms of a list are
/// in ascending order of middle channels; a list may be empty.
struct ComposedChannel {
  std::vector<Term> terms;          ///< Of all lists.
  std::vector<std::uint32_t> ends;  ///< Of each list, one past its last term.
  [[nodiscard]] std::span<const Term> list(std::size_t index) const {
    const std::uint32_t begin = index == 0 ? 0 : ends[index - 1];
    return std::span(terms).subspan(begin, ends[index] - begin);
  }
};

/// Of output channel `out_channel`, 0 .. O - 1, before the shuffle.
[[nodiscard]] ComposedChannel compose(const graph::PredictedBlock& block, const BlockConstants& constants,
                                      std::uint32_t out_channel);

/// The list with the largest sum of magnitudes: what an adder must hold.
struct LargestList {
  std::int64_t magnitude = 0;
  std::size_t list = 0;
};
/// One an output channel.
[[nodiscard]] std::vector<LargestList> largest_lists(const graph::PredictedBlock& block,
                                                     const BlockConstants& constants);

/// BlockTrace::sums of the fused form, evaluated list by list under the masks of `trace`; nothing else of `trace` is
/// read. `shape` and `in` are those of `input`.
[[nodiscard]] std::vector<std::int64_t> fused_sums(const graph::PredictedBlock& block, const BlockConstants& constants,
                                                   graph::Shape shape, const TensorFormat& in, const BlockTrace& trace,
                                                   std::span<const std::int8_t> input);

}  // namespace fusesim::reference
