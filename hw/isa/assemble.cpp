// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "hw/isa/invalid_program.h"
#include "hw/isa/names.h"
#include "hw/isa/text.h"

namespace fusesim::isa {
namespace {

/// An error of the line being read; the caller adds file and line.
class LineError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw LineError(fmt::format(format, std::forward<Args>(args)...));
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// What of a user's text is worth repeating in a message: a few printable characters.
std::string shown(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string result(text.substr(0, most));
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text.size() > most ? result + "..." : result;
}

struct Token {
  std::string text;
  bool quoted = false;
};

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

template <std::size_t n>
std::array<std::uint32_t, n> numbers(std::string_view what, std::string_view text, char separator,
                                     std::string_view form) {
  std::array<std::uint32_t, n> values{};
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t end = text.find(separator);
    if ((end == std::string_view::npos) != (i + 1 == n)) fail("{}: must have the form {}", what, form);
    values[i] = number<std::uint32_t>(what, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return values;
}

TensorSlice slice(std::string_view what, std::string_view text) {
  const std::size_t plus = text.find('+');
  TensorSlice result{number<std::uint32_t>(what, text.substr(0, plus)), 0};
  if (plus != std::string_view::npos) result.channel = number<std::uint32_t>(what, text.substr(plus + 1));
  return result;
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

template <typename E>
E named(NameTable<E> table, std::string_view what, std::string_view text) {
  try {
    return value_in(table, what, shown(text));
  } catch (const std::invalid_argument& error) {
    throw LineError(error.what());
  }
}

constexpr std::pair<std::string_view, bool> kYesNo[] = {{"yes", true}, {"no", false}};

/// The tokens of one statement, handed out in order, then its key=value fields.
class Statement {
 public:
  explicit Statement(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const std::string& word(std::string_view what) {
    const Token& token = next(what);
    if (token.quoted) fail("{}: \"{}\" must not be quoted", what, shown(token.text));
    return token.text;
  }

  const std::string& quoted(std::string_view what) {
    const Token& token = next(what);
    if (!token.quoted) fail("{}: '{}' must be in double quotes", what, shown(token.text));
    return token.text;
  }

  /// Indices are written out so that a reader finds his way, and checked so that they do not lie.
  void index(std::string_view what, std::size_t expected) {
    const auto given = number<std::uint32_t>(what, word(what));
    if (given != expected) fail("{} {} stands where {} {} is due; number them in order", what, given, what, expected);
  }

  /// Takes the rest as key=value pairs, keys out of `valid`, each at most once.
  void read_fields(std::span<const std::string_view> valid) {
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

  [[nodiscard]] std::optional<std::string_view> field(std::string_view key) const {
    for (const auto& [name, value] : fields_) {
      if (name == key) return value;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string_view required(std::string_view key) const {
    const auto value = field(key);
    if (!value) fail("field {} is missing", key);
    return *value;
  }

  void end() const {
    if (at_ < tokens_.size()) fail("'{}' is one word too many", shown(tokens_[at_].text));
  }

 private:
  const Token& next(std::string_view what) {
    if (at_ == tokens_.size()) fail("{} is missing at the end of the line", what);
    return tokens_[at_++];
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::vector<std::pair<std::string, std::string>> fields_;
};

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
  if (const auto text = statement.field("broadcast_stages")) {
    array.broadcast_stages = number<std::uint32_t>("broadcast_stages", *text);
  }
  return array;
}

Tensor read_tensor(Statement& statement) {
  Tensor tensor;
  tensor.name = statement.quoted("tensor name");
  tensor.type = named(element_type_names(), "type", statement.word("type"));
  tensor.source = named(tensor_source_names(), "source", statement.word("source"));
  const auto shape = numbers<3>("shape", statement.word("shape"), 'x', "CxHxW");
  tensor.channels = shape[0];
  tensor.height = shape[1];
  tensor.width = shape[2];
  static constexpr std::string_view keys[] = {"seed"};
  statement.read_fields(keys);
  if (const auto seed = statement.field("seed")) tensor.seed = number<std::uint64_t>("seed", *seed);
  return tensor;
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
  if (const auto text = statement.field("groups")) g.groups = number<std::uint32_t>("groups", *text);
  return g;
}

ArrayInstruction read_instruction(Statement& statement) {
  static constexpr std::string_view keys[] = {"layer",  "input",    "weights", "output", "in",    "out",       "kernel",
                                              "stride", "dilation", "pad",     "groups", "lines", "pad_value", "wait"};
  ArrayInstruction instruction;
  instruction.dataflow = named(dataflow_names(), "dataflow", statement.word("dataflow"));
  statement.read_fields(keys);
  instruction.layer = number<std::uint32_t>("layer", statement.required("layer"));
  instruction.input = slice("input", statement.required("input"));
  instruction.weights = number<std::uint32_t>("weights", statement.required("weights"));
  instruction.output = slice("output", statement.required("output"));
  instruction.geometry = read_geometry(statement);
  if (const auto text = statement.field("lines")) instruction.lines_per_row = number<std::uint32_t>("lines", *text);
  if (const auto text = statement.field("pad_value")) {
    const auto value = number<int>("pad_value", *text);
    if (value < -128 || value > 127) fail("pad_value: {} is not a number from -128 to 127", value);
    instruction.pad_value = static_cast<std::int8_t>(value);
  }
  if (const auto text = statement.field("wait")) instruction.wait_for = list("wait", *text);
  return instruction;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
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

/// Reads a text line by line and remembers where everything stands, for the messages of the final validation.
class Assembler {
 public:
  explicit Assembler(const std::string& file) : file_(file) {}

  Program run(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const std::size_t end = text.find('\n');
      read_line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (!version_seen_) fail_at(line_, fmt::format("the text is empty; it must start with 'fusesim {}'", text_version));
    if (array_line_ == 0) fail_at(line_, "there is no 'array' line; add 'array rows=R cols=C'");
    try {
      validate(program_);
    } catch (const InvalidProgram& error) {
      fail_at(line_of(error.part, error.index), error.what());
    }
    return std::move(program_);
  }

 private:
  [[noreturn]] void fail_at(std::size_t line, const std::string& message) const {
    throw TextError(fmt::format("{}:{}: {}", file_, line, message));
  }

  std::size_t line_of(InvalidProgram::Part part, std::size_t index) const {
    switch (part) {
      case InvalidProgram::Part::array:
        return array_line_;
      case InvalidProgram::Part::network:
        return network_line_;
      case InvalidProgram::Part::layer:
        return layer_lines_[index];
      case InvalidProgram::Part::tensor:
        return tensor_lines_[index];
      case InvalidProgram::Part::section:
        break;
      case InvalidProgram::Part::instruction:
        return instruction_lines_[index];
    }
    return line_;
  }

  void read_line(std::string_view line) {
    try {
      auto tokens = tokens_of(line);
      if (tokens.empty()) return;
      Statement statement(std::move(tokens));
      const std::string keyword = statement.word("keyword");
      read_statement(keyword, statement);
      statement.end();
      after_tensor_ = keyword == "tensor" || keyword == "hex";
    } catch (const LineError& error) {
      fail_at(line_, error.what());
    }
  }

  void read_statement(const std::string& keyword, Statement& statement) {
    if (!version_seen_ || keyword == "fusesim") return read_version(keyword, statement);
    enum class Keyword { network, array, layer, tensor, hex, instruction };
    static constexpr std::pair<std::string_view, Keyword> keywords[] = {
        {"network", Keyword::network}, {"array", Keyword::array}, {"layer", Keyword::layer},
        {"tensor", Keyword::tensor},   {"hex", Keyword::hex},     {"instruction", Keyword::instruction}};
    switch (named(NameTable<Keyword>(keywords), "keyword", keyword)) {
      case Keyword::network:
        once(network_line_, keyword);
        program_.network = statement.quoted("network name");
        return;
      case Keyword::array:
        once(array_line_, keyword);
        program_.array = read_array(statement);
        return;
      case Keyword::layer:
        statement.index("layer", program_.layers.size());
        layer_lines_.push_back(line_);
        program_.layers.push_back(statement.quoted("layer name"));
        return;
      case Keyword::tensor:
        statement.index("tensor", program_.tensors.size());
        tensor_lines_.push_back(line_);
        program_.tensors.push_back(read_tensor(statement));
        return;
      case Keyword::hex:
        if (!after_tensor_) fail("hex: values must follow their tensor at once");
        read_values(statement.word("hex digits"), program_.tensors.back().values);
        return;
      case Keyword::instruction:
        statement.index("instruction", program_.instructions.size());
        instruction_lines_.push_back(line_);
        program_.instructions.push_back(read_instruction(statement));
        return;
    }
  }

  void read_version(const std::string& keyword, Statement& statement) {
    if (keyword != "fusesim") fail("'{}': the first line must be 'fusesim {}'", shown(keyword), text_version);
    if (version_seen_) fail("'fusesim' may stand only on the first line");
    const auto version = number<std::uint32_t>("version", statement.word("version"));
    if (version != text_version) fail("version {} is unknown; this fusesim reads version {}", version, text_version);
    version_seen_ = true;
  }

  void once(std::size_t& line, const std::string& keyword) const {
    if (line != 0) fail("'{}' is given twice, first on line {}", keyword, line);
    line = line_;
  }

  const std::string& file_;
  Program program_;
  bool version_seen_ = false;
  bool after_tensor_ = false;
  std::size_t line_ = 0, network_line_ = 0, array_line_ = 0;
  std::vector<std::size_t> layer_lines_, tensor_lines_, instruction_lines_;
};

}  // namespace

Program assemble(std::string_view text, const std::string& file) {
  return Assembler(file).run(text);
}

}  // namespace fusesim::isa
