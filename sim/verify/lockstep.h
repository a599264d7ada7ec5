// SPDX-License-Identifier: Apache-2.0
// Two implementations of the array, given the same inputs and compared clock by clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw/array/array_model.h"

namespace fusesim::verify {

struct Mismatch {
  std::uint64_t clock = 0;  ///< 0, 1, ... clocks of the run, stalled ones included.
  std::string what;         ///< "PE (1, 2) acc0: stepped 5, rtl 7".
};

/// Compares in every clock all output ports and all accumulators, and in every `registers_every`-th clock, and in
/// every clock that differs, every register of every PE.
class Lockstep {
 public:
  /// The models must have been reset, be of one configuration and outlive this. `names` are for messages.
  Lockstep(array::ArrayModel& first, array::ArrayModel& second, std::string first_name, std::string second_name,
           std::uint32_t registers_every);

  /// Clocks both. False when they differ, or when one throws: then it must not be clocked again.
  bool clock(const array::EdgeInputs& in);

  /// Ports in the last clock.
  [[nodiscard]] const array::EdgeOutputs& first_outputs() const { return first_out_; }
  [[nodiscard]] const array::EdgeOutputs& second_outputs() const { return second_out_; }
  [[nodiscard]] bool stopped() const { return stopped_; }  ///< A model threw.
  [[nodiscard]] std::uint64_t clocks() const { return clocks_; }
  /// PE registers compared one by one.
  [[nodiscard]] std::uint64_t full_comparisons() const { return full_comparisons_; }
  [[nodiscard]] std::uint64_t words() const { return words_; }            ///< Words seen at the bottom.
  [[nodiscard]] std::uint64_t mismatches() const { return mismatches_; }  ///< Clocks that differ.
  [[nodiscard]] const std::optional<Mismatch>& first_mismatch() const { return first_mismatch_; }

 private:
  [[nodiscard]] std::optional<std::string> difference_of_outputs() const;
  [[nodiscard]] std::optional<std::string> difference_of_registers() const;
  [[nodiscard]] bool accumulators_differ();
  bool fail(std::string what);

  array::ArrayModel& first_;
  array::ArrayModel& second_;
  std::string first_name_, second_name_;
  std::uint32_t registers_every_;
  array::EdgeOutputs first_out_, second_out_;
  std::vector<std::int32_t> first_acc_, second_acc_;
  std::uint64_t clocks_ = 0, full_comparisons_ = 0, words_ = 0, mismatches_ = 0;
  std::optional<Mismatch> first_mismatch_;
  bool stopped_ = false;
};

}  // namespace fusesim::verify
