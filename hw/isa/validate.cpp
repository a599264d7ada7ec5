// SPDX-License-Identifier: Apache-2.0
// The rules a program must obey before anything runs it. Each message names the place, the value and the cure.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hw/isa/invalid_program.h"
#include "hw/isa/limits.h"
#include "hw/isa/names.h"
#include "hw/isa/program.h"

namespace fusesim::isa {
namespace {

using Part = InvalidProgram::Part;

struct Where {
  Part part;
  std::size_t index;
  std::string text;
};

template <typename... Args>
[[noreturn]] void fail(const Where& where, fmt::format_string<Args...> format, Args&&... args) {
  throw InvalidProgram(where.part, where.index, where.text + ": " + fmt::format(format, std::forward<Args>(args)...));
}

void check_name(const Where& where, const std::string& text) {
  if (text.size() > max_name_length) {
    fail(where, "the name is {} bytes long; at most {} are allowed", text.size(), max_name_length);
  }
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    fail(where, "the name holds a control character; names are one line of printable text");
  }
}

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

/// Checks one axis of a convolution: out = floor((in + pads - d (K - 1) - 1) / s) + 1.
void check_axis(const Where& where, const char* axis, std::uint32_t in, std::uint32_t out, std::uint32_t kernel,
                std::uint32_t stride, std::uint32_t dilation, std::uint32_t pad_before, std::uint32_t pad_after) {
  if (in == 0 || out == 0 || kernel == 0 || stride == 0 || dilation == 0) {
    fail(where, "in, out, kernel, stride and dilation {} are {}, {}, {}, {}, {}; each must be at least 1", axis, in,
         out, kernel, stride, dilation);
  }
  if (std::max({stride, dilation, pad_before, pad_after}) > max_geometry_step) {
    fail(where, "stride, dilation or padding along the {} exceeds {}", axis, max_geometry_step);
  }
  const std::uint64_t padded = std::uint64_t{in} + pad_before + pad_after;
  const std::uint64_t reach = std::uint64_t{dilation} * (kernel - 1) + 1;
  if (reach > padded) {
    fail(where, "the kernel reaches over {} positions along the {}, but the padded map has only {}", reach, axis,
         padded);
  }
  const std::uint64_t expected = (padded - reach) / stride + 1;
  if (out != expected) {
    fail(where, "out_{} is {}, but kernel {}, stride {}, dilation {} on a padded map of {} give {}", axis, out, kernel,
         stride, dilation, padded, expected);
  }
}

void check_geometry(const Where& where, const ConvGeometry& g) {
  check_axis(where, "height", g.in_height, g.out_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top,
             g.pad_bottom);
  check_axis(where, "width", g.in_width, g.out_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left,
             g.pad_right);
  if (g.in_channels == 0 || g.out_channels == 0 || g.groups == 0) {
    fail(where, "in_channels, out_channels and groups are {}, {}, {}; each must be at least 1", g.in_channels,
         g.out_channels, g.groups);
  }
  if (g.in_channels % g.groups != 0 || g.out_channels % g.groups != 0) {
    fail(where, "groups {} must divide in_channels {} and out_channels {}", g.groups, g.in_channels, g.out_channels);
  }
}

/// A fold's schedule has one entry per tap and counts the positions it streams in 32 bits.
void check_stream(const Where& where, const ArrayInstruction& instruction, const ArrayConfig& array) {
  const ConvGeometry& g = instruction.geometry;
  const std::uint64_t taps = std::uint64_t{g.kernel_height} * g.kernel_width;
  if (taps > max_wire_taps) {
    fail(where, "{} allows {} taps, but the kernel has {}; use depthwise_column or depthwise_row",
         name(instruction.dataflow), max_wire_taps, taps);
  }
  const bool column = instruction.dataflow == Dataflow::fuse_column;
  const std::uint64_t stride = column ? g.stride_height : g.stride_width;
  const std::uint64_t dilation = column ? g.dilation_height : g.dilation_width;
  const std::uint64_t along = column ? g.kernel_height : g.kernel_width;
  const std::uint64_t across = column ? g.kernel_width : g.kernel_height;
  const std::uint64_t feed = across * (stride * array.cols + dilation * along);
  if (feed > max_fold_feed) {
    fail(where, "a fold of {} would stream about {} positions of at most {}; use depthwise_column or depthwise_row",
         name(instruction.dataflow), feed, max_fold_feed);
  }
}

void check_dataflow(const Where& where, const ArrayInstruction& instruction, const ArrayConfig& array) {
  if (instruction.dataflow > Dataflow::fuse_column) {
    fail(where, "dataflow {} is unknown", static_cast<unsigned>(instruction.dataflow));
  }
  const ConvGeometry& g = instruction.geometry;
  const char* dataflow = name(instruction.dataflow);
  if (instruction.dataflow != Dataflow::gemm && (g.groups != g.in_channels || g.out_channels != g.in_channels)) {
    fail(where, "{} needs groups = in_channels = out_channels, but they are {}, {}, {}; use gemm", dataflow, g.groups,
         g.in_channels, g.out_channels);
  }
  if (instruction.dataflow == Dataflow::fuse_row && g.kernel_height != 1) {
    fail(where, "fuse_row needs kernel_height 1, but it is {}; use depthwise_broadcast", g.kernel_height);
  }
  if (instruction.dataflow == Dataflow::fuse_column && g.kernel_width != 1) {
    fail(where, "fuse_column needs kernel_width 1, but it is {}; use depthwise_broadcast", g.kernel_width);
  }
  const bool on_wires = instruction.dataflow >= Dataflow::depthwise_broadcast;
  if (on_wires && !array.fuse_links) {
    fail(where, "{} needs the array's FuSe links, which array '{}' lacks; use depthwise_column or depthwise_row",
         dataflow, describe(array));
  }
  if (on_wires) check_stream(where, instruction, array);
  const std::uint32_t densest = densest_packing(instruction.dataflow, g, array.cols).lines;
  if (instruction.lines_per_row == 0 || instruction.lines_per_row > densest) {
    fail(where, "lines_per_row is {}; for this {} on {} columns it must be from 1 to {}", instruction.lines_per_row,
         dataflow, array.cols, densest);
  }
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
    check_dataflow(where, instruction, program.array);
    check_order(where, instruction, i);
  }
  check_written_once(program);
}

}  // namespace fusesim::isa
