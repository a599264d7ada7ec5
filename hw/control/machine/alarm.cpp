// SPDX-License-Identifier: Apache-2.0
#include "hw/control/machine/alarm.h"

namespace fusesim::control::machine {

class Alarm::Method final : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Method);
  Method(const sc_core::sc_module_name& module_name, Loop::Process process, void* object)
      : sc_module(module_name), process_(process), object_(object) {
    SC_METHOD(run);
    sensitive << event;
    dont_initialize();
  }
  sc_core::sc_event event;

 private:
  void run() { process_(object_); }
  Loop::Process process_;
  void* object_;
};

Alarm::Alarm(const Clock& clock, const char* name, Loop::Process process, void* object) : loop_(clock.loop()) {
  if (loop_ != nullptr) {
    number_ = loop_->add(process, object);
  } else {
    method_ = std::make_unique<Method>(name, process, object);
  }
}

Alarm::~Alarm() = default;

void Alarm::notify_kernel(std::uint64_t picoseconds) {
  method_->event.notify(sc_core::sc_time::from_value(picoseconds));
}

}  // namespace fusesim::control::machine
