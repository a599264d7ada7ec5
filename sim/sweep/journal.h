// SPDX-License-Identifier: Apache-2.0
// Finished points of a sweep on disk, so that an interrupted sweep goes on where it stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sim/sweep/point.h"
#include "sim/sweep/result.h"

namespace fusesim::sweep {

/// `DIR/journal.txt`: one line a finished point, appended with a single write so that a killed process leaves whole
/// lines, and put on the disk about once a second. A line carries the key of its point (which covers the model
/// version), its figures, the point in columns that a person can read, and a digest of itself: lines that are torn or
/// damaged, or were written by another model version, are ignored.
class Journal {
 public:
  /// Creates `directory` if need be, reads what is finished and locks the file. Throws std::runtime_error naming the
  /// path and the reason: cannot be created or written, or another sweep is using it.
  explicit Journal(const std::filesystem::path& directory);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  [[nodiscard]] std::optional<Result> find(const Point& point) const;
  /// Whole lines read when the journal was opened, and lines ignored because they were damaged.
  [[nodiscard]] std::size_t loaded() const { return loaded_; }
  [[nodiscard]] std::size_t damaged() const { return damaged_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Not thread safe. Throws std::runtime_error when the disk refuses.
  void append(const Point& point, const Result& result);
  /// Puts what was appended on the disk.
  void sync();

 private:
  void load(std::string_view text);
  void write(std::string_view text);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::unordered_map<std::uint64_t, Result> results_;
  std::size_t loaded_ = 0, damaged_ = 0;
  std::chrono::steady_clock::time_point synced_;
};

}  // namespace fusesim::sweep
