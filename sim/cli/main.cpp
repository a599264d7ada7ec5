// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <iostream>

#include "sim/cli/command.h"

int main(int argc, char** argv) {
  // A reader that leaves early (`fusesim ... | head`) then shows as a failed write, which is reported.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  return fusesim::cli::run(argc, argv, std::cout, std::cerr);
}
