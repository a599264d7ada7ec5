// SPDX-License-Identifier: Apache-2.0
#include "tests/lockstep/fused_lockstep.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace fusesim::test {

using fused::FusedPeState;

FusedLockstep::FusedLockstep(fused::FusedCore& first, fused::FusedCore& second, std::string first_name,
                             std::string second_name)
    : first_(first), second_(second), first_name_(std::move(first_name)), second_name_(std::move(second_name)) {
  if (first.config() != second.config()) throw std::invalid_argument("lockstep of different fused blocks");
  compare_outputs();
}

template <class Value>
bool FusedLockstep::equal(const std::string& what, const Value& first, const Value& second) {
  if (first == second) return true;
  if (!mismatch_) {
    mismatch_ = {clocks_, fmt::format("{}: {} {}, {} {}", what, first_name_, first, second_name_, second)};
  }
  return false;
}

bool FusedLockstep::clock(const fused::CoreInputs& in) {
  first_.clock(in);
  second_.clock(in);
  ++clocks_;
  if (!ok()) return false;
  compare_outputs();
  compare_pes();
  if (positions_ != 0) {
    compare_masks(channel_, positions_);
    compare_levels(place_, positions_);
  }
  return ok();
}

void FusedLockstep::watch(std::uint32_t channel, std::uint32_t place, std::uint32_t positions) {
  channel_ = channel;
  place_ = place;
  positions_ = positions;
}

void FusedLockstep::compare_storage(std::uint32_t channels, std::uint32_t positions, std::uint32_t places) {
  for (std::uint32_t channel = 0; channel < channels; ++channel) compare_masks(channel, positions);
  for (std::uint32_t place = 0; place < places; ++place) compare_levels(place, positions);
}

void FusedLockstep::compare_outputs() {
  equal("ready", first_.ready(), second_.ready());
  equal("held", first_.held(), second_.held());
  equal("takes", first_.takes(), second_.takes());
  equal("idle", first_.idle(), second_.idle());
  const auto group = [](const auto& value) { return value ? static_cast<int>(*value) : -1; };
  equal("output group", group(first_.output_group()), group(second_.output_group()));
  const auto one = first_.emitted(), two = second_.emitted();
  if (!equal("emitting", one.has_value(), two.has_value()) || !one) return;
  if (!equal("emitted group", one->group, two->group)) return;
  if (!equal("emitted values", one->values.size(), two->values.size())) return;
  for (std::size_t i = 0; i < one->values.size(); ++i) {
    equal(fmt::format("value {} of group {}", i, one->group), int{one->values[i]}, int{two->values[i]});
  }
}

void FusedLockstep::compare_pes() {
  const std::uint32_t pes = first_.config().tile_rows * first_.config().tile_columns;
  for (std::uint32_t p = 0; p < pes; ++p) {
    const FusedPeState one = first_.pe(p), two = second_.pe(p);
    if (one == two) continue;
    const auto field = [&](const char* name, auto FusedPeState::*member) {
      equal(fmt::format("PE {} {}", p, name), static_cast<std::int64_t>(one.*member),
            static_cast<std::int64_t>(two.*member));
    };
    field("ternary_sum", &FusedPeState::ternary_sum);
    field("sum", &FusedPeState::sum);
    field("multiply", &FusedPeState::multiply);
    field("factor", &FusedPeState::factor);
    field("operand", &FusedPeState::operand);
    field("multiply_end", &FusedPeState::multiply_end);
    field("acc", &FusedPeState::acc);
    field("result_valid", &FusedPeState::result_valid);
    field("result", &FusedPeState::result);
    field("queued", &FusedPeState::queued);
    field("started", &FusedPeState::started);
  }
}

void FusedLockstep::compare_masks(std::uint32_t channel, std::uint32_t positions) {
  for (std::uint32_t r = 0; r < positions; ++r) {
    const bool one = first_.mask1(channel, r), two = second_.mask1(channel, r);
    if (one != two) equal(fmt::format("mask 1 of channel {} at position {}", channel, r), one, two);
  }
  const std::uint32_t pes = first_.config().tile_rows * first_.config().tile_columns;
  for (std::uint32_t p = 0; p < pes; ++p) {
    const bool one = first_.mask2(channel, p), two = second_.mask2(channel, p);
    if (one != two) equal(fmt::format("mask 2 of channel {} at PE {}", channel, p), one, two);
  }
}

void FusedLockstep::compare_levels(std::uint32_t place, std::uint32_t positions) {
  for (std::uint32_t r = 0; r < positions; ++r) {
    const int one = first_.level(place, r), two = second_.level(place, r);
    if (one != two) equal(fmt::format("level of place {} at position {}", place, r), one, two);
  }
}

}  // namespace fusesim::test
