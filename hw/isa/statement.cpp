// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/statement.h"

#include <algorithm>

#include "hw/isa/text.h"

namespace fusesim::isa::text {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// Splits a line into words and "quoted names"; # starts a comment.
std::vector<Token> tokens_of(std::string_view line) {
  std::vector<Token> tokens;
  std::size_t i = 0;
  while (true) {
    while (i < line.size() && is_space(line[i])) ++i;
    if (i == line.size() || line[i] == '#') return tokens;
    Token& token = tokens.emplace_back();
    if (line[i] != '"') {
      while (i < line.size() && !is_space(line[i]) && line[i] != '#') token.text += line[i++];
      continue;
    }
    token.quoted = true;
    for (++i; i < line.size() && line[i] != '"'; ++i) {
      if (line[i] == '\\' && ++i == line.size()) break;
      token.text += line[i];
    }
    if (i == line.size()) fail("the name \"{} has no closing quote", shown(token.text));
    ++i;
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::pair<std::string_view, bool> kYesNo[] = {{"yes", true}, {"no", false}};

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string result(text.substr(0, most));
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text.size() > most ? result + "..." : result;
}

std::int8_t int8(std::string_view what, std::string_view text) {
  const auto value = number<int>(what, text);
  if (value < -128 || value > 127) fail("{}: {} is not a number from -128 to 127", what, value);
  return static_cast<std::int8_t>(value);
}

std::vector<std::uint32_t> list(std::string_view what, std::string_view text) {
  std::vector<std::uint32_t> values;
  while (true) {
    const std::size_t comma = text.find(',');
    values.push_back(number<std::uint32_t>(what, text.substr(0, comma)));
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

void read_values(const std::string& text, std::vector<std::int8_t>& values) {
  if (text.size() % 2 != 0) fail("hex: an odd number of digits ({}); a byte has two", text.size());
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) fail("hex: '{}' is not a byte", shown(text.substr(i, 2)));
    values.push_back(static_cast<std::int8_t>(high << 4 | low));
  }
}

Statement::Statement(std::string_view line) : tokens_(tokens_of(line)) {}

const std::string& Statement::word(std::string_view what) {
  const Token& token = next(what);
  if (token.quoted) fail("{}: \"{}\" must not be quoted", what, shown(token.text));
  return token.text;
}

const std::string& Statement::quoted(std::string_view what) {
  const Token& token = next(what);
  if (!token.quoted) fail("{}: '{}' must be in double quotes", what, shown(token.text));
  return token.text;
}

void Statement::index(std::string_view what, std::size_t expected) {
  const auto given = number<std::uint32_t>(what, word(what));
  if (given != expected) fail("{} {} stands where {} {} is due; number them in order", what, given, what, expected);
}

void Statement::read_fields(std::span<const std::string_view> valid) {
  while (at_ < tokens_.size()) {
    const std::string& text = word("field");
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) fail("'{}' is not of the form field=value", shown(text));
    const std::string key = text.substr(0, equals);
    if (std::find(valid.begin(), valid.end(), key) == valid.end()) {
      try {
        throw_unknown_name("field", shown(key), valid);
      } catch (const std::invalid_argument& error) {
        throw LineError(error.what());
      }
    }
    if (field(key)) fail("field {} is given twice", key);
    fields_.emplace_back(key, text.substr(equals + 1));
  }
}

std::optional<std::string_view> Statement::field(std::string_view key) const {
  for (const auto& [name, value] : fields_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::string_view Statement::required(std::string_view key) const {
  const auto value = field(key);
  if (!value) fail("field {} is missing", key);
  return *value;
}

void Statement::end() const {
  if (at_ < tokens_.size()) fail("'{}' is one word too many", shown(tokens_[at_].text));
}

const Token& Statement::next(std::string_view what) {
  if (at_ == tokens_.size()) fail("{} is missing at the end of the line", what);
  return tokens_[at_++];
}

ArrayConfig read_array(Statement& statement) {
  static constexpr std::string_view keys[] = {"rows",  "cols",       "accumulators",
                                              "folds", "fuse_links", "broadcast_stages"};
  statement.read_fields(keys);
  ArrayConfig array;
  array.rows = number<std::uint32_t>("rows", statement.required("rows"));
  array.cols = number<std::uint32_t>("cols", statement.required("cols"));
  if (const auto text = statement.field("accumulators")) {
    array.accumulators = named(accumulator_names(), "accumulators", *text);
  }
  if (const auto text = statement.field("folds")) array.folds = named(fold_overlap_names(), "folds", *text);
  if (const auto text = statement.field("fuse_links")) {
    array.fuse_links = named(NameTable<bool>(kYesNo), "fuse_links", *text);
  }
  statement.set("broadcast_stages", array.broadcast_stages);
  return array;
}

ConvGeometry read_geometry(const Statement& statement) {
  ConvGeometry g;
  const auto in = numbers<3>("in", statement.required("in"), 'x', "CxHxW");
  const auto out = numbers<3>("out", statement.required("out"), 'x', "CxHxW");
  const auto kernel = numbers<2>("kernel", statement.required("kernel"), 'x', "HxW");
  g.in_channels = in[0], g.in_height = in[1], g.in_width = in[2];
  g.out_channels = out[0], g.out_height = out[1], g.out_width = out[2];
  g.kernel_height = kernel[0], g.kernel_width = kernel[1];
  if (const auto text = statement.field("stride")) {
    const auto stride = numbers<2>("stride", *text, 'x', "HxW");
    g.stride_height = stride[0], g.stride_width = stride[1];
  }
  if (const auto text = statement.field("dilation")) {
    const auto dilation = numbers<2>("dilation", *text, 'x', "HxW");
    g.dilation_height = dilation[0], g.dilation_width = dilation[1];
  }
  if (const auto text = statement.field("pad")) {
    const auto pad = numbers<4>("pad", *text, ',', "top,left,bottom,right");
    g.pad_top = pad[0], g.pad_left = pad[1], g.pad_bottom = pad[2], g.pad_right = pad[3];
  }
  statement.set("groups", g.groups);
  return g;
}

void StatementReader::once(std::size_t& line, std::string_view keyword) const {
  if (line != 0) fail("'{}' is given twice, first on line {}", keyword, line);
  line = line_;
}

void StatementReader::fail_at(std::size_t line, const std::string& message) const {
  throw TextError(fmt::format("{}:{}: {}", file_, line, message));
}

bool StatementReader::next_line() {
  if (rest_.empty()) return false;
  ++line_;
  const std::size_t end = rest_.find('\n');
  current_ = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  return true;
}

void StatementReader::read_version(const std::string& keyword, Statement& statement) {
  if (keyword != "fusesim") fail("'{}': the first line must be '{}'", shown(keyword), first_line());
  if (version_seen_) fail("'fusesim' may stand only on the first line");
  const auto version = number<std::uint32_t>("version", statement.word("version"));
  if (version != text_version) fail("version {} is unknown; this fusesim reads version {}", version, text_version);
  static constexpr std::pair<std::string_view, ProgramKind> kinds[] = {{"machine", ProgramKind::machine}};
  const ProgramKind given =
      statement.at_end() ? ProgramKind::array : named(NameTable<ProgramKind>(kinds), "kind", statement.word("kind"));
  if (given != kind_) fail("this is {}, but {} is needed here; name another file", in_words(given), in_words(kind_));
  version_seen_ = true;
}

std::string StatementReader::first_line() const {
  return fmt::format("fusesim {}{}", text_version, kind_ == ProgramKind::machine ? " machine" : "");
}

}  // namespace fusesim::isa::text

namespace fusesim::isa {

ProgramKind text_kind(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    try {
      text::Statement statement(text.substr(0, end));
      if (!statement.empty()) {
        static_cast<void>(statement.word("keyword"));
        static_cast<void>(statement.word("version"));
        return !statement.at_end() && statement.word("kind") == "machine" ? ProgramKind::machine : ProgramKind::array;
      }
    } catch (const text::LineError&) {
      return ProgramKind::array;  // whose assembler says what is wrong with it
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return ProgramKind::array;
}

}  // namespace fusesim::isa
