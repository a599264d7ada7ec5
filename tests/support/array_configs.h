// SPDX-License-Identifier: Apache-2.0
// Array configurations for tests, by the names that Verilated arrays carry.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/isa/array_config.h"

namespace fusesim::test {

/// "3x5_b1_f1_s1": rows x columns, accumulator banks, FuSe links, pipeline stages.
inline isa::ArrayConfig array_config(const std::string& name) {
  isa::ArrayConfig config;
  unsigned banks = 0, fuse = 0;
  if (std::sscanf(name.c_str(), "%ux%u_b%u_f%u_s%u", &config.rows, &config.cols, &banks, &fuse,
                  &config.broadcast_stages) != 5) {
    throw std::invalid_argument("not an array configuration: " + name);
  }
  config.accumulators = banks == 2 ? isa::Accumulators::pingpong : isa::Accumulators::single;
  config.fuse_links = fuse != 0;
  return config;
}

/// Every configuration that the default build verilates (rtl/CMakeLists.txt).
inline const std::vector<std::string> verilated_configurations = {
    "1x1_b2_f1_s0", "1x6_b2_f1_s5", "6x1_b2_f1_s0", "2x3_b2_f1_s0",  "2x3_b1_f0_s0",  "4x4_b2_f1_s0", "4x4_b1_f1_s0",
    "4x4_b2_f0_s0", "4x4_b2_f1_s3", "3x5_b2_f1_s0", "3x5_b1_f1_s1",  "5x7_b2_f1_s2",  "7x5_b2_f1_s0", "7x5_b1_f0_s0",
    "8x8_b2_f1_s0", "8x8_b1_f1_s0", "8x8_b2_f1_s1", "16x8_b2_f1_s0", "16x16_b2_f1_s0"};

}  // namespace fusesim::test
