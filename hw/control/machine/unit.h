// SPDX-License-Identifier: Apache-2.0
// What the controller asks of a unit that works off a queue (array, vector unit, DMA), and what it is told.
//
// Time. Cycle n is the simulated time [n P, (n + 1) P), P the clock period. Decisions are made at n P: the controller
// issues, a unit takes the instruction, and both only look at what was told for cycles <= n. A unit that is clocked
// register by register takes its clock edges at (n + 1/2) P, when all decisions of cycle n have been made. Nothing may
// depend on the order of processes within one instant.
#pragma once

#include <cstdint>
#include <systemc>

#include "hw/control/machine/loop.h"
#include "hw/isa/machine/program.h"

namespace fusesim::control::machine {

/// Cycles and simulated time: SystemC's, or that of a loop which takes the kernel's place.
class Clock {
 public:
  explicit Clock(const sc_core::sc_time& period, Loop* loop = nullptr)
      : period_(period), loop_(loop), last_(sc_core::sc_max_time().value() / period.value()) {}
  /// Throws std::invalid_argument unless 1 <= mhz <= 1e6.
  explicit Clock(double mhz, Loop* loop = nullptr) : Clock(period_of(mhz), loop) {}
  [[nodiscard]] sc_core::sc_time period() const { return period_; }
  /// Null where SystemC keeps the time.
  [[nodiscard]] Loop* loop() const { return loop_; }
  [[nodiscard]] std::uint64_t now_picoseconds() const {
    return loop_ != nullptr ? loop_->now() : sc_core::sc_time_stamp().value();
  }
  /// The cycle that simulated time is in.
  [[nodiscard]] std::uint64_t now() const { return now_picoseconds() / period_.value(); }
  /// From now until the start of `cycle`, which must not be past. Throws std::runtime_error when simulated time does
  /// not reach so far.
  [[nodiscard]] sc_core::sc_time until(std::uint64_t cycle) const {
    if (cycle > last_) overflow();
    return sc_core::sc_time::from_value(cycle * period_.value() - now_picoseconds());
  }
  /// The first cycle that starts strictly after now.
  [[nodiscard]] std::uint64_t next() const { return now() + 1; }
  /// Ends the simulation: nothing further happens.
  void stop() const;

 private:
  static sc_core::sc_time period_of(double mhz);
  [[noreturn]] void overflow() const;

  sc_core::sc_time period_;
  Loop* loop_;
  std::uint64_t last_;  ///< The last cycle that 64 bits of simulated time reach.
};

/// Told by units. Calls may come in any order within an instant, but not before the time they speak of.
class UnitListener {
 public:
  virtual ~UnitListener() = default;
  /// The instruction has left the door of its unit: its work begins in `cycle`. Told at cycle * P or cycle * P + P / 2.
  virtual void started(std::uint32_t instruction, std::uint64_t cycle) = 0;
  /// Its token counts from `cycle` on. Told at cycle * P, or earlier by less than a cycle. Instructions of a unit
  /// complete in order.
  virtual void completed(std::uint32_t instruction, std::uint64_t cycle) = 0;
};

/// A unit. Instructions are indices into the program.
class UnitIf : public virtual sc_core::sc_interface {
 public:
  /// Whether an instruction may be issued in this cycle. The array has one place at its door, which is free when the
  /// instruction before it has started; the vector unit takes one when the one before has completed; DMA channels take
  /// a few.
  [[nodiscard]] virtual bool ready() const = 0;
  /// Takes an instruction whose tokens have been given. Called at a multiple of P, when ready(). Throws
  /// std::runtime_error naming instruction and layer when it reads bytes that were never written.
  virtual void issue(std::uint32_t instruction) = 0;
};

}  // namespace fusesim::control::machine
