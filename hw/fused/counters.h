// SPDX-License-Identifier: Apache-2.0
// What an instruction of the fused unit is known by afterwards: docs/fused.md, "Where cycles go".
#pragma once

#include <cstdint>

namespace fusesim::fused {

/// Cycles of an instruction by cause.
struct Causes {
  std::uint64_t compute = 0, predict = 0, stall = 0, fill = 0, drain = 0;
  [[nodiscard]] std::uint64_t total() const { return compute + predict + stall + fill + drain; }
  Causes& operator+=(const Causes& other) {
    compute += other.compute;
    predict += other.predict;
    stall += other.stall;
    fill += other.fill;
    drain += other.drain;
    return *this;
  }
  bool operator==(const Causes&) const = default;
};

struct Counters {
  std::uint64_t words = 0, terms = 0;
  std::uint64_t list_stalls = 0, queue_stalls = 0, output_stalls = 0;
  std::uint64_t survivors = 0, products = 0, live_products = 0;
  std::uint64_t predictor_additions = 0, composer_products = 0;
  Counters& operator+=(const Counters& other) {
    words += other.words;
    terms += other.terms;
    list_stalls += other.list_stalls;
    queue_stalls += other.queue_stalls;
    output_stalls += other.output_stalls;
    survivors += other.survivors;
    products += other.products;
    live_products += other.live_products;
    predictor_additions += other.predictor_additions;
    composer_products += other.composer_products;
    return *this;
  }
  bool operator==(const Counters&) const = default;
};

struct Outcome {
  std::uint64_t cycles = 0;  ///< From start to end; causes.total().
  Causes causes;
  Counters counters;
  bool operator==(const Outcome&) const = default;
};

}  // namespace fusesim::fused
