// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/read_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace fusesim::isa {
namespace {

class Input {
 public:
  explicit Input(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail();
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { ::close(descriptor_); }

  /// The number of bytes read, 0 at the end.
  std::size_t read(char* to, std::size_t size) const {
    for (;;) {
      const ssize_t count = ::read(descriptor_, to, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail();
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error(
        fmt::format("{}: cannot read: {}", path_.string(), std::generic_category().message(errno)));
  }

  const std::filesystem::path& path_;
  int descriptor_ = -1;
};

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t most) {
  const Input input(path);
  std::string text;
  for (;;) {
    // One byte more than allowed tells a text that is too long from one that just fits.
    constexpr std::size_t block = std::size_t{1} << 16;
    const std::size_t before = text.size();
    text.resize(before + std::min(block, most + 1 - before));
    const std::size_t count = input.read(text.data() + before, text.size() - before);
    text.resize(before + count);
    if (count == 0) return text;
    if (text.size() > most) {
      throw std::runtime_error(fmt::format(
          "{}: longer than {} bytes, the most that is read as text; is it the right file?", path.string(), most));
    }
  }
}

}  // namespace fusesim::isa
