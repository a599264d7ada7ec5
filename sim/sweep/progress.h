// SPDX-License-Identifier: Apache-2.0
// How far a sweep has come: a progress bar on a terminal, and the line that ends an interrupted one.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

namespace fusesim::sweep {

/// "[#####.......] 120/504 points, 0:31 left". `reused` of the `done` points cost no time; nothing can be said of the
/// time left before the first other one.
[[nodiscard]] std::string progress_line(std::size_t done, std::size_t reused, std::size_t total,
                                        std::chrono::duration<double> elapsed);

/// The line that ends an interrupted sweep. `partial` is where the rows of its finished points are, beside the journal;
/// empty when nothing was kept.
[[nodiscard]] std::string interrupted_line(std::size_t done, std::size_t total, const std::filesystem::path& partial);

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
