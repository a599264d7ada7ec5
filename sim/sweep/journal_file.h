// SPDX-License-Identifier: Apache-2.0
// The file under a journal: lines that outlive the process that wrote them.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string_view>

namespace fusesim::sweep {

/// One line a finished point, appended with a single write so that a killed process leaves whole lines, and put on the
/// disk about once a second. A line ends with a digest of itself: those that are torn or damaged are ignored.
class JournalFile {
 public:
  /// Creates `directory` if need be, locks the file and hands every whole line, without its digest, to `read`, which
  /// says whether it can make something of it. A new file begins with `heading`, lines that start with '#'. Throws
  /// std::runtime_error naming the path and the reason: cannot be created or written, or another sweep is using it.
  JournalFile(const std::filesystem::path& directory, std::string_view name, std::string_view heading,
              const std::function<bool(std::string_view line)>& read);
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  /// Whole lines read when the file was opened, and lines ignored because they were damaged.
  [[nodiscard]] std::size_t loaded() const { return loaded_; }
  [[nodiscard]] std::size_t damaged() const { return damaged_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// One line about the ignored lines, if there are any.
  void tell_damage(std::ostream& messages) const;
  /// Not thread safe. Throws std::runtime_error when the disk refuses.
  void append(std::string_view line);
  /// Puts what was appended on the disk.
  void sync();

 private:
  void load(std::string_view text, const std::function<bool(std::string_view line)>& read);
  void write(std::string_view text);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::size_t loaded_ = 0, damaged_ = 0;
  std::chrono::steady_clock::time_point synced_;
};

}  // namespace fusesim::sweep
