// SPDX-License-Identifier: Apache-2.0
// Fused blocks for tests, by the names that Verilated ones carry.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/fused/fused_core.h"

namespace fusesim::test {

/// "8x8_elastic_l24_a6_q30_w20_f4_m1024_p384_v64_t16384_b16_o8", see rtl/fused/verilated_fused_core.h.
inline fused::Config fused_config(const std::string& name) {
  fused::Config config;
  config.present = true;
  char mode[8] = {};
  if (std::sscanf(name.c_str(), "%ux%u_%7[a-z]_l%u_a%u_q%u_w%u_f%u_m%u_p%u_v%u_t%u_b%u_o%u", &config.tile_rows,
                  &config.tile_columns, mode, &config.lanes, &config.adders, &config.queue_depth, &config.adder_bits,
                  &config.ladders, &config.mask_channels, &config.mask_positions, &config.level_channels,
                  &config.tile_bytes, &config.tile_port_bytes, &config.output_lanes) != 14) {
    throw std::invalid_argument("not a configuration of a fused block: " + name);
  }
  config.mode = std::string(mode) == "fixed" ? isa::machine::FusedMode::fixed : isa::machine::FusedMode::elastic;
  return config;
}

/// Every configuration that the default build verilates (rtl/fused/CMakeLists.txt).
inline const std::vector<std::string> verilated_fused_configurations = {
    "1x1_fixed_l1_a1_q0_w32_f1_m8_p400_v3_t2048_b1_o1",     "1x1_elastic_l3_a1_q4_w20_f2_m16_p64_v8_t512_b5_o1",
    "2x3_elastic_l4_a2_q5_w20_f2_m24_p100_v5_t1024_b4_o2",  "1x5_fixed_l6_a6_q0_w20_f3_m20_p128_v20_t1000_b7_o3",
    "4x4_elastic_l8_a3_q8_w18_f4_m32_p200_v16_t2048_b8_o5", "4x4_fixed_l5_a5_q0_w20_f1_m32_p128_v32_t2048_b16_o16"};

}  // namespace fusesim::test
