// SPDX-License-Identifier: Apache-2.0
// A SystemC kernel of a test's own.
#pragma once

#include <memory>
#include <systemc>

namespace fusesim::memory_test {

/// SystemC elaborates once per context. Built before its modules and destroyed after them, a context of its own lets
/// each test elaborate and run its machine.
class Kernel {
 public:
  Kernel();
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

 private:
  sc_core::sc_simcontext* previous_;
  std::unique_ptr<sc_core::sc_simcontext> context_;
};

}  // namespace fusesim::memory_test
