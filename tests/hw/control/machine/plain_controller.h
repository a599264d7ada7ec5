// SPDX-License-Identifier: Apache-2.0
// The law of queues and tokens (docs/machine.md) once more: cycle by cycle, without events and without SystemC.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hw/control/machine/record.h"
#include "tests/hw/control/machine/fake_unit.h"

namespace fusesim::machine_test {

/// What a program of Stays does under the law; nothing when it stands still before its end.
class PlainController {
 public:
  PlainController(const isa::machine::Program& program, const isa::machine::ControlConfig& config,
                  const std::vector<Stay>& stays, std::uint32_t load_places, std::uint32_t store_places)
      : program_(program), config_(config), stays_(stays), places_{load_places, 1, 1, store_places} {}

  std::optional<control::machine::Record> run(std::uint64_t limit) {
    record_.layer_causes.resize(program_.layers.size());
    record_.instructions.resize(program_.instructions.size());
    known_.resize(program_.instructions.size());
    std::uint64_t next_decode = config_.fetch_cycles + config_.decode_cycles;
    for (cycle_ = 0; cycle_ < limit; ++cycle_) {
      if (all_complete()) {
        record_.cycles = cycle_;
        for (const auto& layer : record_.layer_causes) {
          for (std::size_t i = 0; i < layer.size(); ++i) record_.causes[i] += layer[i];
        }
        return record_;
      }
      if (decoded_ < program_.instructions.size() && cycle_ >= next_decode && place_for(decoded_)) {
        record_.instructions[decoded_].decoded = cycle_;
        ++decoded_;
        next_decode = cycle_ + config_.decode_cycles;
      }
      for (std::uint32_t index = 0; index < decoded_; ++index) {
        if (!known_[index] && may_start(index)) start(index);
      }
      book();
    }
    return std::nullopt;
  }

 private:
  using Queue = isa::machine::Queue;

  [[nodiscard]] Queue queue(std::uint32_t index) const { return program_.instructions[index].queue(); }
  [[nodiscard]] bool complete(std::uint32_t index) const {
    return known_[index] && record_.instructions[index].end <= cycle_;
  }
  [[nodiscard]] bool all_complete() const {
    for (std::uint32_t index = 0; index < program_.instructions.size(); ++index) {
      if (!complete(index)) return false;
    }
    return true;
  }
  [[nodiscard]] std::uint32_t count(Queue which) const {
    std::uint32_t sum = 0;
    for (std::uint32_t index = 0; index < decoded_; ++index) sum += queue(index) == which && complete(index) ? 1U : 0U;
    return sum;
  }
  [[nodiscard]] bool place_for(std::uint32_t next) const {
    std::uint32_t waiting = 0;
    for (std::uint32_t index = 0; index < next; ++index) {
      const bool gone = known_[index] && record_.instructions[index].start < cycle_;
      waiting += queue(index) == queue(next) && !gone ? 1U : 0U;
    }
    return waiting < config_.queue_depth;
  }
  [[nodiscard]] std::optional<Queue> missing(std::uint32_t index) const {
    for (const Queue each : {Queue::load, Queue::vector, Queue::store, Queue::compute}) {
      if (count(each) < program_.instructions[index].waits[static_cast<std::size_t>(each)]) return each;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool may_start(std::uint32_t index) const {
    if (missing(index)) return false;
    std::uint32_t at_unit = 0;
    for (std::uint32_t before = 0; before < index; ++before) {
      if (queue(before) != queue(index)) continue;
      if (!known_[before]) return false;
      if (queue(index) == Queue::compute) {
        if (record_.instructions[before].start >= cycle_) return false;
      } else {
        at_unit += complete(before) ? 0U : 1U;
      }
    }
    return queue(index) == Queue::compute || at_unit < places_[static_cast<std::size_t>(queue(index))];
  }
  void start(std::uint32_t index) {
    auto& record = record_.instructions[index];
    record.start = cycle_;
    std::uint64_t end = 0;
    for (std::uint32_t before = 0; before < index; ++before) {
      if (queue(before) != queue(index)) continue;
      const auto& earlier = record_.instructions[before];
      if (queue(index) == Queue::compute) record.start = std::max(record.start, earlier.start + stays_[before].feed);
      end = earlier.end;
    }
    record.end = std::max(end, record.start + stays_[index].cycles);
    known_[index] = true;
  }

  void book() {
    std::optional<std::uint32_t> on_array;
    for (std::uint32_t index = 0; index < decoded_; ++index) {
      const auto& record = record_.instructions[index];
      const bool holds = known_[index] && record.start <= cycle_ && cycle_ < record.end;
      if (queue(index) == Queue::compute && holds) on_array = index;
    }
    if (on_array) {
      book(control::machine::Cause::compute, *on_array);
      return;
    }
    // The head of the compute queue, or of what is left when the array has nothing to do any more.
    if (const auto head = first_incomplete(Queue::compute); head && *head < decoded_) {
      follow(*head);
    } else if (decoded_ < program_.instructions.size()) {
      follow(decoded_);
    } else {
      for (const Queue each : {Queue::vector, Queue::store, Queue::load}) {
        if (const auto left = first_incomplete(each)) return follow(*left);
      }
    }
  }
  [[nodiscard]] std::optional<std::uint32_t> first_incomplete(Queue which) const {
    for (std::uint32_t index = 0; index < program_.instructions.size(); ++index) {
      if (queue(index) == which && !complete(index)) return index;
    }
    return std::nullopt;
  }
  /// Books the cycle on the end of the chain that starts at an instruction that has not completed.
  void follow(std::uint32_t index, bool past_decoder = false) {
    using control::machine::Cause;
    if (index >= decoded_) {
      if (past_decoder || place_for(decoded_)) return book(Cause::control, decoded_);
      return follow(*first_incomplete(queue(decoded_)), true);
    }
    if (known_[index]) {
      constexpr Cause causes[] = {Cause::load, Cause::drain, Cause::vector, Cause::store};
      return book(causes[static_cast<std::size_t>(queue(index))], index);
    }
    const auto behind = missing(index);
    if (!behind) return book(Cause::control, index);
    follow(*first_incomplete(*behind), past_decoder);
  }
  void book(control::machine::Cause cause, std::uint32_t index) {
    ++record_.layer_causes[program_.instructions[index].layer][static_cast<std::size_t>(cause)];
  }

  const isa::machine::Program& program_;
  const isa::machine::ControlConfig& config_;
  const std::vector<Stay>& stays_;
  std::uint32_t places_[isa::machine::queue_count];
  control::machine::Record record_;
  std::uint64_t cycle_ = 0;
  std::uint32_t decoded_ = 0;
  std::vector<bool> known_;  ///< Start and end are: it has been given to its unit.
};

}  // namespace fusesim::machine_test
