// SPDX-License-Identifier: Apache-2.0
// What runs of array programs and of machine programs are asked for alike.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace fusesim::run {

/// A waveform to write: cycles [begin, end) of the signals that `scope` names (hw/waves).
struct Waves {
  std::filesystem::path file;
  std::uint64_t begin = 0, end = 0;
  std::string scope = "all";
};

/// A mistake in the options: they do not fit each other or the program.
class OptionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace fusesim::run
