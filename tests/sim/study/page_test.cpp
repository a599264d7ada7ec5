// SPDX-License-Identifier: Apache-2.0
// docs/results.md shows what `fusesim sweep --paper archon` prints.
#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "../sweep/read_file.h"

namespace fusesim {
namespace {

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::string output;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  if (pclose(pipe) != 0) throw std::runtime_error(command + " failed: " + output);
  return output;
}

TEST(ResultsPage, ShowsTheComparisonWithTheArchonStudyAsItIsPrinted) {
  const std::string page = read_file(FUSESIM_DOCS "/results.md"), fence = "```text\n";
  const std::size_t command = page.find("\n    fusesim sweep --paper archon\n");
  ASSERT_NE(command, std::string::npos);
  const std::size_t begin = page.find(fence, command) + fence.size();
  EXPECT_EQ(output_of("'" FUSESIM_PROGRAM "' sweep --paper archon"),
            page.substr(begin, page.find("```", begin) - begin))
      << "tools/write-machine-results puts it there; see whether the text still holds";
}

}  // namespace
}  // namespace fusesim
