// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace fusesim::isa {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int error) {
  throw std::runtime_error(fmt::format("{}: cannot write: {}", path.string(), std::generic_category().message(error)));
}

/// Owns a descriptor and, until it is kept, the temporary file behind it.
class Output {
 public:
  Output(int descriptor, std::string temporary) : descriptor_(descriptor), temporary_(std::move(temporary)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  /// Each of these returns an errno, 0 on success.
  int write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
  }
  int sync() const { return ::fsync(descriptor_) == 0 ? 0 : errno; }
  int close() {
    const int result = ::close(descriptor_);
    descriptor_ = -1;
    return result == 0 ? 0 : errno;
  }
  int keep_as(const fs::path& path) {
    if (::rename(temporary_.c_str(), path.c_str()) != 0) return errno;
    temporary_.clear();
    return 0;
  }
  /// mkstemp makes files only their owner may read; give the mode a plain new file (or the old one) has.
  int set_mode(mode_t mode) const { return ::fchmod(descriptor_, mode) == 0 ? 0 : errno; }

 private:
  int descriptor_;
  std::string temporary_;
};

void check(const fs::path& path, int error) {
  if (error != 0) fail(path, error);
}

mode_t mode_for(const struct stat* existing) {
  if (existing != nullptr) return existing->st_mode & 07777;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

void write_in_place(const fs::path& path, std::string_view bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, errno);
  Output output(descriptor, {});
  check(path, output.write(bytes));
  check(path, output.close());
}

bool is_regular(const fs::path& path, const struct stat& existing) {
  if (S_ISDIR(existing.st_mode)) fail(path, EISDIR);
  return S_ISREG(existing.st_mode);
}

/// A temporary file beside `target`, for `path`.
Output open_beside(const fs::path& path, const fs::path& target) {
  std::string temporary = target.string() + ".XXXXXX";
  const int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0) fail(path, errno);
  return {descriptor, temporary};
}

/// A symbolic link stays one: what it points to is replaced.
fs::path target_of(const fs::path& path, bool exists) {
  return exists ? fs::canonical(path) : path;
}

}  // namespace

void write_file(const fs::path& path, std::string_view bytes) {
  struct stat existing {};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  if (exists && !is_regular(path, existing)) return write_in_place(path, bytes);
  const fs::path target = target_of(path, exists);
  Output output = open_beside(path, target);
  check(path, output.set_mode(mode_for(exists ? &existing : nullptr)));
  check(path, output.write(bytes));
  check(path, output.sync());
  check(path, output.close());
  check(path, output.keep_as(target));
}

void check_writable(const fs::path& path) {
  struct stat existing {};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  if (exists && !is_regular(path, existing)) {
    // Not opened: the reader of a pipe would take that for the whole of it.
    if (::access(path.c_str(), W_OK) != 0) fail(path, errno);
  } else {
    static_cast<void>(open_beside(path, target_of(path, exists)));
  }
}

}  // namespace fusesim::isa
