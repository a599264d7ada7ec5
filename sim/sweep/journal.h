// SPDX-License-Identifier: Apache-2.0
// Finished points of a sweep on disk, so that an interrupted sweep goes on where it stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <unordered_map>

#include "sim/sweep/journal_file.h"
#include "sim/sweep/point.h"
#include "sim/sweep/result.h"

namespace fusesim::sweep {

/// `DIR/journal.txt`, a JournalFile. A line carries the key of its point (which covers the model version), its figures
/// and the point in columns that a person can read. What another model version wrote is ignored.
class Journal {
 public:
  /// Throws std::runtime_error as JournalFile does.
  explicit Journal(const std::filesystem::path& directory);

  [[nodiscard]] std::optional<Result> find(const Point& point) const;
  /// Whole lines read when the journal was opened, and lines ignored because they were damaged.
  [[nodiscard]] std::size_t loaded() const { return file_.loaded(); }
  [[nodiscard]] std::size_t damaged() const { return file_.damaged(); }
  [[nodiscard]] const JournalFile& file() const { return file_; }
  /// Not thread safe. Throws std::runtime_error when the disk refuses.
  void append(const Point& point, const Result& result);
  /// Puts what was appended on the disk.
  void sync() { file_.sync(); }

 private:
  std::unordered_map<std::uint64_t, Result> results_;
  JournalFile file_;
};

}  // namespace fusesim::sweep
