// SPDX-License-Identifier: Apache-2.0
// Runs random layers on two implementations of the array in lockstep.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "hw/array/array_model.h"
#include "hw/control/fold_operands.h"
#include "sim/verify/lockstep.h"

namespace fusesim::verify {

struct Options {
  isa::ArrayConfig array;
  /// Layers, run back to back without draining the array between them; more until `min_clocks` have been compared.
  std::uint64_t cases = 1000;
  std::uint64_t min_clocks = 0;
  std::uint64_t seed = 1;
  bool stalls = true;                  ///< Some layers run with clocks in which the global enable is low.
  std::uint32_t registers_every = 1;   ///< Clocks between comparisons of every register.
  std::uint64_t max_mismatches = 100;  ///< Clocks that differ after which the run ends.
  std::uint64_t max_clocks = ~std::uint64_t{0};
  std::string first_name = "stepped", second_name = "rtl";
  /// Called in each clock after it was taken by both.
  std::function<void(std::uint64_t clock, const array::EdgeInputs& in, const Lockstep& lockstep)> observe;
  /// Changes what the controller feeds, after the sums that must come out are known: for tests of this function.
  std::function<void(control::FoldOperands& fold)> tamper;
};

struct Report {
  std::uint64_t cases = 0;                           ///< Layers that have left the array.
  std::array<std::uint64_t, 6> cases_of_dataflow{};  ///< By isa::Dataflow.
  std::uint64_t folds = 0;
  std::uint64_t clocks = 0;            ///< Compared.
  std::uint64_t stalled_clocks = 0;    ///< Of these, with the enable low.
  std::uint64_t full_comparisons = 0;  ///< Of these, every register compared.
  std::uint64_t words = 0;             ///< Sums that left through the bottom.
  std::uint64_t mismatches = 0;        ///< Clocks in which the two differ.
  std::optional<Mismatch> first_mismatch;
  std::uint64_t wrong_sums = 0;  ///< Sums that both agree on and that are not the layer's: a fault of the controller.
  std::string first_wrong_sum;

  [[nodiscard]] bool passed() const { return mismatches == 0 && wrong_sums == 0; }
};

/// The models must be freshly reset and of configuration `options.array`.
[[nodiscard]] Report verify(const Options& options, array::ArrayModel& first, array::ArrayModel& second);

}  // namespace fusesim::verify
