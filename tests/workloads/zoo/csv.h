// SPDX-License-Identifier: Apache-2.0
// Reads the reference tables in tests/data: comma-separated, a header, no quoting.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace fusesim::tests {

using CsvRow = std::map<std::string, std::string>;

inline std::vector<std::string> split_line(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

inline std::vector<CsvRow> read_csv(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = split_line(line);
  std::vector<CsvRow> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = split_line(line);
    if (cells.size() != header.size()) throw std::runtime_error(path + ": bad row: " + line);
    CsvRow row;
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace fusesim::tests
