// SPDX-License-Identifier: Apache-2.0
// rtl/machines.cmake names the array and the fused block of each preset machine; the machine has the last word.
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

#include "rtl/fused/verilated_fused_core.h"
#include "rtl/verilated_array.h"
#include "sim/config/machine_config.h"

namespace fusesim::rtl {
namespace {

struct Names {
  std::string array, fused;
  bool operator==(const Names&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Names& names) {
  return out << names.array << " " << names.fused;
}

/// What the build makes of machines.cmake: lines of preset, array and perhaps fused block.
std::map<std::string, Names> built() {
  std::map<std::string, Names> machines;
  std::istringstream lines(FUSESIM_RTL_MACHINES);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string preset;
    Names names;
    words >> preset >> names.array >> names.fused;
    machines[preset] = names;
  }
  return machines;
}

TEST(RtlMachines, NameTheArrayAndTheFusedBlockOfEveryPreset) {
  std::map<std::string, Names> expected;
  for (const config::Preset& preset : config::presets()) {
    const isa::machine::CoreConfig core = config::core_of(config::load(preset.name));
    expected[std::string(preset.name)] = {configuration_name(core.array),
                                          core.fused.present ? configuration_name(core.fused) : ""};
  }
  EXPECT_EQ(built(), expected);
  EXPECT_EQ(expected.at("archon-8x8").fused, "8x8_elastic_l24_a6_q30_w20_f4_m1024_p384_v64_t16384_b16_o8");
}

}  // namespace
}  // namespace fusesim::rtl
