// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <systemc>

namespace fusesim::control {

/// An exception thrown inside a SystemC process, kept until the kernel has stopped: the kernel would turn it into a
/// report and lose its type. Where there is no kernel, exceptions simply pass.
class Failure {
 public:
  explicit Failure(bool kernel = true) : kernel_(kernel) {}

  /// Runs a process body; what it throws is kept and the simulation stopped.
  template <typename Body>
  void guard(Body&& body) {
    if (!kernel_) {
      body();
      return;
    }
    try {
      body();
    } catch (...) {
      error_ = std::current_exception();
      sc_core::sc_stop();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  bool kernel_;
  std::exception_ptr error_;
};

}  // namespace fusesim::control
