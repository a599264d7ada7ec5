// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "hw/isa/invalid_program.h"
#include "hw/isa/names.h"
#include "hw/isa/statement.h"
#include "hw/isa/text.h"

namespace fusesim::isa {
namespace {

using text::fail;
using text::list;
using text::named;
using text::number;
using text::numbers;
using text::Statement;
using text::StatementReader;

TensorSlice slice(std::string_view what, std::string_view text) {
  const std::size_t plus = text.find('+');
  TensorSlice result{number<std::uint32_t>(what, text.substr(0, plus)), 0};
  if (plus != std::string_view::npos) result.channel = number<std::uint32_t>(what, text.substr(plus + 1));
  return result;
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
  statement.set("seed", tensor.seed);
  return tensor;
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
  instruction.geometry = text::read_geometry(statement);
  statement.set("lines", instruction.lines_per_row);
  statement.set("pad_value", instruction.pad_value);
  if (const auto text = statement.field("wait")) instruction.wait_for = list("wait", *text);
  return instruction;
}

/// Reads a text line by line and remembers where everything stands, for the messages of the final validation.
class Assembler {
 public:
  Assembler(std::string_view text, const std::string& file) : reader_(text, file, ProgramKind::array) {}

  Program run() {
    reader_.for_each([&](const std::string& keyword, Statement& statement) {
      read_statement(keyword, statement);
      after_tensor_ = keyword == "tensor" || keyword == "hex";
    });
    if (array_line_ == 0) {
      reader_.fail_at(reader_.line(), "there is no 'array' line; add 'array rows=R cols=C'");
    }
    try {
      validate(program_);
    } catch (const InvalidProgram& error) {
      reader_.fail_at(line_of(error.part, error.index), error.what());
    }
    return std::move(program_);
  }

 private:
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
    return reader_.line();
  }

  void read_statement(const std::string& keyword, Statement& statement) {
    enum class Keyword { network, array, layer, tensor, hex, instruction };
    static constexpr std::pair<std::string_view, Keyword> keywords[] = {
        {"network", Keyword::network}, {"array", Keyword::array}, {"layer", Keyword::layer},
        {"tensor", Keyword::tensor},   {"hex", Keyword::hex},     {"instruction", Keyword::instruction}};
    switch (named(NameTable<Keyword>(keywords), "keyword", keyword)) {
      case Keyword::network:
        reader_.once(network_line_, keyword);
        program_.network = statement.quoted("network name");
        return;
      case Keyword::array:
        reader_.once(array_line_, keyword);
        program_.array = text::read_array(statement);
        return;
      case Keyword::layer:
        statement.index("layer", program_.layers.size());
        layer_lines_.push_back(reader_.line());
        program_.layers.push_back(statement.quoted("layer name"));
        return;
      case Keyword::tensor:
        statement.index("tensor", program_.tensors.size());
        tensor_lines_.push_back(reader_.line());
        program_.tensors.push_back(read_tensor(statement));
        return;
      case Keyword::hex:
        if (!after_tensor_) fail("hex: values must follow their tensor at once");
        text::read_values(statement.word("hex digits"), program_.tensors.back().values);
        return;
      case Keyword::instruction:
        statement.index("instruction", program_.instructions.size());
        instruction_lines_.push_back(reader_.line());
        program_.instructions.push_back(read_instruction(statement));
        return;
    }
  }

  StatementReader reader_;
  Program program_;
  bool after_tensor_ = false;
  std::size_t network_line_ = 0, array_line_ = 0;
  std::vector<std::size_t> layer_lines_, tensor_lines_, instruction_lines_;
};

}  // namespace

Program assemble(std::string_view text, const std::string& file) {
  return Assembler(text, file).run();
}

}  // namespace fusesim::isa
