// SPDX-License-Identifier: Apache-2.0
#include "hw/control/machine/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace fusesim::control::machine {

using isa::machine::Queue;

namespace {

constexpr Queue kQueues[] = {Queue::load, Queue::compute, Queue::vector, Queue::store};
/// In which an instruction's missing tokens are looked for.
constexpr Queue kWaitOrder[] = {Queue::load, Queue::vector, Queue::store, Queue::compute};
/// In which what is left at the end of a program is looked for.
constexpr Queue kEndOrder[] = {Queue::vector, Queue::store, Queue::load};

Cause cause_of(Queue queue) {
  switch (queue) {
    case Queue::load:
      return Cause::load;
    case Queue::vector:
      return Cause::vector;
    case Queue::store:
      return Cause::store;
    case Queue::compute:
      break;
  }
  return Cause::drain;  // An instruction of the array that has not completed, and no fold: its last sums are leaving.
}

}  // namespace

void Controller::Count::rise(std::uint64_t at) {
  if (at != cycle) {
    before += in_cycle;
    in_cycle = 0;
    cycle = at;
  }
  ++in_cycle;
}

Controller::Controller(const sc_core::sc_module_name& module_name, const isa::machine::Program& program,
                       const isa::machine::ControlConfig& config, const Clock& clock,
                       std::vector<InstructionRecord>& records)
    : sc_module(module_name),
      program_(program),
      config_(config),
      clock_(clock),
      records_(records),
      next_decode_(std::uint64_t{config.fetch_cycles} + config.decode_cycles),
      remaining_(static_cast<std::uint32_t>(program.instructions.size())),
      layer_causes_(program.layers.size()),
      wake_(Alarm::of<&Controller::settle>(clock, "wake", this)),
      decide_(Alarm::of<&Controller::decide>(clock, "decide", this)),
      failure_(clock.loop() == nullptr) {
  for (std::uint32_t index = 0; index < program.instructions.size(); ++index) {
    state(program.instructions[index].queue()).instructions.push_back(index);
  }
}

void Controller::start_of_simulation() {
  array_ = compute.operator->();
  units_[static_cast<std::size_t>(Queue::load)] = load.operator->();
  units_[static_cast<std::size_t>(Queue::compute)] = array_;
  units_[static_cast<std::size_t>(Queue::vector)] = vector.operator->();
  units_[static_cast<std::size_t>(Queue::store)] = store.operator->();
  wake_.notify(sc_core::SC_ZERO_TIME);
}

void Controller::started(std::uint32_t instruction, std::uint64_t cycle) {
  state(program_.instructions[instruction].queue()).started.rise(cycle);
  // The place in the queue, and the array's door, are free from the next cycle on. Decisions under way see to it.
  if (!deciding_) wake_at(cycle + 1);
}

void Controller::completed(std::uint32_t instruction, std::uint64_t cycle) {
  state(program_.instructions[instruction].queue()).completed.rise(cycle);
  if (clock_.now() < cycle) {
    wake_at(cycle);
  } else {
    decide_.notify(sc_core::SC_ZERO_TIME);
  }
}

void Controller::wake_at(std::uint64_t cycle) {
  wake_.notify(clock_.until(cycle));  // The earliest of several notifications stays; every decision asks again.
}

void Controller::settle() {
  decide_.notify(sc_core::SC_ZERO_TIME);
}

void Controller::decide() {
  if (done_) return;
  failure_.guard([this] { advance(); });
}

void Controller::advance() {
  const std::uint64_t now = clock_.now();
  account(now);
  count_tokens(now);
  if (remaining_ == 0) {
    done_ = true;
    clock_.stop();
    return;
  }
  deciding_ = true;
  decode(now);
  issue(now);
  deciding_ = false;
  schedule(now);
}

// A head that could not go may go when it is given the token it lacked, or when its unit has a place again: when an
// instruction of its own has completed or, at the array's door, in the cycle after a start.
void Controller::count_tokens(std::uint64_t now) {
  for (const Queue each : kQueues) {
    QueueState& queue = state(each);
    const std::uint32_t given = queue.completed.until(now + 1);
    if (given == queue.given) continue;
    remaining_ -= given - queue.given;
    queue.given = given;
    look_ |= bit(each) | std::exchange(queue.awaiting, 0);
  }
  if (state(Queue::compute).started.cycle + 1 == now) look_ |= bit(Queue::compute);
}

void Controller::decode(std::uint64_t now) {
  if (all_decoded() || next_decode_ > now) return;
  QueueState& queue = state(program_.instructions[next_].queue());
  if (queue.decoded - queue.started.until(now) >= config_.queue_depth) return;
  records_[next_].decoded = now;
  ++queue.decoded;
  look_ |= bit(program_.instructions[next_].queue());
  ++next_;
  next_decode_ = now + config_.decode_cycles;
}

bool Controller::head_lacks_token(Queue queue) {
  const QueueState& waiting = state(queue);
  const isa::machine::Waits& waits = program_.instructions[waiting.instructions[waiting.issued]].waits;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (queues_[i].given >= waits[i]) continue;
    queues_[i].awaiting |= bit(queue);
    return true;
  }
  return false;
}

bool Controller::may_issue(Queue queue, std::uint64_t now) {
  const QueueState& waiting = state(queue);
  if (waiting.issued == waiting.decoded || head_lacks_token(queue)) return false;
  // The one place at the array's door is free from the cycle after the start of the instruction there.
  if (queue == Queue::compute && waiting.started.until(now) != waiting.issued) return false;
  return unit(queue).ready();
}

void Controller::issue(std::uint64_t now) {
  for (Queues each = std::exchange(look_, 0); each != 0; each &= each - 1) {
    const auto queue = static_cast<Queue>(std::countr_zero(each));
    while (may_issue(queue, now)) {
      QueueState& waiting = state(queue);
      unit(queue).issue(waiting.instructions[waiting.issued++]);
    }
  }
}

void Controller::schedule(std::uint64_t now) {
  bool waking = false;
  const auto wake = [&](std::uint64_t cycle) {
    wake_at(cycle);
    waking = true;
  };
  if (!all_decoded()) {
    const QueueState& queue = state(program_.instructions[next_].queue());
    if (queue.decoded - queue.started.total() < config_.queue_depth) {
      // The account tells the cycle in which the queue is still full from those in which it has a place.
      wake(queue.decoded - queue.started.until(now) < config_.queue_depth ? std::max(next_decode_, now + 1) : now + 1);
    }
  }
  const QueueState& array = state(Queue::compute);
  if (array.issued < array.decoded && array.started.total() == array.issued && array.started.cycle == now) {
    wake(now + 1);
  }
  for (const QueueState& queue : queues_) {
    if (queue.completed.cycle > now) wake(queue.completed.cycle);
    if (queue.issued != queue.given) waking = true;  // Its unit will tell.
  }
  if (!waking) throw std::runtime_error(standstill());
}

void Controller::account(std::uint64_t now) {
  if (now == accounted_) return;
  // Where all that was issued had completed, no cycle since held a fold: the array need not be asked.
  const QueueState& array = state(Queue::compute);
  const std::uint64_t empty =
      array.given == array.issued ? empty_ + (now - accounted_) : array_->empty_cycles_before(now);
  if (empty != empty_) {
    const Blame found = blame();
    const std::uint32_t layer = program_.instructions[found.instruction].layer;
    layer_causes_[layer][static_cast<std::size_t>(found.cause)] += empty - empty_;
  }
  accounted_ = now;
  empty_ = empty;
}

Controller::Blame Controller::blame() const {
  const QueueState& array = state(Queue::compute);
  if (array.issued != array.decoded || !all_decoded()) return follow(Queue::compute, true);
  for (const Queue queue : kEndOrder) {
    if (state(queue).given < state(queue).decoded) return follow(queue, false);
  }
  return follow(Queue::compute, false);
}

bool Controller::decoder_held_up() const {
  if (all_decoded()) return false;
  const QueueState& queue = state(program_.instructions[next_].queue());
  return queue.decoded - queue.started.until(accounted_) >= config_.queue_depth;
}

Controller::Blame Controller::follow(Queue queue, bool from_head) const {
  bool past_decoder = false;
  for (std::uint32_t hop = 0; hop <= 2 * isa::machine::queue_count; ++hop, from_head = false) {
    const QueueState& at = state(queue);
    if (!from_head && at.given < at.issued) return {cause_of(queue), at.instructions[at.given]};
    if (at.issued == at.decoded) {
      // What is waited for has not been decoded: because of the queue that the decoder finds full, if it does.
      if (past_decoder || !decoder_held_up()) break;
      past_decoder = true;
      queue = program_.instructions[next_].queue();
      continue;
    }
    const std::uint32_t head = at.instructions[at.issued];
    const isa::machine::Waits& waits = program_.instructions[head].waits;
    const auto* const missing = std::find_if(std::begin(kWaitOrder), std::end(kWaitOrder), [&](Queue each) {
      return state(each).given < waits[static_cast<std::size_t>(each)];
    });
    if (missing == std::end(kWaitOrder)) return {Cause::control, head};
    queue = *missing;
  }
  // Not yet decoded; or queues that wait for one another in a circle, which ends the run.
  return {Cause::control, all_decoded() ? next_ - 1 : next_};
}

std::string Controller::describe(std::uint32_t instruction) const {
  const isa::machine::Instruction& what = program_.instructions[instruction];
  return fmt::format("instruction {} ({}, layer '{}')", instruction, isa::machine::name(what),
                     program_.layers[what.layer]);
}

std::string Controller::standstill() const {
  const bool under_way =
      std::any_of(queues_.begin(), queues_.end(), [](const QueueState& at) { return at.given < at.issued; });
  std::string text =
      fmt::format("deadlock in cycle {}: {}, with {} of {} instructions left", clock_.now(),
                  under_way ? "a unit has stopped working" : "nothing is under way and nothing can start", remaining_,
                  program_.instructions.size());
  for (const Queue queue : kQueues) {
    const QueueState& at = state(queue);
    text += fmt::format("; {}: ", isa::machine::name(queue));
    if (at.given < at.issued) {
      text += describe(at.instructions[at.given]) + " never completed";
      continue;
    }
    if (at.issued == at.decoded) {
      text += at.decoded == at.instructions.size() ? "all completed"
                                                   : "empty, " + describe(at.instructions[at.decoded]) + " not decoded";
      continue;
    }
    const std::uint32_t head = at.instructions[at.issued];
    text += describe(head);
    const char* separator = " waits for ";
    for (const Queue each : kQueues) {
      const std::uint32_t wanted = program_.instructions[head].waits[static_cast<std::size_t>(each)];
      if (wanted <= state(each).given) continue;
      text +=
          fmt::format("{}token {} of {} ({} given)", separator, wanted, isa::machine::name(each), state(each).given);
      separator = " and ";
    }
  }
  if (!all_decoded()) {
    text += fmt::format("; decoder: {} finds its queue full; fetch it later, or raise control.queue_depth (now {})",
                        describe(next_), config_.queue_depth);
  } else if (!under_way) {
    text += "; correct the tokens";
  }
  return text;
}

void Controller::finish(Record& record) {
  failure_.rethrow();
  if (!done_) throw std::runtime_error(standstill());
  record.cycles = accounted_;
  record.layer_causes = layer_causes_;
  const std::vector<CauseCycles>& booked = array_->booked();
  for (std::uint32_t index = 0; index < program_.instructions.size(); ++index) {
    CauseCycles& layer = record.layer_causes[program_.instructions[index].layer];
    for (std::size_t cause = 0; cause < cause_count; ++cause) layer[cause] += booked[index][cause];
  }
  record.causes = {};
  for (const CauseCycles& layer : record.layer_causes) {
    for (std::size_t cause = 0; cause < cause_count; ++cause) record.causes[cause] += layer[cause];
  }
}

}  // namespace fusesim::control::machine
