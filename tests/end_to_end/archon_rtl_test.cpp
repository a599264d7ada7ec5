// SPDX-License-Identifier: Apache-2.0
// A network with predicted blocks on the SystemVerilog of the preset archon-8x8, started as a user starts it.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace fusesim::end_to_end {
namespace {

/// What the program prints; "fidelity" is left out, having been checked.
nlohmann::json run(const std::string& fidelity) {
  const std::string command =
      "'" FUSESIM_PROGRAM "' run fusionet_c10 --machine archon-8x8 --fused --input-size 8 --format json --fidelity " +
      fidelity;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::string output;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command;
  nlohmann::json result = nlohmann::json::parse(output);
  EXPECT_EQ(result.at("fidelity"), fidelity);
  result.erase("fidelity");
  return result;
}

TEST(ArchonRtl, FusionetOnTheVerilatedMachineEqualsTheEventModelInEveryCountAndDigest) {
  const nlohmann::json event = run("event");
  EXPECT_EQ(run("rtl"), event);
  EXPECT_EQ(event.at("digest").get<std::string>().size(), 16U);
  EXPECT_GT(event.at("cycles"), 100'000U);
  EXPECT_GT(event.at("fused").at("queue_stalls"), 0U);
  EXPECT_GT(event.at("fused").at("predictor_additions"), 0U);
}

}  // namespace
}  // namespace fusesim::end_to_end
