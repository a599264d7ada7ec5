// SPDX-License-Identifier: Apache-2.0
// The rules a program must obey before anything runs it. Each message names the place, the value and the cure.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "hw/isa/limits.h"
#include "hw/isa/names.h"
#include "hw/isa/program.h"
#include "hw/isa/rules.h"

namespace fusesim::isa {
namespace {

using Part = InvalidProgram::Part;

/// Returns the bytes the tensor occupies.
std::uint64_t check_tensor(const Tensor& tensor, std::size_t index) {
  const Where where{Part::tensor, index, fmt::format("tensor {}", index)};
  check_name(where, tensor.name);
  if (tensor.type > ElementType::int32) fail(where, "type {} is unknown", static_cast<unsigned>(tensor.type));
  if (tensor.source > TensorSource::constant) fail(where, "source {} is unknown", static_cast<unsigned>(tensor.source));
  if (tensor.channels == 0 || tensor.height == 0 || tensor.width == 0) {
    fail(where, "shape {}x{}x{} has a zero; every size must be at least 1", tensor.channels, tensor.height,
         tensor.width);
  }
  // Divide instead of multiplying: the product of three 32-bit sizes may not fit in 64 bits.
  if (std::uint64_t{tensor.height} * tensor.width > max_tensor_elements / tensor.channels) {
    fail(where, "shape {}x{}x{} has more than the {} elements allowed", tensor.channels, tensor.height, tensor.width,
         max_tensor_elements);
  }
  if (tensor.type != ElementType::int8 && tensor.source != TensorSource::computed) {
    fail(where, "a {} tensor must be int8, not int32", name_in(tensor_source_names(), tensor.source));
  }
  if (tensor.source == TensorSource::constant && tensor.values.size() != tensor.elements()) {
    fail(where, "{} values are given for {}x{}x{} = {} elements", tensor.values.size(), tensor.channels, tensor.height,
         tensor.width, tensor.elements());
  }
  if (tensor.source != TensorSource::constant && !tensor.values.empty()) {
    fail(where, "{} values are given, but only a constant tensor has values", tensor.values.size());
  }
  if (tensor.source != TensorSource::generated && tensor.seed != 0) {
    fail(where, "seed {} is given, but only a generated tensor has a seed", tensor.seed);
  }
  return tensor.elements() * (tensor.type == ElementType::int32 ? 4 : 1);
}

const Tensor& tensor_at(const Where& where, const char* field, const Program& program, std::uint32_t index) {
  if (index >= program.tensors.size()) {
    fail(where, "{} names tensor {}, but the program has {}", field, index, program.tensors.size());
  }
  return program.tensors[index];
}

void check_map(const Where& where, const char* field, const Tensor& tensor, const TensorSlice& slice,
               std::uint32_t channels, std::uint32_t height, std::uint32_t width) {
  if (tensor.height != height || tensor.width != width) {
    fail(where, "{} tensor {} is {}x{} per channel, but the geometry needs {}x{}", field, slice.tensor, tensor.height,
         tensor.width, height, width);
  }
  if (std::uint64_t{slice.channel} + channels > tensor.channels) {
    fail(where, "{} needs channels {} to {} of tensor {}, which has only {}", field, slice.channel,
         std::uint64_t{slice.channel} + channels - 1, slice.tensor, tensor.channels);
  }
}

void check_operand(const Where& where, const char* field, const Tensor& tensor, std::uint32_t index) {
  if (tensor.source == TensorSource::computed) {
    fail(where, "{} reads tensor {}, which is computed; array instructions read generated or constant int8 tensors",
         field, index);
  }
}

void check_tensors(const Where& where, const ArrayInstruction& instruction, const Program& program) {
  const ConvGeometry& g = instruction.geometry;
  const Tensor& input = tensor_at(where, "input", program, instruction.input.tensor);
  check_operand(where, "input", input, instruction.input.tensor);
  check_map(where, "input", input, instruction.input, g.in_channels, g.in_height, g.in_width);

  const Tensor& weights = tensor_at(where, "weights", program, instruction.weights);
  check_operand(where, "weights", weights, instruction.weights);
  const std::uint64_t filters = std::uint64_t{g.out_channels} * (g.in_channels / g.groups);
  if (weights.channels != filters || weights.height != g.kernel_height || weights.width != g.kernel_width) {
    fail(where, "weights tensor {} is {}x{}x{}, but the geometry needs {}x{}x{}", instruction.weights, weights.channels,
         weights.height, weights.width, filters, g.kernel_height, g.kernel_width);
  }

  const Tensor& output = tensor_at(where, "output", program, instruction.output.tensor);
  if (output.source != TensorSource::computed || output.type != ElementType::int32) {
    fail(where, "output tensor {} must be computed int32, but it is {} {}", instruction.output.tensor,
         name_in(tensor_source_names(), output.source), name_in(element_type_names(), output.type));
  }
  check_map(where, "output", output, instruction.output, g.out_channels, g.out_height, g.out_width);
}

void check_order(const Where& where, const ArrayInstruction& instruction, std::size_t index) {
  for (std::size_t i = 0; i < instruction.wait_for.size(); ++i) {
    const std::uint32_t earlier = instruction.wait_for[i];
    if (earlier >= index) fail(where, "wait_for names instruction {}, which does not come before this one", earlier);
    if (i > 0 && earlier <= instruction.wait_for[i - 1]) {
      fail(where, "wait_for must ascend, but {} follows {}", earlier, instruction.wait_for[i - 1]);
    }
  }
}

/// Every output channel is written at most once, so results do not depend on the order instructions end in.
void check_written_once(const Program& program) {
  using Write = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::size_t>;  // tensor, begin, end, by
  std::vector<Write> writes;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const ArrayInstruction& instruction = program.instructions[i];
    writes.emplace_back(instruction.output.tensor, instruction.output.channel,
                        instruction.output.channel + instruction.geometry.out_channels, i);
  }
  std::sort(writes.begin(), writes.end());
  for (std::size_t i = 1; i < writes.size(); ++i) {
    const auto& [tensor, begin, end, by] = writes[i];
    const auto& [last_tensor, last_begin, last_end, last_by] = writes[i - 1];
    if (tensor == last_tensor && begin < last_end) {
      const std::size_t later = std::max(by, last_by);
      fail({Part::instruction, later, fmt::format("instruction {}", later)},
           "output channel {} of tensor {} is also written by instruction {}", begin, tensor, std::min(by, last_by));
    }
  }
}

}  // namespace

void validate(const Program& program) {
  try {
    validate(program.array);
  } catch (const std::invalid_argument& error) {
    throw InvalidProgram(Part::array, 0, error.what());
  }
  check_name({Part::network, 0, "network"}, program.network);
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    check_name({Part::layer, i, fmt::format("layer {}", i)}, program.layers[i]);
  }
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < program.tensors.size(); ++i) {
    bytes += check_tensor(program.tensors[i], i);
    if (bytes > max_program_bytes) {
      fail({Part::tensor, i, fmt::format("tensor {}", i)}, "the tensors up to here need more than the {} bytes allowed",
           max_program_bytes);
    }
  }
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const ArrayInstruction& instruction = program.instructions[i];
    if (instruction.layer >= program.layers.size()) {
      fail({Part::instruction, i, fmt::format("instruction {}", i)}, "layer is {}, but the program has {} layers",
           instruction.layer, program.layers.size());
    }
    const Where where{Part::instruction, i, fmt::format("instruction {} ({})", i, program.layers[instruction.layer])};
    check_geometry(where, instruction.geometry);
    check_tensors(where, instruction, program);
    check_dataflow(where, instruction.dataflow, instruction.geometry, instruction.lines_per_row, program.array);
    check_order(where, instruction, i);
  }
  check_written_once(program);
}

}  // namespace fusesim::isa
