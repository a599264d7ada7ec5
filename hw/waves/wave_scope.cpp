// SPDX-License-Identifier: Apache-2.0
#include "hw/waves/wave_scope.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <string>
#include <system_error>

#include "hw/isa/names.h"

namespace fusesim::waves {
namespace {

struct Range {
  std::uint32_t first, last;
};

class Parser {
 public:
  Parser(std::string_view text, const isa::ArrayConfig& array)
      : text_(text), array_(array), watched_(std::size_t{array.rows} * array.cols) {}

  WaveScope parse() {
    std::string_view rest = text_;
    while (true) {
      const std::size_t comma = rest.find(',');
      part_ = trimmed(rest.substr(0, comma));
      parse_part();
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    for (std::uint32_t row = 0; row < array_.rows; ++row)
      for (std::uint32_t col = 0; col < array_.cols; ++col)
        if (watched_[std::size_t{row} * array_.cols + col]) scope_.elements.push_back({row, col});
    return scope_;
  }

 private:
  static std::string_view trimmed(std::string_view part) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    return part;
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw std::invalid_argument(fmt::format("waveform scope '{}': {}", text_, reason));
  }

  void parse_part() {
    const Range all_rows{0, array_.rows - 1}, all_cols{0, array_.cols - 1};
    if (part_ == "ports") {
      scope_.ports = true;
    } else if (part_ == "pe") {
      watch(all_rows, all_cols);
    } else if (part_ == "all") {
      scope_.ports = true;
      watch(all_rows, all_cols);
    } else if (part_.starts_with("pe[")) {
      std::string_view rest = part_.substr(2);
      const Range rows = parse_range(rest, "row", array_.rows);
      const Range cols = parse_range(rest, "column", array_.cols);
      if (!rest.empty()) fail(fmt::format("'{}' is left over in '{}'", rest, part_));
      watch(rows, cols);
    } else if (part_.empty()) {
      fail("a part is empty; write pe[ROWS][COLUMNS], pe, ports or all, joined by commas");
    } else {
      constexpr std::string_view valid[] = {"pe", "pe[ROWS][COLUMNS]", "ports", "all"};
      isa::throw_unknown_name("waveform scope", part_, valid);
    }
  }

  /// Takes "[2]" or "[0:3]" off the front of `rest`.
  Range parse_range(std::string_view& rest, std::string_view what, std::uint32_t size) const {
    const std::size_t close = rest.find(']');
    if (!rest.starts_with('[') || close == std::string_view::npos)
      fail(fmt::format("'{}' needs a {} range in brackets, as in pe[0:3][0:3]", part_, what));
    const std::string_view inside = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    const std::size_t colon = inside.find(':');
    Range range{};
    range.first = parse_index(inside.substr(0, colon), what, size);
    range.last = colon == std::string_view::npos ? range.first : parse_index(inside.substr(colon + 1), what, size);
    if (range.last < range.first)
      fail(fmt::format("{} range {}:{} is reversed; write {}:{}", what, range.first, range.last, range.last,
                       range.first));
    return range;
  }

  std::uint32_t parse_index(std::string_view digits, std::string_view what, std::uint32_t size) const {
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    const bool complete = end == digits.data() + digits.size();
    if (error == std::errc::invalid_argument || !complete)
      fail(fmt::format("'{}' is not a {} number in '{}'", digits, what, part_));
    if (error == std::errc::result_out_of_range || index >= size)
      fail(fmt::format("{} {} does not exist; the array has {} 0 to {}", what, digits, what, size - 1));
    return index;
  }

  void watch(Range rows, Range cols) {
    for (std::uint32_t row = rows.first; row <= rows.last; ++row)
      for (std::uint32_t col = cols.first; col <= cols.last; ++col)
        watched_[std::size_t{row} * array_.cols + col] = true;
  }

  std::string_view text_, part_;
  const isa::ArrayConfig& array_;
  std::vector<bool> watched_;
  WaveScope scope_;
};

}  // namespace

WaveScope parse_wave_scope(std::string_view text, const isa::ArrayConfig& array) {
  return Parser(text, array).parse();
}

}  // namespace fusesim::waves
