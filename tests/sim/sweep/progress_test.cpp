// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace fusesim::sweep {
namespace {

using namespace std::chrono_literals;

TEST(SweepProgress, TimeLeftComesFromThePointsThisRunComputed) {
  // 40 of 60 came from the journal; 20 took 10 s, so the other 40 take 20 s.
  EXPECT_EQ(progress_line(60, 40, 100, 10s), "[##################............] 60/100 points, 0:20 left");
  EXPECT_EQ(progress_line(50, 0, 100, 200s), "[###############...............] 50/100 points, 3:20 left");
}

TEST(SweepProgress, NothingIsSaidOfTheTimeLeftBeforeThereIsAMeasure) {
  EXPECT_EQ(progress_line(40, 40, 100, 1s), "[############..................] 40/100 points");
  EXPECT_EQ(progress_line(100, 40, 100, 1s), "[##############################] 100/100 points");
}

TEST(SweepProgress, BarIsErasedAtTheEnd) {
  std::ostringstream terminal;
  {
    ProgressBar bar(terminal);
    bar.update(0, 2);
    bar.update(2, 2);
  }
  EXPECT_NE(terminal.str().find("2/2 points"), std::string::npos);
  EXPECT_TRUE(terminal.str().ends_with("\r\033[K"));
}

}  // namespace
}  // namespace fusesim::sweep
