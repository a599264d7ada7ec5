// SPDX-License-Identifier: Apache-2.0
#include "hw/accelerator/kernel.h"

#include <cstdlib>

// Debian's libsystemc carries a main() that calls this; the project has its own main(). It stands here because whoever
// runs a machine needs a kernel, and with it gets this from the library.
int sc_main(int, char*[]) {
  return EXIT_FAILURE;
}

namespace fusesim::accelerator {

Kernel::Kernel() : previous_(sc_core::sc_curr_simcontext), context_(new sc_core::sc_simcontext) {
  sc_core::sc_curr_simcontext = context_.get();
  sc_core::sc_default_global_context = context_.get();
}

Kernel::~Kernel() {
  sc_core::sc_curr_simcontext = previous_;
  sc_core::sc_default_global_context = previous_;
}

}  // namespace fusesim::accelerator
