// SPDX-License-Identifier: Apache-2.0
#include "sim/report/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <stdexcept>

namespace fusesim::report {
namespace {

std::string text(const Table& table, Format format) {
  std::ostringstream out;
  write(out, table, format);
  return out.str();
}

Table sample() {
  Table table("Title", {{"name", "", "A name"},
                        {"cycles", "cycles", "A count"},
                        {"speedup", "", "A ratio", 2},
                        {"exact", "", "Hidden", 3, true},
                        {"ok", "", "A flag"}});
  table.add_row({std::string("first"), std::uint64_t{12345}, 2.0 / 3, std::int64_t{-7}, true});
  table.add_row({std::string("né"), std::uint64_t{6}, Fixed{4.2, 2}, {}, false});
  table.add_note("A note.");
  return table;
}

TEST(Report, TerminalAlignsNumbersRightAndTextLeft) {
  EXPECT_EQ(text(sample(), Format::table),
            "Title\n"
            "\n"
            "name     cycles  speedup  ok\n"
            "       [cycles]\n"
            "-----  --------  -------  ---\n"
            "first     12345     0.67  yes\n"
            "né            6     4.20  no\n"
            "\n"
            "A note.\n");
}

TEST(Report, TerminalLeavesOutUnitsAndTitleWhereThereAreNone) {
  Table table("", {{"a", "", ""}});
  table.add_row({std::string("two\nlines")});
  table.add_row({{}});
  EXPECT_EQ(text(table, Format::table), "a\n---------\ntwo lines\n-\n");
}

TEST(Report, CsvHasEveryColumnAndEveryDigit) {
  EXPECT_EQ(text(sample(), Format::csv),
            "name,cycles,speedup,exact,ok\n"
            "first,12345,0.6666666666666666,-7,true\n"
            "né,6,4.20,,false\n");
}

TEST(Report, CsvQuotesWhatNeedsItAndNothingElse) {
  Table table("", {{"a,b", "", ""}, {"c", "", ""}});
  table.add_row({std::string("say \"hi\""), std::string("x,y")});
  table.add_row({std::string("line\nbreak"), std::string(" spaces ")});
  EXPECT_EQ(text(table, Format::csv),
            "\"a,b\",c\n"
            "\"say \"\"hi\"\"\",\"x,y\"\n"
            "\"line\nbreak\", spaces \n");
  Table single("", {{"only", "", ""}});
  single.add_row({{}});
  EXPECT_EQ(text(single, Format::csv), "only\n\"\"\n");
}

/// A reader written from RFC 4180 gets back what was written.
std::vector<std::vector<std::string>> parse_csv(const std::string& csv) {
  std::vector<std::vector<std::string>> records(1, std::vector<std::string>(1));
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (quoted) {
      if (c != '"') {
        records.back().back() += c;
      } else if (i + 1 < csv.size() && csv[i + 1] == '"') {
        records.back().back() += csv[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      records.back().emplace_back();
    } else if (c == '\n') {
      records.emplace_back(1);
    } else {
      records.back().back() += c;
    }
  }
  records.pop_back();
  return records;
}

TEST(Report, CsvReadsBackWhateverTheTextAndNumbers) {
  std::mt19937_64 random(5);
  const std::string alphabet = "a,\"\n\r ;x";
  Table table("", {{"text", "", ""}, {"number", "", ""}, {"count", "", ""}});
  std::vector<std::vector<std::string>> texts;
  std::vector<double> numbers;
  std::vector<std::uint64_t> counts;
  for (int row = 0; row < 300; ++row) {
    std::string cell(random() % 6, ' ');
    for (char& c : cell) c = alphabet[random() % alphabet.size()];
    const double number = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 100);
    const std::uint64_t count = random();
    table.add_row({cell, number, count});
    texts.push_back({cell});
    numbers.push_back(number);
    counts.push_back(count);
  }
  const auto records = parse_csv(text(table, Format::csv));
  ASSERT_EQ(records.size(), 301U);
  for (std::size_t row = 0; row < 300; ++row) {
    ASSERT_EQ(records[row + 1].size(), 3U);
    EXPECT_EQ(records[row + 1][0], texts[row][0]);
    EXPECT_EQ(std::stod(records[row + 1][1]), numbers[row]);
    EXPECT_EQ(std::stoull(records[row + 1][2]), counts[row]);
  }
}

TEST(Report, JsonKeepsTypesUnitsAndNotes) {
  const auto json = nlohmann::json::parse(text(sample(), Format::json));
  EXPECT_EQ(json.at("title"), "Title");
  EXPECT_EQ(json.at("columns").size(), 5U);
  EXPECT_EQ(json.at("columns")[1].at("unit"), "cycles");
  EXPECT_EQ(json.at("columns")[1].at("description"), "A count");
  const auto& first = json.at("rows")[0];
  EXPECT_EQ(first.at("cycles"), 12345);
  EXPECT_EQ(first.at("speedup"), 2.0 / 3);
  EXPECT_EQ(first.at("exact"), -7);
  EXPECT_EQ(first.at("ok"), true);
  EXPECT_EQ(json.at("rows")[1].at("speedup"), 4.2);
  EXPECT_TRUE(json.at("rows")[1].at("exact").is_null());
  EXPECT_EQ(json.at("notes")[0], "A note.");
}

TEST(Report, NumbersThatAreNotFiniteAreEmpty) {
  Table table("", {{"a", "", ""}, {"b", "", ""}, {"c", "", ""}});
  const double infinity = std::numeric_limits<double>::infinity();
  table.add_row({infinity, std::nan(""), Fixed{infinity, 1}});
  EXPECT_EQ(text(table, Format::csv), "a,b,c\n,,\n");
  EXPECT_EQ(text(table, Format::table), "a  b  c\n-  -  -\n-  -  -\n");
  const auto json = nlohmann::json::parse(text(table, Format::json));
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(json.at("rows")[0].at(name).is_null());
}

TEST(Report, JsonSurvivesTextThatIsNotUtf8) {
  Table table("", {{"path", "", ""}});
  table.add_row({std::string("bad\xff")});
  EXPECT_EQ(nlohmann::json::parse(text(table, Format::json)).at("rows")[0].at("path"), "bad\xEF\xBF\xBD");
}

TEST(Report, AnEmptyTableStillHasItsHeader) {
  const Table table("", {{"a", "", ""}, {"b", "", ""}});
  EXPECT_EQ(text(table, Format::csv), "a,b\n");
  EXPECT_EQ(text(table, Format::table), "a  b\n-  -\n");
  EXPECT_TRUE(nlohmann::json::parse(text(table, Format::json)).at("rows").is_array());
}

TEST(Report, RefusesRowsAndColumnsThatDoNotFit) {
  Table table("", {{"a", "", ""}, {"b", "", ""}});
  EXPECT_THROW(table.add_row({true}), std::logic_error);
  EXPECT_THROW(Table("", {{"a", "", ""}, {"a", "", ""}}), std::logic_error);
  EXPECT_THROW(Table("", {{"", "", ""}}), std::logic_error);
}

TEST(Report, FormatsAreNamedOrSuggested) {
  EXPECT_EQ(parse_format("table"), Format::table);
  EXPECT_EQ(parse_format("csv"), Format::csv);
  EXPECT_EQ(parse_format("json"), Format::json);
  try {
    (void)parse_format("jsno");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "unknown format 'jsno'; did you mean 'json'?");
  }
}

TEST(Table, SelectedColumnsComeInTheirOrderWithDetails) {
  Table table("t", {{"a", "", "A"}, {"b", "u", "B", 3, true}, {"c", "", "C"}});
  table.add_row({std::string("x"), std::uint64_t{1}, true});
  table.add_row({std::string("y"), std::uint64_t{2}, false});
  table.add_note("note");
  const Table selected = table.select({"c", "b"});
  std::ostringstream text;
  write(text, selected, Format::csv);
  EXPECT_EQ(text.str(), "c,b\ntrue,1\nfalse,2\n");
  EXPECT_EQ(selected.notes(), table.notes());
  EXPECT_FALSE(selected.columns()[1].detail);
}

TEST(Table, ColumnsThatAreNotThereOrTwiceAreNamed) {
  const Table table("t", {{"cycles", "", ""}, {"speedup", "", ""}});
  const auto message = [&](const std::vector<std::string>& names) {
    try {
      (void)table.select(names);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message({"cycle"}), "unknown column 'cycle'; did you mean 'cycles'?");
  EXPECT_EQ(message({"cycles", "cycles"}), "column 'cycles' is named twice; name it once");
}

}  // namespace
}  // namespace fusesim::report
