// SPDX-License-Identifier: Apache-2.0
// A process of a unit that runs when it was asked to: on the loop of a machine by law, or on SystemC's kernel.
#pragma once

#include <cstdint>
#include <memory>

#include "hw/control/machine/loop.h"
#include "hw/control/machine/unit.h"

namespace fusesim::control::machine {

/// Like an sc_event with one SC_METHOD that is sensitive to it and not initialised. Where the clock has a loop, it is a
/// process of that loop, which takes a fraction of the time; a unit that uses alarms for all it does runs on both.
class Alarm {
 public:
  /// Runs a member function: Alarm::of<&Unit::wake>(clock, "wake", this). The name is that of the process in SystemC's
  /// hierarchy, below the module under construction.
  template <auto Member, typename Object>
  [[nodiscard]] static Alarm of(const Clock& clock, const char* name, Object* object) {
    return Alarm(
        clock, name, [](void* each) { (static_cast<Object*>(each)->*Member)(); }, object);
  }
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void notify(std::uint64_t picoseconds) {
    if (loop_ != nullptr) {
      loop_->notify(number_, picoseconds);
    } else {
      notify_kernel(picoseconds);
    }
  }
  void notify(const sc_core::sc_time& delay) { notify(delay.value()); }

 private:
  class Method;
  Alarm(const Clock& clock, const char* name, Loop::Process process, void* object);
  void notify_kernel(std::uint64_t picoseconds);

  Loop* loop_;
  std::size_t number_ = 0;
  std::unique_ptr<Method> method_;
};

}  // namespace fusesim::control::machine
