// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace fusesim::sweep {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view action, int error) {
  throw std::runtime_error(
      fmt::format("{}: cannot {}: {}", path.string(), action, std::generic_category().message(error)));
}

std::string digest(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

}  // namespace

JournalFile::JournalFile(const std::filesystem::path& directory, std::string_view name, std::string_view heading,
                         const std::function<bool(std::string_view line)>& read)
    : path_(directory / name), synced_(std::chrono::steady_clock::now()) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    throw std::runtime_error(fmt::format("{}: cannot create the output directory: {}; choose another --out",
                                         directory.string(), error.message()));
  }
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(path_, "write", errno);
  // The lock goes with the descriptor, however the process ends.
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    if (reason == EWOULDBLOCK) {
      throw std::runtime_error(
          fmt::format("{}: another sweep is writing here; wait for it or choose another --out", directory.string()));
    }
    fail(path_, "lock", reason);
  }
  try {
    std::ifstream file(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (file.bad()) fail(path_, "read", EIO);
    load(text, read);
    if (text.empty()) {
      write(heading);
    } else if (text.back() != '\n') {
      write("\n");  // Ends a torn line, so that the next one stands by itself.
    }
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

JournalFile::~JournalFile() {
  ::fdatasync(descriptor_);
  ::close(descriptor_);
}

void JournalFile::load(std::string_view text, const std::function<bool(std::string_view line)>& read) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t last = line.rfind(' ');
    const bool whole = last != std::string_view::npos && digest(line.substr(0, last)) == line.substr(last + 1);
    ++(whole && read(line.substr(0, last)) ? loaded_ : damaged_);
  }
}

void JournalFile::tell_damage(std::ostream& messages) const {
  if (damaged_ == 0) return;
  messages << fmt::format("fusesim: {}: ignored {} damaged line{}; what stood there is computed again\n",
                          path_.string(), damaged_, damaged_ == 1 ? "" : "s");
}

void JournalFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "write", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void JournalFile::append(std::string_view line) {
  write(fmt::format("{} {}\n", line, digest(line)));
  const auto now = std::chrono::steady_clock::now();
  if (now - synced_ > std::chrono::seconds(1)) sync();
}

void JournalFile::sync() {
  synced_ = std::chrono::steady_clock::now();
  if (::fdatasync(descriptor_) != 0) fail(path_, "write", errno);
}

}  // namespace fusesim::sweep
