// SPDX-License-Identifier: Apache-2.0
#include "hw/control/array_unit/event_array_unit.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "hw/array/delay.h"
#include "hw/control/feed/array_instruction.h"

namespace fusesim::control::machine {

using isa::machine::Compute;
using isa::machine::Pad;

namespace {

/// Cycles for which a fold that starts in local cycle `start` holds the array before local cycle `end`.
std::uint64_t held_before(const FoldFeed& feed, const array::FoldShape& shape, std::uint64_t start, std::uint64_t end) {
  if (end <= start) return 0;
  return feed.extra_before(static_cast<std::uint32_t>(std::min<std::uint64_t>(end - start, shape.feed)));
}

}  // namespace

EventArrayUnit::Operator::Operator(const Compute& compute, const isa::machine::CoreConfig& core)
    : plan(array_instruction(compute), core.array), loops(plan.loops()), feed(compute, core) {}

std::size_t EventArrayUnit::Hash::operator()(const Compute& compute) const {
  static_assert(sizeof(isa::ConvGeometry) % sizeof(std::uint32_t) == 0 &&
                std::has_unique_object_representations_v<isa::ConvGeometry>);
  std::uint64_t hash = static_cast<std::uint64_t>(compute.dataflow);
  auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x9E3779B97F4A7C15u ^ hash >> 29; };
  std::uint32_t fields[sizeof(isa::ConvGeometry) / sizeof(std::uint32_t)];
  std::memcpy(fields, &compute.geometry, sizeof fields);
  for (const std::uint32_t field : fields) add(field);
  for (const std::uint32_t field : {compute.lines_per_row, compute.input.address, compute.input.channel_pitch,
                                    compute.input.line_pitch, compute.weights, compute.weights_pitch})
    add(field);
  return hash;
}

EventArrayUnit::EventArrayUnit(const sc_core::sc_module_name& module_name, const Context& context)
    : sc_module(module_name),
      context_(context),
      scheduler_(context.core.array),
      booked_(context.program.instructions.size()),
      wake_(Alarm::of<&EventArrayUnit::process>(context.clock, "wake", this)),
      failure_(context.clock.loop() == nullptr) {}

const EventArrayUnit::Operator& EventArrayUnit::operator_of(const Compute& compute) {
  // Moving a map or weights by words renames their banks and changes no cost; padding and sums cost nothing.
  Compute key = compute;
  key.input.address %= context_.core.activations.width;
  key.weights %= context_.core.weights.width;
  key.pad_value = 0;
  key.output = 0;
  std::unique_ptr<const Operator>& op = operators_[key];
  if (!op) op = std::make_unique<const Operator>(key, context_.core);
  return *op;
}

bool EventArrayUnit::ready() const {
  return !any_issued_ || context_.clock.now() > newest_start_;
}

void EventArrayUnit::issue(std::uint32_t instruction) {
  check_operands(context_, instruction);
  const Compute& compute = compute_of(context_, instruction);
  const Operator& op = operator_of(compute);
  // The first local cycle that begins now or later. While an earlier fold is fed this is too early, but then the left
  // edge decides.
  const std::uint64_t now = context_.clock.now();
  const std::uint64_t earliest = now > held_ ? now - held_ : 0;
  const std::uint64_t start = scheduler_.next_start(op.loops.front().runs.front().shape, earliest);
  book(scheduler_.breakdown_before(start));
  any_issued_ = at_door_ = true;
  newest_ = instruction;
  newest_start_ = start + held_;
  delay_pending(op, start);
  schedule(op, start);
  held_ += op.feed.extra();

  // A small operator may leave the array before the last columns of a large one; tokens are given in order.
  const Pending& pending = pending_.emplace_back(Pending{instruction, scheduler_.end(), scheduler_.end() + held_});
  static_cast<void>(context_.clock.until(pending.end));  // simulated time must reach it
  busy_.add(newest_start_, pending.end);
  InstructionRecord& record = context_.records[instruction];
  record.start = newest_start_;
  record.end = pending.end;
  record.folds = op.plan.folds();
  record.macs = compute.geometry.macs();
  record.conflict_cycles = op.feed.extra();
  auto read = [&](Pad pad) -> std::uint64_t& { return record.read_bytes[static_cast<std::size_t>(pad)]; };
  read(Pad::activations) = op.feed.activation_words() * context_.core.activations.width;
  read(Pad::weights) = op.feed.weight_words() * context_.core.weights.width;
  record.written_bytes[static_cast<std::size_t>(Pad::outputs)] = sum_bytes(compute);
  wake();
}

/// Earlier instructions that drain while this one is fed are held with it.
void EventArrayUnit::delay_pending(const Operator& op, std::uint64_t start) {
  if (op.feed.conflict_free() || pending_.empty()) return;
  array::FoldScheduler law = scheduler_;
  for (std::uint64_t index = 0; index < op.plan.folds() && start < pending_.back().local_end; ++index) {
    const array::FoldShape shape = op.plan.fold(index).shape;
    start = law.add(shape, start).start;
    for (Pending& drains : pending_) drains.end += held_before(op.feed.fold(index), shape, start, drains.local_end);
  }
}

void EventArrayUnit::schedule(const Operator& op, std::uint64_t start) {
  if (!context_.observer.fold) {
    for (const array::FoldLoop& loop : op.loops) {
      scheduler_.add(loop, start);
      start = 0;  // holds back the first fold only
    }
    return;
  }
  const isa::ArrayConfig& config = context_.core.array;
  const std::uint64_t longest_drain = std::uint64_t{array::hop_delay(config, config.cols - 1)} + config.rows;
  std::uint64_t held = held_;
  for (std::uint64_t index = 0; index < op.plan.folds(); ++index) {
    const array::FoldShape shape = op.plan.fold(index).shape;
    const FoldFeed& feed = op.feed.fold(index);
    const array::FoldTimes times = scheduler_.add(shape, index == 0 ? start : 0);
    if (!feed.conflict_free()) {
      for (auto stay = stays_.rbegin(); stay != stays_.rend() && stay->local_last > times.start; ++stay)
        stay->end += held_before(feed, shape, times.start, stay->local_end);
    }
    const std::uint64_t held_before_it = held;
    held += feed.extra();
    stays_.push_back({times.start + held_before_it, times.end, times.end + held, times.drain + longest_drain});
  }
}

void EventArrayUnit::wake() {
  std::uint64_t next = at_door_ ? newest_start_ : UINT64_MAX;
  if (!pending_.empty()) next = std::min(next, pending_.front().end);
  if (next != UINT64_MAX) wake_.notify(context_.clock.until(next));
}

void EventArrayUnit::process() {
  failure_.guard([this] { advance(); });
}

void EventArrayUnit::advance() {
  const std::uint64_t now = context_.clock.now();
  if (at_door_ && newest_start_ <= now) {
    at_door_ = false;
    context_.listener.started(newest_, newest_start_);
  }
  while (!pending_.empty() && pending_.front().end <= now) {
    const Pending done = pending_.front();
    pending_.erase(pending_.begin());
    complete(done);
  }
  wake();
}

void EventArrayUnit::complete(const Pending& done) {
  const Compute& compute = compute_of(context_, done.instruction);
  if (context_.values) {
    array::values::convolve(compute.geometry, operands_.input(compute, context_.pads).data(),
                            operands_.weights(compute, context_.pads).data(), compute.pad_value,
                            sums_of(compute, context_.pads).data(), scratch_);
  }
  InstructionRecord& record = context_.records[done.instruction];
  record.end = done.end;
  if (context_.observer.fold) {
    for (std::uint64_t fold = 0; fold < record.folds; ++fold) {
      context_.observer.fold(done.instruction, fold, stays_.front().start, stays_.front().end);
      stays_.pop_front();
    }
  }
  context_.write(Pad::outputs, compute.output, sum_bytes(compute), done.end);
  context_.release(done.instruction, done.end);
  context_.listener.completed(done.instruction, done.end);
}

/// Everything since the newest instruction's start is its own.
void EventArrayUnit::book(const array::CycleBreakdown& now) {
  if (any_issued_) {
    CauseCycles& cycles = booked_[newest_];
    cycles[static_cast<std::size_t>(Cause::compute)] = now.compute - counted_.compute;
    cycles[static_cast<std::size_t>(Cause::fill)] = now.fill - counted_.fill;
    cycles[static_cast<std::size_t>(Cause::drain)] = now.drain - counted_.drain;
    cycles[static_cast<std::size_t>(Cause::conflict)] = context_.records[newest_].conflict_cycles;
  }
  counted_ = now;
}

const std::vector<CauseCycles>& EventArrayUnit::booked() {
  const array::CycleBreakdown before = counted_;
  book(scheduler_.breakdown());
  counted_ = before;
  return booked_;
}

}  // namespace fusesim::control::machine
