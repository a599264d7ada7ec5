// SPDX-License-Identifier: Apache-2.0
#include "hw/waves/vcd_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <system_error>

namespace fusesim::waves {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20U;
// "b", the digits, a space and the code, all written in eights.
constexpr std::size_t longest_value = 1 + 64 + 1 + 8;

/// The digits of every byte.
constexpr auto byte_digits = [] {
  std::array<std::array<char, 8>, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    for (unsigned i = 0; i < 8; ++i) table[byte][i] = static_cast<char>('0' + (byte >> (7 - i) & 1U));
  return table;
}();

/// Writes a number without leading zeros and returns its end. Writes up to 64 characters.
char* put_digits(char* to, std::uint64_t value) {
  const unsigned digits = 64 - static_cast<unsigned>(std::countl_zero(value | 1U));
  const unsigned bytes = (digits + 7) / 8;
  char all[64];
  for (unsigned i = 0; i < bytes; ++i)
    std::memcpy(all + 8 * i, byte_digits[value >> (8 * (bytes - 1 - i)) & 0xffU].data(), 8);
  std::memcpy(to, all + (8 * bytes - digits), digits);
  return to + digits;
}

/// The shortest code of printable characters that no other index has.
std::string identifier_code(std::uint32_t index) {
  constexpr std::uint32_t digits = '~' - '!' + 1;
  std::string code;
  std::uint64_t rest = std::uint64_t{index} + 1;
  while (rest != 0) {
    --rest;
    code += static_cast<char>('!' + rest % digits);
    rest /= digits;
  }
  return code;
}

void check_name(std::string_view what, std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (name.empty() || !printable)
    throw std::invalid_argument(
        fmt::format("waveform {} name '{}': must be printable characters without spaces", what, name));
}

void check_unit(std::string_view unit) {
  const std::size_t digits = std::min(unit.find_first_not_of("0123456789"), unit.size());
  const std::string_view number = unit.substr(0, digits), name = unit.substr(digits);
  const bool good_number = number == "1" || number == "10" || number == "100";
  const bool good_name = name == "s" || name == "ms" || name == "us" || name == "ns" || name == "ps" || name == "fs";
  if (!good_number || !good_name)
    throw std::invalid_argument(
        fmt::format("waveform time unit '{}': must be 1, 10 or 100 of s, ms, us, ns, ps or fs, as in 1ns", unit));
}

}  // namespace

VcdWriter::VcdWriter(const std::filesystem::path& path, const VcdTime& time, Window window)
    : path_(path), window_(window), units_per_cycle_(time.units_per_cycle), buffer_(buffer_bytes) {
  if (window.first >= window.end)
    throw std::invalid_argument(fmt::format(
        "waveform window {}:{} is empty; the end must be greater than the first cycle", window.first, window.end));
  if (time.units_per_cycle == 0) throw std::invalid_argument("waveform time units per cycle is 0, must be at least 1");
  check_unit(time.unit);
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail(errno);
  struct stat status {};
  removable_ = ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
  put("$version fusesim $end\n$timescale ");
  put(time.unit);
  put(" $end\n");
}

VcdWriter::~VcdWriter() {
  if (file_ < 0) return;
  try {
    end_file();
    put("$comment The run was abandoned here. $end\n");
    flush();
    ::close(file_);
  } catch (const VcdError&) {  // Already removed; nobody is left to tell.
  }
}

void VcdWriter::open_scope(std::string_view name) {
  if (!declaring_) throw std::logic_error("waveform scopes are to be declared before the first cycle");
  check_name("scope", name);
  put("$scope module ");
  put(name);
  put(" $end\n");
  ++open_scopes_;
}

void VcdWriter::close_scope() {
  if (open_scopes_ == 0) throw std::logic_error("no waveform scope is open");
  --open_scopes_;
  put("$upscope $end\n");
}

VcdWriter::Signal VcdWriter::add_bit(std::string_view name) {
  return add("wire", name, 1);
}
VcdWriter::Signal VcdWriter::add_vector(std::string_view name, unsigned bits) {
  return add("wire", name, bits);
}
VcdWriter::Signal VcdWriter::add_signed(std::string_view name, unsigned bits) {
  return add("integer", name, bits);
}

VcdWriter::Signal VcdWriter::add(std::string_view kind, std::string_view name, unsigned bits) {
  if (!declaring_) throw std::logic_error("waveform signals are to be declared before the first cycle");
  check_name("signal", name);
  if (bits < 1 || bits > 64)
    throw std::invalid_argument(fmt::format("waveform signal '{}' has {} bits, must have 1 to 64", name, bits));
  const std::uint32_t index = static_cast<std::uint32_t>(signals_.size());
  const std::string code = identifier_code(index), line_end = code + '\n';
  State state;
  state.mask = ~std::uint64_t{0} >> (64 - bits);
  state.wide = bits > 1;
  state.code_length = static_cast<std::uint8_t>(line_end.size());
  std::copy(line_end.begin(), line_end.end(), state.code);
  signals_.push_back(state);
  put(fmt::format("$var {} {} {} {}", kind, bits, code, name));
  if (bits > 1) put(fmt::format(" [{}:0]", bits - 1));
  put(" $end\n");
  return Signal(index);
}

void VcdWriter::end_declarations() {
  while (open_scopes_ > 0) close_scope();
  put("$enddefinitions $end\n");
  declaring_ = false;
}

void VcdWriter::at(std::uint64_t cycle) {
  if (declaring_) end_declarations();
  if (started_ && cycle < cycle_)
    throw std::logic_error(fmt::format("waveform cycle {} follows cycle {}", cycle, cycle_));
  // The first cycle is dumped when it is over: only then are its values complete.
  if (started_ && !dumped_ && cycle > window_.first) dump_all();
  if (!started_ || cycle != cycle_) stamped_ = false;
  started_ = true;
  cycle_ = cycle;
}

void VcdWriter::change(Signal signal, std::int64_t value) {
  State& state = signals_[signal.index_];
  const std::uint64_t bits = static_cast<std::uint64_t>(value) & state.mask;
  if (state.known && state.value == bits) return;
  if (cycle_ >= window_.end) return;
  state.value = bits;
  state.known = true;
  if (!dumped_) {
    // Sampling may begin inside the window: what came before is unknown, and is dumped as such.
    if (cycle_ <= window_.first) return;
    state.known = false;
    dump_all();
    state.known = true;
  }
  if (!stamped_) {
    put_time(cycle_);
    stamped_ = true;
  }
  put_value(state);
}

void VcdWriter::dump_all() {
  dumped_ = true;
  put_time(window_.first);
  put("$dumpvars\n");
  for (const State& signal : signals_) put_value(signal);
  put("$end\n");
}

void VcdWriter::put_time(std::uint64_t cycle) {
  char text[24] = "#";
  char* end = std::to_chars(text + 1, text + sizeof text - 1, cycle * units_per_cycle_).ptr;
  *end++ = '\n';
  put({text, static_cast<std::size_t>(end - text)});
}

void VcdWriter::put_value(const State& signal) {
  if (buffer_.size() - used_ < longest_value) flush();
  char* to = buffer_.data() + used_;
  if (!signal.wide) {
    *to++ = signal.known ? static_cast<char>('0' + signal.value) : 'x';
  } else {
    *to++ = 'b';
    if (signal.known) {
      // Leading zeros may be left out: readers extend a number that starts with 0 or 1 by zeros.
      to = put_digits(to, signal.value);
    } else {
      *to++ = 'x';
    }
    *to++ = ' ';
  }
  std::memcpy(to, signal.code, sizeof signal.code);
  to += signal.code_length;
  used_ = static_cast<std::size_t>(to - buffer_.data());
}

void VcdWriter::put(std::string_view text) {
  while (!text.empty()) {
    if (used_ == buffer_.size()) flush();
    const std::size_t part = std::min(text.size(), buffer_.size() - used_);
    std::memcpy(buffer_.data() + used_, text.data(), part);
    used_ += part;
    text.remove_prefix(part);
  }
}

void VcdWriter::end_file() {
  if (declaring_) end_declarations();
  if (!started_ || cycle_ < window_.first) return;
  if (!dumped_) dump_all();
  const std::uint64_t end = cycle_ < window_.end ? cycle_ + 1 : window_.end;
  put_time(end);
}

void VcdWriter::close() {
  if (file_ < 0) return;
  end_file();
  flush();
  const int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail(errno);
}

void VcdWriter::flush() {
  const char* from = buffer_.data();
  while (used_ > 0) {
    const ssize_t written = ::write(file_, from, used_);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    from += written;
    used_ -= static_cast<std::size_t>(written);
  }
}

void VcdWriter::fail(int error) {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  const bool removed = removable_ && ::unlink(path_.c_str()) == 0;
  used_ = 0;
  throw VcdError(fmt::format("cannot write waveform '{}': {}{}", path_.string(), std::generic_category().message(error),
                             removed ? "; the unfinished file was removed" : ""));
}

Window parse_window(std::string_view text) {
  const auto wrong = [&](const std::string& reason) {
    return std::invalid_argument(
        fmt::format("waveform window '{}': {}; write FIRST:END in clock cycles, as in 100:200", text, reason));
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) throw wrong("has no ':'");
  const auto number = [&](std::string_view part, std::uint64_t otherwise) {
    if (part.empty()) return otherwise;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size())
      throw wrong(fmt::format("'{}' is not a cycle number", part));
    return value;
  };
  Window window;
  window.first = number(text.substr(0, colon), window.first);
  window.end = number(text.substr(colon + 1), window.end);
  if (window.first >= window.end) throw wrong("is empty");
  return window;
}

}  // namespace fusesim::waves
