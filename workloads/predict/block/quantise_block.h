// SPDX-License-Identifier: Apache-2.0
// From a predicted block in real numbers to its integer constants (docs/fused.md, "The block in integers").
#pragma once

#include <cstdint>

#include "workloads/predict/block/float_block.h"
#include "workloads/reference/predicted_block.h"

namespace fusesim::predict {

/// Widths of the integers, in bits, sign included. Factors are symmetric: 6 bits are -31 .. 31. A block that needs room
/// for its sums gets narrower factors.
struct BlockWidths {
  std::uint32_t expand = 6, depthwise = 6, project = 6;  ///< 2 .. 8 each.
  std::uint32_t adder = 20;                              ///< Of the machine's composed weights; 8 .. 32.
  bool operator==(const BlockWidths&) const = default;
};

/// `projected` is the format of the projection's result, `out` that of the block's; equal without a residual.
///
/// Each factor's step is the largest magnitude of its (middle or, in the projection, output) channel over the largest
/// factor. A channel whose bias is large beside its weights gets a coarser one, so that its bias does not coarsen those
/// of all the others. Bias shifts are the smallest for which every product fits a term and the magnitudes of every list
/// of bias terms fit the adders. A bias that takes part in no product is 0.
///
/// No sum may leave 32 bits, no list the adders, whatever the masks and the input. An output channel that could gets a
/// coarser step of the projection, up to 2.5 times; if that is not enough, the block's expansion and depthwise factors
/// become narrower in turn, down to 4 bits.
///
/// Throws PredictError when the block does not fit (check() of float_block.h), a width is out of range, a product of
/// weights fits no term, or all this makes not enough room; the message names the channel, by how much it exceeds the
/// limit, and the cure.
[[nodiscard]] reference::BlockConstants quantise_block(const graph::PredictedBlock& block, const FloatBlock& parameters,
                                                       const reference::TensorFormat& in,
                                                       const reference::TensorFormat& projected,
                                                       const reference::TensorFormat& out,
                                                       const BlockWidths& widths = {});

}  // namespace fusesim::predict
