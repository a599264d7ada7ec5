// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fused_unit/compute_unit.h"

namespace fusesim::control::machine {

ComputeUnit::ComputeUnit(const Context& context)
    : outer_(context),
      own_{.program = context.program,
           .core = context.core,
           .pads = context.pads,
           .clock = context.clock,
           .values = context.values,
           .listener = *this,
           .records = context.records,
           .observer = context.observer,
           .occupancy = context.occupancy} {}

void ComputeUnit::bind(ArrayUnitIf& array, FusedUnitIf* fused) {
  array_ = &array;
  fused_ = fused;
}

bool ComputeUnit::is_fused(std::uint32_t instruction) const {
  return outer_.program.instructions[instruction].is_fused();
}

bool ComputeUnit::may_pass(std::uint32_t instruction) const {
  return is_fused(instruction) ? under_way_ == 0 : !fused_start_;
}

void ComputeUnit::issue(std::uint32_t instruction) {
  if (may_pass(instruction)) {
    pass(instruction);
  } else {
    at_door_ = instruction;
  }
}

void ComputeUnit::pass(std::uint32_t instruction) {
  ++under_way_;
  if (is_fused(instruction)) {
    fused_->start(instruction);
  } else {
    array_->issue(instruction);
  }
}

void ComputeUnit::started(std::uint32_t instruction, std::uint64_t cycle) {
  if (is_fused(instruction)) fused_start_ = cycle;
  outer_.listener.started(instruction, cycle);
}

void ComputeUnit::completed(std::uint32_t instruction, std::uint64_t cycle) {
  --under_way_;
  if (is_fused(instruction)) {
    fused_busy_.add(*fused_start_, cycle);
    fused_start_.reset();
  }
  outer_.listener.completed(instruction, cycle);
  if (!at_door_ || !may_pass(*at_door_)) return;
  const std::uint32_t next = *at_door_;
  at_door_.reset();
  pass(next);
}

std::uint64_t ComputeUnit::empty_cycles_before(std::uint64_t cycle) {
  std::uint64_t fused = cycle - fused_busy_.empty_before(cycle);
  if (fused_start_ && *fused_start_ < cycle) fused += cycle - *fused_start_;
  return array_->empty_cycles_before(cycle) - fused;
}

const std::vector<CauseCycles>& ComputeUnit::booked() {
  booked_ = array_->booked();
  for (std::uint32_t i = 0; i < booked_.size(); ++i) {
    if (!is_fused(i)) continue;
    const fused::Causes& causes = fused_->causes(i);
    const auto book = [&](Cause cause, std::uint64_t cycles) { booked_[i][static_cast<std::size_t>(cause)] = cycles; };
    book(Cause::compute, causes.compute);
    book(Cause::predict, causes.predict);
    book(Cause::stall, causes.stall);
    book(Cause::fill, causes.fill);
    book(Cause::drain, causes.drain);
  }
  return booked_;
}

}  // namespace fusesim::control::machine
