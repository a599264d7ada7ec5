// SPDX-License-Identifier: Apache-2.0
#include "hw/control/machine/loop.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace fusesim::control::machine {

std::size_t Loop::add(Process process, void* object, bool last_of_instant) {
  if (count_ == kMostProcesses) throw std::logic_error("the event loop has no room for another process");
  entries_[count_] = {process, object};
  times_[count_] = kNever;
  if (last_of_instant) last_ |= bit(count_);
  return count_++;
}

void Loop::notify(std::size_t process, std::uint64_t delay) {
  if (delay == 0) {
    soon_ |= bit(process);
  } else if ((soon_ & bit(process)) == 0) {
    times_[process] = std::min(times_[process], now_ + delay);
  }
}

void Loop::run_each(Mask processes) {
  for (; processes != 0; processes &= processes - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(processes));
    entries_[index].process(entries_[index].object);
  }
}

/// An immediate notification takes the place of a later one.
Loop::Mask Loop::take_soon() {
  for (Mask each = soon_; each != 0; each &= each - 1)
    times_[static_cast<std::size_t>(std::countr_zero(each))] = kNever;
  return std::exchange(soon_, 0);
}

void Loop::run() {
  stopped_ = false;
  while (true) {
    Mask due = take_soon();
    for (std::size_t i = 0; i < count_; ++i) {
      if (times_[i] != now_) continue;
      due |= bit(i);
      times_[i] = kNever;
    }
    Mask last = due & last_;
    due &= ~last_;
    while ((due | last) != 0) {
      if (due == 0) {
        due = last;
        last = 0;
      }
      run_each(due);
      if (stopped_) return;
      const Mask more = take_soon();
      due = more & ~last_;
      last |= more & last_;
    }
    const std::uint64_t time = next();
    if (time == kNever) return;
    now_ = time;
  }
}

}  // namespace fusesim::control::machine
