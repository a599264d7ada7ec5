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
  if (last_of_instant) last_ |= bit(count_);
  return count_++;
}

void Loop::notify(std::size_t process, std::uint64_t delay) {
  if (delay == 0) {
    soon_ |= bit(process);
    return;
  }
  if ((soon_ & bit(process)) != 0) return;
  const std::uint64_t time = now_ + delay;
  if ((later_ & bit(process)) != 0 && times_[process] <= time) return;
  later_ |= bit(process);
  times_[process] = time;
  next_ = std::min(next_, time);
}

void Loop::run_each(Mask processes) {
  for (; processes != 0; processes &= processes - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(processes));
    entries_[index].process(entries_[index].object);
  }
}

/// An immediate notification takes the place of a later one.
Loop::Mask Loop::take_soon() {
  const Mask replaced = soon_ & later_;
  if (replaced != 0) {
    later_ &= ~replaced;
    next_ = kNever;
    for (Mask each = later_; each != 0; each &= each - 1) {
      next_ = std::min(next_, times_[static_cast<std::size_t>(std::countr_zero(each))]);
    }
  }
  return std::exchange(soon_, 0);
}

/// What is to run now of what was notified before.
Loop::Mask Loop::take_due() {
  if (next_ != now_) return 0;
  Mask due = 0;
  next_ = kNever;
  for (Mask each = later_; each != 0; each &= each - 1) {
    const auto process = static_cast<std::size_t>(std::countr_zero(each));
    if (times_[process] == now_) {
      due |= bit(process);
    } else {
      next_ = std::min(next_, times_[process]);
    }
  }
  later_ &= ~due;
  return due;
}

void Loop::run() {
  stopped_ = false;
  while (true) {
    Mask due = take_soon();
    due |= take_due();
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
    if (later_ == 0) return;
    now_ = next_;
  }
}

}  // namespace fusesim::control::machine
