// SPDX-License-Identifier: Apache-2.0
// Two fused cores side by side: the same inputs every clock, everything they show compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hw/fused/fused_core.h"

namespace fusesim::test {

class FusedLockstep {
 public:
  struct Mismatch {
    std::uint64_t clock = 0;  ///< Edges before it.
    std::string what;         ///< "PE 3 acc: stepped 5, rtl 6".
  };

  /// Names are for messages.
  FusedLockstep(fused::FusedCore& first, fused::FusedCore& second, std::string first_name = "stepped",
                std::string second_name = "rtl");

  /// One clock edge of both, then outputs and PE registers, and the masks and levels that watch() names. False after
  /// a mismatch: the first one is kept, later edges are not compared.
  bool clock(const fused::CoreInputs& in);
  /// From now on clock() compares the masks of this middle channel and the levels of this place, `positions` each.
  void watch(std::uint32_t channel, std::uint32_t place, std::uint32_t positions);
  /// Masks of middle channels [0, channels), mask 1 at [0, positions), and as many levels of `places` places.
  void compare_storage(std::uint32_t channels, std::uint32_t positions, std::uint32_t places);

  [[nodiscard]] const fused::FusedCore& core() const { return first_; }
  [[nodiscard]] bool ok() const { return !mismatch_; }
  [[nodiscard]] const std::optional<Mismatch>& mismatch() const { return mismatch_; }
  [[nodiscard]] std::uint64_t clocks() const { return clocks_; }

 private:
  template <class Value>
  bool equal(const std::string& what, const Value& first, const Value& second);
  void compare_outputs();
  void compare_pes();
  void compare_masks(std::uint32_t channel, std::uint32_t positions);
  void compare_levels(std::uint32_t place, std::uint32_t positions);

  fused::FusedCore &first_, &second_;
  std::string first_name_, second_name_;
  std::optional<Mismatch> mismatch_;
  std::uint64_t clocks_ = 0;
  std::uint32_t channel_ = 0, place_ = 0, positions_ = 0;
};

}  // namespace fusesim::test
