// SPDX-License-Identifier: Apache-2.0
// Writes value change dumps (IEEE 1364-2005, clause 18) of a window of the run. The bytes depend on the signals and
// their values only: no date, no host, no program version.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fusesim::waves {

/// A file that cannot be written. what() names the file and the system's reason.
class VcdError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Clock cycles [first, end).
struct Window {
  std::uint64_t first = 0;
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  [[nodiscard]] bool contains(std::uint64_t cycle) const { return cycle >= first && cycle < end; }
  bool operator==(const Window&) const = default;
};

/// What the numbers after # mean.
struct VcdTime {
  std::string unit = "1ns";           ///< 1, 10 or 100 of s, ms, us, ns, ps or fs.
  std::uint64_t units_per_cycle = 1;  ///< At least 1.
};

/// Use: declare scopes and signals, then at() and change() in ascending cycles, then close().
///
/// The first cycle of the window is dumped in full, later ones as changes only; changes before the window are
/// remembered and not written. A signal that has not been given a value is unknown (x). After the last change a bare
/// time stamp ends the file: the end of the last cycle seen within the window.
///
/// When a write fails, the file is removed (unless it is a device or a pipe) and VcdError is thrown. When the writer is
/// destroyed without close(), the file is kept and ended with a comment that says so.
class VcdWriter {
 public:
  class Signal {
   public:
    Signal() = default;

   private:
    friend class VcdWriter;
    explicit Signal(std::uint32_t index) : index_(index) {}
    std::uint32_t index_ = 0;
  };

  /// Creates the file. Throws VcdError when it cannot, std::invalid_argument when the window is empty or `time` is
  /// not as described.
  VcdWriter(const std::filesystem::path& path, const VcdTime& time, Window window = {});
  ~VcdWriter();
  VcdWriter(const VcdWriter&) = delete;
  VcdWriter& operator=(const VcdWriter&) = delete;

  // Declarations, before the first at(). Names are printable and without spaces, else std::invalid_argument.
  void open_scope(std::string_view name);
  /// Throws std::logic_error when none is open.
  void close_scope();
  Signal add_bit(std::string_view name);
  /// 1 to 64 bits.
  Signal add_vector(std::string_view name, unsigned bits);
  /// 1 to 64 bits, two's complement. Declared as an integer, which viewers show in signed decimal.
  Signal add_signed(std::string_view name, unsigned bits);

  /// The changes that follow happen in `cycle`. Throws std::logic_error when it is less than the last one.
  void at(std::uint64_t cycle);
  /// The low bits of `value`, as many as the signal has.
  void change(Signal signal, std::int64_t value);

  /// Ends the file. Throws VcdError when what was written did not reach the file.
  void close();

  [[nodiscard]] const Window& window() const { return window_; }

 private:
  struct State {
    std::uint64_t value = 0;
    std::uint64_t mask = 0;
    bool known = false;
    bool wide = false;
    char code[8] = {};  ///< Identifier code, up to six printable characters, and the end of the line.
    std::uint8_t code_length = 0;
  };

  Signal add(std::string_view kind, std::string_view name, unsigned bits);
  void end_declarations();
  void dump_all();
  void put_time(std::uint64_t cycle);
  void put_value(const State& signal);
  void put(std::string_view text);
  void end_file();
  void flush();
  [[noreturn]] void fail(int error);

  std::filesystem::path path_;
  Window window_;
  std::uint64_t units_per_cycle_;
  int file_ = -1;
  bool removable_ = false;  ///< A regular file: neither a device nor a pipe.
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::vector<State> signals_;
  unsigned open_scopes_ = 0;
  bool declaring_ = true;
  bool started_ = false;  ///< at() was called.
  bool dumped_ = false;   ///< The window's first cycle is written.
  bool stamped_ = false;  ///< The current cycle's time is written.
  std::uint64_t cycle_ = 0;
};

/// "100:200" (clock cycles, the second exclusive), "100:" or ":200". Throws std::invalid_argument with the reason.
[[nodiscard]] Window parse_window(std::string_view text);

}  // namespace fusesim::waves
