// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <systemc>

namespace fusesim::accelerator {

/// A SystemC kernel state for one run. SystemC elaborates once per context; a fresh context lets a process run many
/// machines one after the other. Built before a run's modules and destroyed after them.
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

}  // namespace fusesim::accelerator
