// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/memory/support/kernel.h"

#include <cstdlib>
#include <utility>
#include <vector>

// Debian's libsystemc carries a main() that calls this; the tests have GoogleTest's.
int sc_main(int, char*[]) {
  return EXIT_FAILURE;
}

namespace fusesim::memory_test {

Kernel::Kernel() : previous_(sc_core::sc_curr_simcontext), context_(new sc_core::sc_simcontext) {
  sc_core::sc_curr_simcontext = context_.get();
  sc_core::sc_default_global_context = context_.get();
}

Kernel::~Kernel() {
  sc_core::sc_curr_simcontext = previous_;
  sc_core::sc_default_global_context = previous_;
  // The threads by which simple_target_socket calls b_transport never end, and SystemC does not free a process that
  // waits. Contexts are kept so that these stay reachable, and leaks of our own stand out.
  static auto& kept = *new std::vector<std::unique_ptr<sc_core::sc_simcontext>>;
  kept.push_back(std::move(context_));
}

}  // namespace fusesim::memory_test
