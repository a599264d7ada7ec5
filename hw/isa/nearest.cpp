// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/nearest.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace fusesim::names {
namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

double substitution(char a, char b) {
  if (a == b) return 0;
  const bool separators = (a == '-' || a == '_') && (b == '-' || b == '_');
  return separators || lower(a) == lower(b) ? 0.5 : 1;
}

bool equal(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Whether `name` is how the candidate begins (or, with `at_end`, ends); one letter says too little.
bool abbreviates(std::string_view name, std::string_view candidate, bool at_end) {
  if (name.size() < 2 || name.size() >= candidate.size()) return false;
  return equal(name, candidate.substr(at_end ? candidate.size() - name.size() : 0, name.size()));
}

std::vector<std::string_view> views(std::span<const std::string> names) {
  return {names.begin(), names.end()};
}

}  // namespace

double distance(std::string_view a, std::string_view b) {
  // Optimal string alignment: rows i-2, i-1 and i of the edit table.
  std::vector<double> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<double>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<double>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + substitution(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view name, std::span<const std::string_view> candidates) {
  std::optional<std::string> best;
  // Part of a name is that name, however many letters are missing: "pipe" is pipelined, "rows" is array.rows.
  for (const bool at_end : {false, true}) {
    for (const std::string_view candidate : candidates) {
      if (abbreviates(name, candidate, at_end) && (!best || candidate.size() < best->size())) best = candidate;
    }
    if (best) return best;
  }
  double best_distance = std::max(1.0, static_cast<double>(name.size()) / 2);
  for (const std::string_view candidate : candidates) {
    const double d = distance(name, candidate);
    if (d < best_distance || (!best && d == best_distance)) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates) {
  return nearest(name, views(candidates));
}

std::string suggestion(std::string_view name, std::span<const std::string_view> candidates) {
  if (const auto best = nearest(name, candidates)) return "; did you mean '" + *best + "'?";
  std::string list;
  for (const std::string_view candidate : candidates) list += (list.empty() ? "" : ", ") + std::string(candidate);
  return list.empty() ? std::string() : "; valid are " + list;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates) {
  return suggestion(name, views(candidates));
}

}  // namespace fusesim::names
