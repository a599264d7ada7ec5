// SPDX-License-Identifier: Apache-2.0
#include "sim/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "hw/isa/nearest.h"

namespace fusesim::report {
namespace {

/// Every digit needed to read the same value back; empty for an empty cell.
struct Exact {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(double value) const { return std::isfinite(value) ? fmt::format("{}", value) : std::string(); }
  std::string operator()(Fixed fixed) const {
    return std::isfinite(fixed.value) ? fmt::format("{:.{}f}", fixed.value, fixed.decimals) : std::string();
  }
  template <typename Integer>
  std::string operator()(Integer value) const {
    return fmt::format("{}", value);
  }
};

std::string for_terminal(const Cell& cell, const Column& column) {
  if (const auto* value = std::get_if<double>(&cell); value != nullptr && std::isfinite(*value)) {
    return fmt::format("{:.{}f}", *value, column.decimals);
  }
  if (const auto* value = std::get_if<bool>(&cell)) return *value ? "yes" : "no";
  std::string text = std::visit(Exact{}, cell);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text.empty() ? "-" : text;
}

bool is_number(const Cell& cell) {
  return std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<std::uint64_t>(cell) ||
         std::holds_alternative<double>(cell) || std::holds_alternative<Fixed>(cell);
}

/// Terminal columns `text` takes: its code points, taking each for one column wide.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void write_terminal(std::ostream& out, const Table& table) {
  struct Printed {
    std::vector<std::string> cells;  // Name, unit, then a cell a row.
    std::size_t width = 0;
    bool right = false;
  };
  std::vector<Printed> columns;
  bool units = false;
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const Column& column = table.columns()[i];
    if (column.detail) continue;
    Printed printed{{column.name, column.unit.empty() ? "" : '[' + column.unit + ']'}};
    units = units || !column.unit.empty();
    for (const auto& row : table.rows()) {
      printed.cells.push_back(for_terminal(row[i], column));
      printed.right = printed.right || is_number(row[i]);
    }
    for (const std::string& cell : printed.cells) printed.width = std::max(printed.width, width(cell));
    columns.push_back(std::move(printed));
  }
  if (!table.title().empty()) out << table.title() << "\n\n";
  const auto line = [&](std::size_t index) {
    std::string text;
    for (const Printed& column : columns) {
      if (!text.empty()) text += "  ";
      const std::string& cell = column.cells[index];
      const std::string gap(column.width - width(cell), ' ');
      text += column.right ? gap + cell : cell + gap;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  };
  line(0);
  if (units) line(1);
  std::string rule;
  for (const Printed& column : columns) rule += (rule.empty() ? "" : "  ") + std::string(column.width, '-');
  out << rule << '\n';
  for (std::size_t row = 0; row < table.rows().size(); ++row) line(row + 2);
  if (!table.notes().empty()) out << '\n';
  for (const std::string& note : table.notes()) out << note << '\n';
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

void write_csv(std::ostream& out, const Table& table) {
  std::string line;
  for (const Column& column : table.columns()) line += (line.empty() ? "" : ",") + csv_field(column.name);
  out << line << '\n';
  for (const auto& row : table.rows()) {
    line.clear();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += ',';
      line += csv_field(std::visit(Exact{}, row[i]));
    }
    // A line with nothing on it is no record; quotes make it one empty field.
    out << (line.empty() ? "\"\"" : line) << '\n';
  }
}

void write_json(std::ostream& out, const Table& table) {
  using Json = nlohmann::ordered_json;
  Json json = {{"title", table.title()}, {"columns", Json::array()}, {"rows", Json::array()}};
  for (const Column& column : table.columns()) {
    json["columns"].push_back({{"name", column.name}, {"unit", column.unit}, {"description", column.description}});
  }
  for (const auto& row : table.rows()) {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      Json& value = object[table.columns()[i].name];
      std::visit(
          [&](const auto& cell) {
            using T = std::decay_t<decltype(cell)>;
            if constexpr (std::is_same_v<T, Fixed>) {
              value = cell.value;
            } else if constexpr (!std::is_same_v<T, std::monostate>) {
              value = cell;
            }
          },
          row[i]);
    }
    json["rows"].push_back(std::move(object));
  }
  json["notes"] = table.notes();
  // Text that is not UTF-8 (a file name, say) must not stop a report.
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace

Format parse_format(std::string_view text) {
  static constexpr std::array<std::string_view, 3> valid = {"table", "csv", "json"};
  const auto at = std::find(valid.begin(), valid.end(), text);
  if (at == valid.end()) {
    throw std::invalid_argument(fmt::format("unknown format '{}'{}", text, names::suggestion(text, valid)));
  }
  return static_cast<Format>(at - valid.begin());
}

Table::Table(std::string title, std::vector<Column> columns) : title_(std::move(title)), columns_(std::move(columns)) {
  std::set<std::string_view> seen;
  for (const Column& column : columns_) {
    if (column.name.empty()) throw std::logic_error("a report column has no name");
    if (!seen.insert(column.name).second) throw std::logic_error("two report columns are named " + column.name);
  }
}

void Table::add_row(std::vector<Cell> cells) {
  if (cells.size() != columns_.size()) {
    throw std::logic_error(fmt::format("a report row has {} cells for {} columns", cells.size(), columns_.size()));
  }
  rows_.push_back(std::move(cells));
}

Table Table::select(const std::vector<std::string>& names) const {
  std::vector<std::size_t> chosen;
  std::vector<Column> columns;
  for (const std::string& name : names) {
    const auto at = std::find_if(columns_.begin(), columns_.end(), [&](const Column& c) { return c.name == name; });
    if (at == columns_.end()) {
      std::vector<std::string> valid;
      for (const Column& column : columns_) valid.push_back(column.name);
      throw std::invalid_argument(fmt::format("unknown column '{}'{}", name, names::suggestion(name, valid)));
    }
    const auto index = static_cast<std::size_t>(at - columns_.begin());
    if (std::find(chosen.begin(), chosen.end(), index) != chosen.end()) {
      throw std::invalid_argument(fmt::format("column '{}' is named twice; name it once", name));
    }
    chosen.push_back(index);
    columns.push_back(*at);
    columns.back().detail = false;
  }
  Table table(title_, std::move(columns));
  for (const auto& row : rows_) {
    std::vector<Cell> cells;
    for (const std::size_t index : chosen) cells.push_back(row[index]);
    table.add_row(std::move(cells));
  }
  table.notes_ = notes_;
  return table;
}

void write(std::ostream& out, const Table& table, Format format) {
  switch (format) {
    case Format::table:
      return write_terminal(out, table);
    case Format::csv:
      return write_csv(out, table);
    case Format::json:
      return write_json(out, table);
  }
}

std::string text_of(const Table& table, Format format) {
  std::ostringstream text;
  write(text, table, format);
  return text.str();
}

}  // namespace fusesim::report
