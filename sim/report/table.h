// SPDX-License-Identifier: Apache-2.0
// The one way results leave fusesim: a table of typed cells written for a terminal, as CSV or as JSON.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fusesim::report {

enum class Format : std::uint8_t { table, csv, json };

/// "table", "csv" or "json". Throws std::invalid_argument naming the nearest format.
[[nodiscard]] Format parse_format(std::string_view text);

/// A number with as many decimals as it is known to, in every format: a figure printed elsewhere, a truncated count.
struct Fixed {
  double value = 0;
  int decimals = 0;
};

/// An empty cell, or a value. Integers are exact; a number that is not finite is written as an empty cell.
using Cell = std::variant<std::monostate, std::string, std::int64_t, std::uint64_t, double, Fixed, bool>;

struct Column {
  std::string name;         ///< snake_case; the CSV header and the JSON key.
  std::string unit;         ///< "cycles", "M"; empty for names and plain counts.
  std::string description;  ///< One line.
  int decimals = 3;         ///< Of a double in the terminal table; CSV and JSON have every digit.
  bool detail = false;      ///< Left out of the terminal table.
};

class Table {
 public:
  /// Throws std::logic_error when a column name is empty or appears twice.
  Table(std::string title, std::vector<Column> columns);

  /// Throws std::logic_error when the number of cells is not the number of columns.
  void add_row(std::vector<Cell> cells);
  /// A line under the table: which model, which assumption. Not part of CSV.
  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  /// The same report with these columns in this order, details among them shown on a terminal too. Throws
  /// std::invalid_argument naming the nearest column when there is none of a name, or when one is named twice.
  [[nodiscard]] Table select(const std::vector<std::string>& names) const;

  [[nodiscard]] const std::string& title() const { return title_; }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const std::vector<std::vector<Cell>>& rows() const { return rows_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string title_;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::string> notes_;
};

/// Terminal: aligned columns under names and units, numbers to the right. CSV: header and RFC 4180 quoting, lines end
/// in LF. JSON: {"title", "columns": [{"name", "unit", "description"}], "rows": [{name: value}], "notes"}.
void write(std::ostream& out, const Table& table, Format format);
[[nodiscard]] std::string text_of(const Table& table, Format format);

}  // namespace fusesim::report
