// SPDX-License-Identifier: Apache-2.0
// Runs a script on one of the two units, each in a SystemC kernel of its own.
#include <algorithm>
#include <memory>
#include <stdexcept>

#include "hw/array/stepped_array.h"
#include "hw/control/array_unit/clocked_array_unit.h"
#include "hw/control/array_unit/event_array_unit.h"
#include "tests/hw/control/array_unit/script.h"
#include "tests/hw/memory/support/kernel.h"

namespace fusesim::test {

namespace {

using control::machine::ArrayUnitIf;
using control::machine::Clock;
using control::machine::ClockedArrayUnit;
using control::machine::Context;
using control::machine::EventArrayUnit;
using isa::machine::Pad;

/// Follows the script cycle by cycle; decides a few delta cycles into each, when all that is due has been told.
class Issuer final : public sc_core::sc_module, public control::machine::UnitListener {
 public:
  sc_core::sc_port<ArrayUnitIf> unit{"unit"};

  SC_HAS_PROCESS(Issuer);
  Issuer(const sc_core::sc_module_name& module_name, const Script& script, const Clock& clock, Outcome& outcome)
      : sc_module(module_name),
        script_(script),
        clock_(clock),
        outcome_(outcome),
        completed_at_(script.issues.size(), UINT64_MAX) {
    SC_METHOD(step);
  }

  void started(std::uint32_t instruction, std::uint64_t cycle) override {
    expect_time(cycle * clock_.period().value(), clock_.period().value() / 2, "started");
    outcome_.started.push_back({instruction, cycle});
  }
  void completed(std::uint32_t instruction, std::uint64_t cycle) override {
    const std::uint64_t period = clock_.period().value();
    expect_time(cycle * period - (period - 1), period - 1, "completed");
    completed_at_[instruction] = cycle;
    outcome_.completed.push_back({instruction, cycle});
  }

 private:
  static void expect_time(std::uint64_t from, std::uint64_t length, const char* what) {
    const std::uint64_t now = sc_core::sc_time_stamp().value();
    if (now < from || now > from + length) throw std::logic_error(std::string(what) + " was told at another time");
  }

  void step() {
    if (++deltas_ < 4) {
      next_trigger(sc_core::SC_ZERO_TIME);
      return;
    }
    deltas_ = 0;
    const std::uint64_t now = clock_.now();
    outcome_.ready.push_back(unit->ready());
    outcome_.empty.push_back(unit->empty_cycles_before(now));
    outcome_.empty_earlier.push_back(unit->empty_cycles_before(earlier_than(now)));
    if (next_ < script_.issues.size() && may_issue(script_.issues[next_], now) && unit->ready()) {
      outcome_.issued.push_back({next_, now});
      unit->issue(next_++);
    }
    if (outcome_.completed.size() < script_.issues.size()) next_trigger(clock_.until(now + 1));
  }

  [[nodiscard]] bool may_issue(const Issue& issue, std::uint64_t now) const {
    if (now < issue.not_before) return false;
    return !issue.after || (completed_at_[*issue.after] != UINT64_MAX && completed_at_[*issue.after] <= now &&
                            now - completed_at_[*issue.after] >= issue.delay);
  }

  const Script& script_;
  const Clock& clock_;
  Outcome& outcome_;
  std::vector<std::uint64_t> completed_at_;
  std::uint32_t next_ = 0;
  int deltas_ = 0;
};

/// An array that counts the edges it is given.
class CountingArray final : public array::ArrayModel {
 public:
  CountingArray(std::unique_ptr<array::ArrayModel> model, const Clock& clock, Outcome& outcome)
      : model_(std::move(model)), clock_(clock), outcome_(outcome) {}
  [[nodiscard]] const isa::ArrayConfig& config() const override { return model_->config(); }
  void reset() override { model_->reset(); }
  void clock(const array::EdgeInputs& in, array::EdgeOutputs& out) override {
    ++outcome_.edges;
    if (!in.enable) ++outcome_.held_edges;
    outcome_.clocked.push_back(clock_.now());
    model_->clock(in, out);
  }
  [[nodiscard]] array::PeState pe(std::uint32_t row, std::uint32_t col) const override { return model_->pe(row, col); }
  void read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const override {
    model_->read_accumulators(bank, out);
  }

 private:
  std::unique_ptr<array::ArrayModel> model_;
  const Clock& clock_;
  Outcome& outcome_;
};

}  // namespace

Outcome run(const Script& script, Unit unit, Watch watch, std::unique_ptr<array::ArrayModel> model) {
  Outcome outcome;
  const isa::machine::CoreConfig& core = script.program.core;
  memory::Scratchpads pads(core, watch.values);
  for (const Pad pad : {Pad::activations, Pad::weights}) {
    pads[pad].mark_written(0, core.pad(pad).bytes);
    if (watch.values) std::ranges::copy(pad_values(script, pad), pads[pad].bytes(0, core.pad(pad).bytes).begin());
  }
  outcome.records.resize(script.program.instructions.size());
  control::machine::Observer observer;
  if (watch.folds) {
    observer.fold = [&](std::uint32_t instruction, std::uint64_t fold, std::uint64_t start, std::uint64_t end) {
      outcome.folds.push_back({instruction, fold, start, end});
    };
  }
  observer.occupancy = [&](std::uint64_t cycle, Pad pad, std::uint64_t bytes) {
    outcome.occupancy.push_back({cycle, pad, bytes});
  };

  const memory_test::Kernel kernel;
  const Clock clock(sc_core::sc_time(7, sc_core::SC_PS));  // a period without a middle
  Issuer issuer("issuer", script, clock, outcome);
  const Context context{script.program, core, pads, clock, watch.values, issuer, outcome.records, observer};
  if (!model) model = std::make_unique<array::SteppedArray>(core.array);
  array::PeArray array("array", std::make_unique<CountingArray>(std::move(model), clock, outcome));
  std::unique_ptr<ClockedArrayUnit> clocked;
  std::unique_ptr<EventArrayUnit> event;
  ArrayUnitIf* tested = nullptr;
  if (unit == Unit::clocked) {
    clocked = std::make_unique<ClockedArrayUnit>("unit", context);
    clocked->array(array.port);
    tested = clocked.get();
  } else {
    event = std::make_unique<EventArrayUnit>("unit", context);
    tested = event.get();
  }
  issuer.unit(*tested);
  try {
    sc_core::sc_start();
  } catch (const sc_core::sc_report& report) {
    throw std::runtime_error(report.get_msg());
  }
  if (clocked) clocked->rethrow();
  if (event) event->rethrow();
  if (outcome.completed.size() != script.issues.size()) throw std::logic_error("instructions never completed");
  outcome.booked = tested->booked();
  if (tested->booked() != outcome.booked) throw std::logic_error("booked() changes from call to call");
  if (watch.values) {
    const auto bytes = pads[Pad::outputs].bytes(0, core.outputs.bytes);
    outcome.outputs.assign(bytes.begin(), bytes.end());
  }
  return outcome;
}

}  // namespace fusesim::test
