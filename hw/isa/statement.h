// SPDX-License-Identifier: Apache-2.0
// Reading the text forms: lines of words, names in quotes and field=value pairs (docs/isa.md). What is wrong with a
// line is a LineError; for_each_statement() adds file and line.
#pragma once

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hw/isa/names.h"
#include "hw/isa/program.h"
#include "hw/isa/program_kind.h"

namespace fusesim::isa::text {

/// An error of the line being read; the caller adds file and line.
class LineError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw LineError(fmt::format(format, std::forward<Args>(args)...));
}

/// What of a user's text is worth repeating in a message: a few printable characters.
[[nodiscard]] std::string shown(std::string_view text);

template <typename T>
T number(std::string_view what, std::string_view text) {
  T value = 0;
  const bool hex = text.starts_with("0x");
  const std::string_view digits = text.substr(hex ? 2 : 0);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    fail("{}: '{}' is not a number from {} to {}", what, shown(text), std::numeric_limits<T>::min(),
         std::numeric_limits<T>::max());
  }
  return value;
}

/// As many numbers as n, with a separator between them; `form` shows what is expected.
template <std::size_t n, typename T = std::uint32_t>
std::array<T, n> numbers(std::string_view what, std::string_view text, char separator, std::string_view form) {
  std::array<T, n> values{};
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t end = text.find(separator);
    if ((end == std::string_view::npos) != (i + 1 == n)) fail("{}: must have the form {}", what, form);
    values[i] = number<T>(what, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return values;
}

/// A number from -128 to 127.
[[nodiscard]] std::int8_t int8(std::string_view what, std::string_view text);

/// "1,2,3"
[[nodiscard]] std::vector<std::uint32_t> list(std::string_view what, std::string_view text);

template <typename E>
E named(NameTable<E> table, std::string_view what, std::string_view text) {
  try {
    return value_in(table, what, shown(text));
  } catch (const std::invalid_argument& error) {
    throw LineError(error.what());
  }
}

/// Appends the bytes of hexadecimal digits, two each.
void read_values(const std::string& digits, std::vector<std::int8_t>& values);

struct Token {
  std::string text;
  bool quoted = false;
};

/// The tokens of one statement, handed out in order, then its key=value fields.
class Statement {
 public:
  /// Splits a line into words and "quoted names"; # starts a comment.
  explicit Statement(std::string_view line);

  [[nodiscard]] bool empty() const { return tokens_.empty(); }
  [[nodiscard]] const std::string& word(std::string_view what);
  [[nodiscard]] const std::string& quoted(std::string_view what);
  /// Indices are written out so that a reader finds his way, and checked so that they do not lie.
  void index(std::string_view what, std::size_t expected);
  /// Takes the rest as key=value pairs, keys out of `valid`, each at most once.
  void read_fields(std::span<const std::string_view> valid);

  [[nodiscard]] std::optional<std::string_view> field(std::string_view key) const;
  [[nodiscard]] std::string_view required(std::string_view key) const;
  /// Sets `value` when the field is there.
  template <typename T>
  void set(std::string_view key, T& value) const {
    if (const auto text = field(key)) value = number<T>(key, *text);
  }
  void set(std::string_view key, std::int8_t& value) const {
    if (const auto text = field(key)) value = int8(key, *text);
  }

  /// All words must have been taken.
  void end() const;
  [[nodiscard]] bool at_end() const { return at_ == tokens_.size(); }

 private:
  const Token& next(std::string_view what);

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// The fields of an 'array' line.
[[nodiscard]] ArrayConfig read_array(Statement& statement);

/// Names of the fields that read_geometry() looks at.
inline constexpr std::string_view geometry_keys[] = {"in", "out", "kernel", "stride", "dilation", "pad", "groups"};
[[nodiscard]] ConvGeometry read_geometry(const Statement& statement);

/// Takes the statements of a text one by one, without the first, which says version and kind.
class StatementReader {
 public:
  StatementReader(std::string_view text, const std::string& file, ProgramKind kind)
      : rest_(text), file_(file), kind_(kind) {}

  /// Calls read(keyword, statement) for each statement. Throws TextError "FILE:LINE: message" when that throws a
  /// LineError, when words are left over, and when the text does not begin as it must.
  template <typename Read>
  void for_each(Read read) {
    while (next_line()) {
      try {
        Statement statement(current_);
        if (statement.empty()) continue;
        const std::string keyword = statement.word("keyword");
        if (!version_seen_ || keyword == "fusesim") {
          read_version(keyword, statement);
        } else {
          read(keyword, statement);
        }
        statement.end();
      } catch (const LineError& error) {
        fail_at(line_, error.what());
      }
    }
    if (!version_seen_) fail_at(line_, fmt::format("the text is empty; it must start with '{}'", first_line()));
  }

  /// Of the statement that is being read, from 1.
  [[nodiscard]] std::size_t line() const { return line_; }
  /// Remembers where a statement stands that may be given once.
  void once(std::size_t& line, std::string_view keyword) const;
  [[noreturn]] void fail_at(std::size_t line, const std::string& message) const;

 private:
  bool next_line();
  void read_version(const std::string& keyword, Statement& statement);
  [[nodiscard]] std::string first_line() const;

  std::string_view rest_, current_;
  const std::string& file_;
  ProgramKind kind_;
  std::size_t line_ = 0;
  bool version_seen_ = false;
};

}  // namespace fusesim::isa::text
