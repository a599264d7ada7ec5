// SPDX-License-Identifier: Apache-2.0
// Finished points of the comparison with the ARCHON study on disk, so that an interrupted one goes on where it stopped.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "sim/study/point.h"
#include "sim/sweep/journal_file.h"

namespace fusesim::sweep {

/// `DIR/archon_journal.txt`: a line has a point's figures, the version of the figures and the point in words. What
/// another version wrote is ignored.
class StudyJournal {
 public:
  /// Throws std::runtime_error as JournalFile does.
  explicit StudyJournal(const std::filesystem::path& directory);

  [[nodiscard]] std::optional<study::Result> find(const study::Point& point) const;
  void append(const study::Point& point, const study::Result& result);
  [[nodiscard]] const JournalFile& file() const { return file_; }

 private:
  bool read(std::string_view line);

  std::map<std::string, study::Result> results_;  ///< By version and description.
  JournalFile file_;
};

}  // namespace fusesim::sweep
