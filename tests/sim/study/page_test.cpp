// SPDX-License-Identifier: Apache-2.0
// docs/results.md shows what `fusesim sweep --paper archon` prints.
#include <gtest/gtest.h>

#include <string>

#include "../sweep/read_file.h"
#include "tests/support/program_output.h"

namespace fusesim {
namespace {

TEST(ResultsPage, ShowsTheComparisonWithTheArchonStudyAsItIsPrinted) {
  const std::string page = read_file(FUSESIM_DOCS "/results.md"), fence = "```text\n";
  const std::size_t command = page.find("\n    fusesim sweep --paper archon\n");
  ASSERT_NE(command, std::string::npos);
  const std::size_t begin = page.find(fence, command) + fence.size();
  EXPECT_EQ(test::output_of("'" FUSESIM_PROGRAM "' sweep --paper archon"),
            page.substr(begin, page.find("```", begin) - begin))
      << "a figure changed: raise figures_version (sim/study/point.h); tools/write-machine-results puts the output "
         "there; "
         "see whether the text still holds";
}

}  // namespace
}  // namespace fusesim
