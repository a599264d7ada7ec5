// SPDX-License-Identifier: Apache-2.0
// Runs a command as a user would.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

namespace fusesim::test {

/// What the shell command writes to its standard output. Throws std::runtime_error when it fails.
inline std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::string output;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  if (pclose(pipe) != 0) throw std::runtime_error(command + " failed: " + output);
  return output;
}

}  // namespace fusesim::test
