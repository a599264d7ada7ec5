// SPDX-License-Identifier: Apache-2.0
// A progress bar on a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>

namespace fusesim::sweep {

/// "[#####.......] 120/504 points, 0:31 left". `reused` of the `done` points cost no time; nothing can be said of the
/// time left before the first other one.
[[nodiscard]] std::string progress_line(std::size_t done, std::size_t reused, std::size_t total,
                                        std::chrono::duration<double> elapsed);

/// Redraws its line in place at most ten times a second and erases it when done.
class ProgressBar {
 public:
  explicit ProgressBar(std::ostream& terminal);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// One call at a time. The first call tells how many points cost nothing.
  void update(std::size_t done, std::size_t total);

 private:
  std::ostream& terminal_;
  std::chrono::steady_clock::time_point begin_, drawn_;
  std::optional<std::size_t> reused_;
};

}  // namespace fusesim::sweep
