// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hw/isa/names.h"
#include "hw/isa/text.h"
#include "hw/isa/text_writer.h"

namespace fusesim::isa {
namespace {

using text::append;
using text::quoted;

void append_tensor(std::string& out, const Tensor& tensor, std::size_t index) {
  append(out, "tensor {} {} {} {} {}x{}x{}", index, quoted(tensor.name), name_in(element_type_names(), tensor.type),
         name_in(tensor_source_names(), tensor.source), tensor.channels, tensor.height, tensor.width);
  if (tensor.source == TensorSource::generated) append(out, " seed=0x{:016x}", tensor.seed);
  out += '\n';
  text::append_values(out, tensor.values);
}

std::string slice(const TensorSlice& part) {
  return part.channel == 0 ? fmt::format("{}", part.tensor) : fmt::format("{}+{}", part.tensor, part.channel);
}

void append_instruction(std::string& out, const ArrayInstruction& instruction, std::size_t index,
                        const std::string& layer) {
  append(out, "# {}\n", layer);
  append(out, "instruction {} {} layer={} input={} weights={} output={}", index, name(instruction.dataflow),
         instruction.layer, slice(instruction.input), instruction.weights, slice(instruction.output));
  text::append_geometry(out, instruction.geometry);
  if (instruction.lines_per_row != 1) append(out, " lines={}", instruction.lines_per_row);
  if (instruction.pad_value != 0) append(out, " pad_value={}", instruction.pad_value);
  if (!instruction.wait_for.empty()) append(out, " wait={}", fmt::join(instruction.wait_for, ","));
  out += '\n';
}

}  // namespace

std::string disassemble(const Program& program) {
  validate(program);
  std::string out;
  append(out, "fusesim {}\nnetwork {}\n", text_version, quoted(program.network));
  text::append_array(out, program.array);
  out += "\n# layers\n";
  for (std::size_t i = 0; i < program.layers.size(); ++i) append(out, "layer {} {}\n", i, quoted(program.layers[i]));
  out += "\n# tensors: type, source, channels x height x width\n";
  for (std::size_t i = 0; i < program.tensors.size(); ++i) append_tensor(out, program.tensors[i], i);
  out += "\n# instructions: tensors as index+channel; in, out as channels x height x width\n";
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const ArrayInstruction& instruction = program.instructions[i];
    append_instruction(out, instruction, i, program.layers[instruction.layer]);
  }
  return out;
}

}  // namespace fusesim::isa
