// SPDX-License-Identifier: Apache-2.0
// Sizes of a predicted block's composed lists and what its masks let pass: what list bandwidth and lanes have to serve.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/reference/predicted_block.h"

namespace fusesim::predict {

/// Of all output channels of a block, for one tile of the machine.
struct ListStatistics {
  std::uint64_t weight_lists = 0;       ///< Composed weights: O K^2 C/g.
  std::uint64_t weight_candidates = 0;  ///< Terms they would have if no factor were zero: times M/g.
  std::uint64_t weight_terms = 0;       ///< That they have.
  std::uint64_t bias_lists = 0;         ///< O (K^2 + 1).
  std::uint64_t expand_bias_terms = 0, depthwise_bias_terms = 0;
  std::uint64_t empty_lists = 0;                   ///< Of all; each is a null term.
  std::uint64_t longest_list = 0;                  ///< Terms.
  std::uint64_t weight_words = 0, bias_words = 0;  ///< Of `lanes` terms of one list each.
  std::uint64_t factor_products = 0;  ///< Pairs of P and D, both not zero: the composer's first multiplication.
  std::uint64_t nonzero_factors = 0, factors = 0;  ///< Of E, D and P.

  [[nodiscard]] std::uint64_t terms() const { return weight_terms + expand_bias_terms + depthwise_bias_terms; }
  [[nodiscard]] std::uint64_t stored_terms() const { return terms() + empty_lists; }
  [[nodiscard]] double density() const { return share(weight_terms, weight_candidates); }
  /// Mean terms of a composed weight.
  [[nodiscard]] double terms_per_weight() const { return share(weight_terms, weight_lists); }
  /// Four bytes a term, as the machine stores them.
  [[nodiscard]] std::uint64_t bytes() const { return 4 * stored_terms(); }
  /// As if terms were packed to `bits` each: 27 are a weight of 16, an index of 10 and an end mark.
  [[nodiscard]] std::uint64_t packed_bytes(std::uint32_t bits = 27) const { return (stored_terms() * bits + 7) / 8; }
  /// Multiplications when terms are formed at the edge of the array: pairs of P and D, then one a term.
  [[nodiscard]] std::uint64_t edge_products() const { return factor_products + terms(); }
  /// Bits of factors: one a factor, and `bits` each that is not zero.
  [[nodiscard]] std::uint64_t factor_bytes(std::uint32_t bits = 6) const {
    return (factors + bits * nonzero_factors + 7) / 8;
  }
  ListStatistics& operator+=(const ListStatistics& other);

 private:
  [[nodiscard]] static double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

/// `lanes` terms are broadcast in a cycle.
[[nodiscard]] ListStatistics list_statistics(const graph::PredictedBlock& block,
                                             const reference::BlockConstants& constants, std::uint32_t lanes = 24);

/// Times a machine of tile_rows x tile_columns PEs reads the lists of a block whose result is `out`.
[[nodiscard]] std::uint64_t tiles(graph::Shape out, std::uint32_t tile_rows = 8, std::uint32_t tile_columns = 8);

/// Counts of what passes: shares by division.
struct Survival {
  std::uint64_t passed1 = 0, positions1 = 0;  ///< Mask 1.
  std::uint64_t passed2 = 0, positions2 = 0;  ///< Mask 2.
  /// Both masks, over the taps inside the map: what a product of weights needs to be added.
  std::uint64_t passed_both = 0, taps = 0;
};
/// `in` and `out` are the shapes of the block's input and result.
[[nodiscard]] Survival survival(const graph::PredictedBlock& block, const reference::BlockTrace& trace, graph::Shape in,
                                graph::Shape out);

}  // namespace fusesim::predict
