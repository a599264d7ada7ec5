// SPDX-License-Identifier: Apache-2.0
// Simulated time without a SystemC kernel, for models whose processes are few and known. Plain C++.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fusesim::control::machine {

/// Runs processes at the times for which they were notified, by SystemC's rules: of several notifications the earliest
/// stays, and what is notified without a delay runs after all that runs now, at the same time. A process that is added
/// as the last of an instant runs when nothing else is left to do at that time.
///
/// With a few processes waiting at a time looking at each of their times costs less than a queue in order.
class Loop {
 public:
  using Process = void (*)(void* object);
  static constexpr std::size_t kMostProcesses = 32;

  /// Adds a process, which is told its `object`, and returns its number. Throws std::logic_error when there are too
  /// many.
  std::size_t add(Process process, void* object, bool last_of_instant = false);
  /// Has a process run `delay` picoseconds from now. Times beyond 64 bits of picoseconds are the caller's error.
  void notify(std::size_t process, std::uint64_t delay);

  /// Runs until stop() or until nothing is left to do. What a process throws passes through.
  void run();
  void stop() { stopped_ = true; }
  /// In picoseconds.
  [[nodiscard]] const std::uint64_t& now() const { return now_; }
  /// For a process that runs last of an instant: lets time go on to `time`, as if the process had been notified for it,
  /// if nothing else is to be done before or then. False when something is.
  bool advance_to(std::uint64_t time) {
    if (soon_ != 0 || stopped_ || time >= next_) return false;
    now_ = time;
    return true;
  }

 private:
  using Mask = std::uint32_t;  ///< A bit a process.
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  static Mask bit(std::size_t process) { return Mask{1} << process; }
  void run_each(Mask processes);
  Mask take_soon();
  Mask take_due();

  struct Entry {
    Process process;
    void* object;
  };
  std::array<std::uint64_t, kMostProcesses> times_{};  ///< Of those that are to run later.
  std::array<Entry, kMostProcesses> entries_{};
  std::size_t count_ = 0;
  Mask last_ = 0;   ///< Those that run last in an instant.
  Mask soon_ = 0;   ///< Notified without a delay.
  Mask later_ = 0;  ///< Notified with one.
  std::uint64_t now_ = 0;
  std::uint64_t next_ = kNever;  ///< The first of the times of later_.
  bool stopped_ = false;
};

}  // namespace fusesim::control::machine
