// SPDX-License-Identifier: Apache-2.0
#include "hw/control/array_unit/clocked_array_unit.h"

#include <algorithm>
#include <stdexcept>

#include "hw/array/delay.h"
#include "hw/control/feed/array_instruction.h"

namespace fusesim::control::machine {

using isa::machine::Compute;
using isa::machine::Pad;

ClockedArrayUnit::ClockedArrayUnit(const sc_core::sc_module_name& module_name, const Context& context)
    : sc_module(module_name),
      context_(context),
      half_(sc_core::sc_time::from_value(context.clock.period().value() / 2)),
      sequencer_(context.core.array),
      in_(context.core.array),
      out_(context.core.array),
      activation_reads_(context.core.activations, std::max(context.core.array.rows, context.core.array.cols)),
      weight_reads_(context.core.weights, std::max(context.core.array.rows, context.core.array.cols)),
      recent_cycles_(array::hop_delay(context.core.array, context.core.array.cols - 1) + 2),
      booked_(context.program.instructions.size()) {
  if (half_ == sc_core::SC_ZERO_TIME) {
    throw std::invalid_argument(
        "clock: a period of one unit of simulated time has no middle to clock the array in; lower clock.frequency_mhz");
  }
  SC_METHOD(edge);
  sensitive << edge_;
  dont_initialize();
  SC_METHOD(tell);
  sensitive << tell_;
  dont_initialize();
}

void ClockedArrayUnit::issue(std::uint32_t instruction) {
  check_operands(context_, instruction);
  const Compute& compute = compute_of(context_, instruction);
  at_door_ = instruction;
  Running& running = running_.emplace_back();
  running.instruction = instruction;
  running.plan = std::make_unique<const FoldPlan>(array_instruction(compute), context_.core.array);
  InstructionRecord& record = context_.records[instruction];
  record.folds = running.plan->folds();
  record.macs = compute.geometry.macs();
  if (clocking_) return;
  clocking_ = true;
  edge_.notify(half_);
}

void ClockedArrayUnit::edge() {
  failure_.guard([this] { clock_edge(); });
}

void ClockedArrayUnit::clock_edge() {
  cycle_ = context_.clock.now();
  if (edges_left_ == 0) begin_local_cycle();
  busy_.add(cycle_, cycle_ + 1);
  in_.enable = edges_left_ == 1;
  array->clock(in_, out_);
  --edges_left_;
  if (in_.enable) {
    recent_cycles_[sequencer_.cycle() % recent_cycles_.size()] = cycle_;
    sequencer_.take(out_);
    finish_folds();
  } else {
    ++context_.records[*newest_].conflict_cycles;
  }
  clocking_ = at_door_ || !sequencer_.idle() || edges_left_ > 0;
  if (clocking_) edge_.notify(context_.clock.period());
}

void ClockedArrayUnit::begin_local_cycle() {
  offer();
  const std::uint64_t started = sequencer_.folds_started();
  sequencer_.drive(in_);
  if (sequencer_.folds_started() != started) start_fold();
  edges_left_ = read_operands();
}

/// Hands the sequencer the next fold; instructions come one after the other.
void ClockedArrayUnit::offer() {
  if (!sequencer_.wants_fold()) return;
  const auto unoffered = std::find_if(running_.begin(), running_.end(),
                                      [](const Running& each) { return each.offered < each.plan->folds(); });
  if (unoffered == running_.end()) return;
  Running& next = *unoffered;
  if (next.offered == 0) {
    const Compute& compute = compute_of(context_, next.instruction);
    const isa::ConvGeometry& g = compute.geometry;
    if (context_.values) {
      input_ = operands_.input(compute, context_.pads);
      weights_ = operands_.weights(compute, context_.pads);
    } else {
      const std::size_t inputs = std::size_t{g.in_channels} * g.in_height * g.in_width;
      const std::size_t weights =
          std::size_t{g.out_channels} * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width;
      nothing_.resize(std::max({nothing_.size(), inputs, weights}));
      input_ = {nothing_.data(), inputs};
      weights_ = {nothing_.data(), weights};
    }
  }
  sequencer_.offer(fetch_operands(*next.plan, next.plan->fold(next.offered), input_, weights_));
  ++next.offered;
}

/// The fold that waited has started.
void ClockedArrayUnit::start_fold() {
  Running& running = *std::find_if(running_.begin(), running_.end(),
                                   [](const Running& each) { return each.started < each.plan->folds(); });
  const Fold fold = running.plan->fold(running.started);
  if (running.started == 0) {
    book();
    newest_ = running.instruction;
    at_door_.reset();
    context_.records[running.instruction].start = cycle_;
    context_.listener.started(running.instruction, cycle_);
  }
  ++running.started;
  running.starts.push_back(cycle_);
  feeding_ = {fold_addresses(compute_of(context_, running.instruction), *running.plan, fold), sequencer_.cycle(),
              fold.shape.feed};
  activation_reads_.begin_fold();
  weight_reads_.begin_fold();
}

/// How many cycles the banks need for what this local cycle reads.
std::uint32_t ClockedArrayUnit::read_operands() {
  const std::uint64_t t = sequencer_.cycle() - feeding_.start;
  if (t >= feeding_.feed) return 1;
  InstructionRecord& record = context_.records[*newest_];
  std::uint32_t cycles = 1;
  for (const EdgeAddresses* edge : {&feeding_.addresses.left, &feeding_.addresses.other}) {
    BankedReads& reads = edge->pad == Pad::activations ? activation_reads_ : weight_reads_;
    const std::uint64_t words = reads.words();
    cycles = std::max(cycles, reads.read(edge->cycle(static_cast<std::uint32_t>(t))));
    record.read_bytes[static_cast<std::size_t>(edge->pad)] +=
        (reads.words() - words) * context_.core.pad(edge->pad).width;
  }
  return cycles;
}

void ClockedArrayUnit::finish_folds() {
  for (; !sequencer_.finished().empty(); sequencer_.finished().pop_front()) {
    const FinishedFold& fold = sequencer_.finished().front();
    Running& running = running_.front();
    const Compute& compute = compute_of(context_, running.instruction);
    if (context_.values)
      store_sums(*running.plan, running.plan->fold(running.finished), fold.sums, sums_of(compute, context_.pads));
    if (context_.observer.fold) {
      const std::uint64_t end = recent_cycles_[(fold.end - 1) % recent_cycles_.size()] + 1;
      context_.observer.fold(running.instruction, running.finished, running.starts.front(), end);
    }
    running.starts.pop_front();
    if (++running.finished < running.plan->folds()) continue;
    context_.records[running.instruction].written_bytes[static_cast<std::size_t>(Pad::outputs)] = sum_bytes(compute);
    context_.records[running.instruction].end = cycle_ + 1;
    completions_.push_back({running.instruction, cycle_ + 1});
    tell_.notify(context_.clock.until(cycle_ + 1));
    running_.pop_front();
  }
}

void ClockedArrayUnit::tell() {
  failure_.guard([this] { tell_completions(); });
}

/// Sums of a whole instruction become known in the cycle that follows the last of them.
void ClockedArrayUnit::tell_completions() {
  for (; !completions_.empty(); completions_.pop_front()) {
    const auto [instruction, cycle] = completions_.front();
    const Compute& compute = compute_of(context_, instruction);
    context_.write(Pad::outputs, compute.output, sum_bytes(compute), cycle);
    context_.release(instruction, cycle);
    context_.listener.completed(instruction, cycle);
  }
}

/// Everything since the newest instruction's start is its own.
void ClockedArrayUnit::book() {
  if (!newest_) return;
  array::CycleBreakdown since = sequencer_.breakdown();
  since -= counted_;
  counted_ = sequencer_.breakdown();
  CauseCycles& cycles = booked_[*newest_];
  cycles[static_cast<std::size_t>(Cause::compute)] += since.compute;
  cycles[static_cast<std::size_t>(Cause::fill)] += since.fill;
  cycles[static_cast<std::size_t>(Cause::drain)] += since.drain;
  cycles[static_cast<std::size_t>(Cause::conflict)] = context_.records[*newest_].conflict_cycles;
}

const std::vector<CauseCycles>& ClockedArrayUnit::booked() {
  book();
  return booked_;
}

}  // namespace fusesim::control::machine
