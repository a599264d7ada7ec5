// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "hw/isa/names.h"
#include "hw/isa/text.h"

namespace fusesim::isa {
namespace {

template <typename... Args>
void append(std::string& text, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

void append_values(std::string& text, const std::vector<std::int8_t>& values) {
  constexpr std::size_t per_line = 32;
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % per_line == 0) text += "  hex ";
    const auto byte = static_cast<std::uint8_t>(values[i]);
    text += digits[byte >> 4];
    text += digits[byte & 15];
    if (i % per_line == per_line - 1 || i + 1 == values.size()) text += '\n';
  }
}

void append_tensor(std::string& text, const Tensor& tensor, std::size_t index) {
  append(text, "tensor {} {} {} {} {}x{}x{}", index, quoted(tensor.name), name_in(element_type_names(), tensor.type),
         name_in(tensor_source_names(), tensor.source), tensor.channels, tensor.height, tensor.width);
  if (tensor.source == TensorSource::generated) append(text, " seed=0x{:016x}", tensor.seed);
  text += '\n';
  append_values(text, tensor.values);
}

std::string slice(const TensorSlice& part) {
  return part.channel == 0 ? fmt::format("{}", part.tensor) : fmt::format("{}+{}", part.tensor, part.channel);
}

// Fields that most instructions leave at their default are written only when they differ from it.
void append_instruction(std::string& text, const ArrayInstruction& instruction, std::size_t index,
                        const std::string& layer) {
  const ConvGeometry& g = instruction.geometry;
  append(text, "# {}\n", layer);
  append(text, "instruction {} {} layer={} input={} weights={} output={}", index, name(instruction.dataflow),
         instruction.layer, slice(instruction.input), instruction.weights, slice(instruction.output));
  append(text, " in={}x{}x{} out={}x{}x{} kernel={}x{}", g.in_channels, g.in_height, g.in_width, g.out_channels,
         g.out_height, g.out_width, g.kernel_height, g.kernel_width);
  if (g.stride_height != 1 || g.stride_width != 1) append(text, " stride={}x{}", g.stride_height, g.stride_width);
  if (g.dilation_height != 1 || g.dilation_width != 1) {
    append(text, " dilation={}x{}", g.dilation_height, g.dilation_width);
  }
  if (g.pad_top != 0 || g.pad_left != 0 || g.pad_bottom != 0 || g.pad_right != 0) {
    append(text, " pad={},{},{},{}", g.pad_top, g.pad_left, g.pad_bottom, g.pad_right);
  }
  if (g.groups != 1) append(text, " groups={}", g.groups);
  if (instruction.lines_per_row != 1) append(text, " lines={}", instruction.lines_per_row);
  if (instruction.pad_value != 0) append(text, " pad_value={}", instruction.pad_value);
  if (!instruction.wait_for.empty()) append(text, " wait={}", fmt::join(instruction.wait_for, ","));
  text += '\n';
}

}  // namespace

std::string disassemble(const Program& program) {
  validate(program);
  std::string text;
  append(text, "fusesim {}\nnetwork {}\n", text_version, quoted(program.network));
  const ArrayConfig& array = program.array;
  append(text, "array rows={} cols={} accumulators={} folds={} fuse_links={} broadcast_stages={}\n", array.rows,
         array.cols, name_in(accumulator_names(), array.accumulators), name_in(fold_overlap_names(), array.folds),
         array.fuse_links ? "yes" : "no", array.broadcast_stages);
  text += "\n# layers\n";
  for (std::size_t i = 0; i < program.layers.size(); ++i) append(text, "layer {} {}\n", i, quoted(program.layers[i]));
  text += "\n# tensors: type, source, channels x height x width\n";
  for (std::size_t i = 0; i < program.tensors.size(); ++i) append_tensor(text, program.tensors[i], i);
  text += "\n# instructions: tensors as index+channel; in, out as channels x height x width\n";
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const ArrayInstruction& instruction = program.instructions[i];
    append_instruction(text, instruction, i, program.layers[instruction.layer]);
  }
  return text;
}

}  // namespace fusesim::isa
