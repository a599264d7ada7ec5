// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/progress.h"

#include <fmt/format.h>

#include <ostream>

namespace fusesim::sweep {

std::string progress_line(std::size_t done, std::size_t reused, std::size_t total,
                          std::chrono::duration<double> elapsed) {
  constexpr std::size_t width = 30;
  const std::size_t filled = total == 0 ? width : width * done / total;
  std::string line =
      fmt::format("[{}{}] {}/{} points", std::string(filled, '#'), std::string(width - filled, '.'), done, total);
  if (done > reused && done < total) {
    const double seconds = elapsed.count() / static_cast<double>(done - reused) * static_cast<double>(total - done);
    const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
    line += fmt::format(", {}:{:02} left", whole / 60, whole % 60);
  }
  return line;
}

std::string interrupted_line(std::size_t done, std::size_t total, const std::filesystem::path& partial) {
  return fmt::format("fusesim: interrupted after {} of {} points; {}\n", done, total,
                     partial.empty()
                         ? "they are lost: with --out DIR a sweep can be continued"
                         : fmt::format("their rows are in {}; the same command with --out {} goes on from there",
                                       partial.string(), partial.parent_path().string()));
}

ProgressBar::ProgressBar(std::ostream& terminal)
    : terminal_(terminal), begin_(std::chrono::steady_clock::now()), drawn_(begin_) {}

ProgressBar::~ProgressBar() {
  terminal_ << "\r\033[K" << std::flush;
}

void ProgressBar::update(std::size_t done, std::size_t total) {
  const auto now = std::chrono::steady_clock::now();
  const bool first = !reused_;
  if (first) reused_ = done;
  if (!first && done < total && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  terminal_ << '\r' << progress_line(done, *reused_, total, now - begin_) << "\033[K" << std::flush;
}

}  // namespace fusesim::sweep
