// SPDX-License-Identifier: Apache-2.0
// Units that do nothing but take a given time, for tests of the controller.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <systemc>
#include <vector>

#include "hw/control/machine/context.h"

namespace fusesim::machine_test {

/// What an instruction does to its unit.
struct Stay {
  std::uint64_t cycles = 1;  ///< From start to end.
  std::uint64_t feed = 1;    ///< Array: from its start to the earliest start of the next one.
  /// How its start and end are told: half a cycle late and half a cycle early, or in the cycle's first instant after
  /// some delta cycles. Must not make a difference.
  bool half_a_cycle = false;
  int deltas = 0;
};

/// Takes `places` instructions at a time; an array has one place at its door, and books every cycle of a stay as
/// compute. Never ends what `stuck` names.
class FakeUnit final : public sc_core::sc_module, public control::machine::ArrayUnitIf {
 public:
  enum class Kind { array, other };

  SC_HAS_PROCESS(FakeUnit);
  FakeUnit(const sc_core::sc_module_name& module_name, Kind kind, std::size_t places, const std::vector<Stay>& stays,
           control::machine::Clock clock, control::machine::UnitListener& listener,
           std::vector<control::machine::InstructionRecord>& records)
      : sc_module(module_name),
        kind_(kind),
        places_(places),
        stays_(stays),
        clock_(clock),
        listener_(listener),
        records_(records),
        booked_(records.size()) {
    SC_METHOD(tell);
    sensitive << tell_;
    dont_initialize();
  }

  std::uint32_t stuck = ~std::uint32_t{0};

  [[nodiscard]] bool ready() const override {
    if (taken_.empty()) return true;
    if (kind_ == Kind::array) return records_[taken_.back()].start < clock_.now();
    std::size_t under_way = 0;
    for (const std::uint32_t index : taken_) under_way += records_[index].end > clock_.now() ? 1U : 0U;
    return under_way < places_;
  }

  void issue(std::uint32_t index) override {
    if (!ready()) SC_REPORT_FATAL(name(), "given an instruction when it was not ready");
    const Stay& stay = stays_[index];
    control::machine::InstructionRecord& record = records_[index];
    record.start = clock_.now();
    if (kind_ == Kind::array && !taken_.empty()) {
      const std::uint32_t before = taken_.back();
      record.start = std::max(record.start, records_[before].start + stays_[before].feed);
    }
    record.end = record.start + stay.cycles;
    if (!taken_.empty()) record.end = std::max(record.end, records_[taken_.back()].end);
    taken_.push_back(index);
    starts_.push_back({index, record.start, stay.half_a_cycle ? 1 : 0, stay.deltas});
    if (index != stuck) ends_.push_back({index, record.end, stay.half_a_cycle ? -1 : 0, stay.deltas});
    tell();
  }

  [[nodiscard]] std::uint64_t empty_cycles_before(std::uint64_t cycle) override {
    std::uint64_t empty = cycle, covered = 0;
    for (const std::uint32_t index : taken_) {
      const std::uint64_t begin = std::max(records_[index].start, covered), end = std::min(records_[index].end, cycle);
      if (begin >= end) continue;
      empty -= end - begin;
      covered = end;
    }
    return empty;
  }

  [[nodiscard]] const std::vector<control::machine::CauseCycles>& booked() override {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      // Its own until the next one starts; ends ascend, so an earlier one does not outlast it.
      const auto& record = records_[taken_[i]];
      const std::uint64_t limit = i + 1 < taken_.size() ? records_[taken_[i + 1]].start : record.end;
      booked_[taken_[i]][0] = std::min(record.end, limit) - record.start;
    }
    return booked_;
  }

 private:
  struct Told {
    std::uint32_t index;
    std::uint64_t cycle;
    int halves;  ///< Half cycles after (before) the start of the cycle.
    int deltas;
  };

  [[nodiscard]] std::uint64_t time(const Told& told) const {
    const std::uint64_t period = clock_.period().value();
    return told.cycle * period + (told.halves > 0 ? period / 2 : 0) - (told.halves < 0 ? period / 2 : 0);
  }

  void tell() {
    tell_some(starts_, [this](const Told& told) { listener_.started(told.index, told.cycle); });
    tell_some(ends_, [this](const Told& told) { listener_.completed(told.index, told.cycle); });
  }

  template <typename Use>
  void tell_some(std::deque<Told>& queue, Use use) {
    const std::uint64_t now = sc_core::sc_time_stamp().value();
    while (!queue.empty()) {
      Told& first = queue.front();
      if (time(first) > now) {
        tell_.notify(sc_core::sc_time::from_value(time(first) - now));
        return;
      }
      if (first.deltas-- > 0) {
        tell_.notify(sc_core::SC_ZERO_TIME);
        return;
      }
      const Told told = first;
      queue.pop_front();
      use(told);
    }
  }

  Kind kind_;
  std::size_t places_;
  const std::vector<Stay>& stays_;
  control::machine::Clock clock_;
  control::machine::UnitListener& listener_;
  std::vector<control::machine::InstructionRecord>& records_;
  std::vector<control::machine::CauseCycles> booked_;
  std::vector<std::uint32_t> taken_;
  std::deque<Told> starts_, ends_;
  sc_core::sc_event tell_;
};

}  // namespace fusesim::machine_test
