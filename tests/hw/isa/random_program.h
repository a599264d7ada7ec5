// SPDX-License-Identifier: Apache-2.0
// Small valid programs that use every dataflow, option and kind of tensor; the same seed gives the same program.
#pragma once

#include <algorithm>
#include <random>
#include <string>

#include "hw/isa/program.h"

namespace fusesim::isa::test {

class RandomProgram {
 public:
  explicit RandomProgram(std::uint32_t seed) : random_(seed) {}

  Program make() {
    program_ = {};
    program_.network = text();
    ArrayConfig& array = program_.array;
    array.rows = upto(12);
    array.cols = upto(12);
    array.accumulators = upto(2) == 1 ? Accumulators::single : Accumulators::pingpong;
    array.folds = upto(2) == 1 ? FoldOverlap::serial : FoldOverlap::pipelined;
    array.fuse_links = upto(4) != 1;
    const std::uint32_t stages = upto(array.cols) - 1;
    array.broadcast_stages = array.fuse_links ? stages : 0;
    const std::uint32_t count = upto(4);
    for (std::uint32_t i = 0; i < count; ++i) add_instruction();
    return program_;
  }

 private:
  /// 1 .. n.
  std::uint32_t upto(std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(1, n)(random_); }

  std::string text() {
    static constexpr char letters[] = "ab.0_ \"\\#=\xc3\xa9";
    std::string result;
    for (std::uint32_t i = upto(8); i > 1; --i) result += letters[upto(sizeof letters - 1) - 1];
    return result;
  }

  std::uint32_t add_tensor(std::uint32_t channels, std::uint32_t height, std::uint32_t width, bool computed) {
    Tensor tensor;
    tensor.name = text();
    tensor.channels = channels;
    tensor.height = height;
    tensor.width = width;
    if (computed) {
      tensor.type = ElementType::int32;
      tensor.source = TensorSource::computed;
    } else if (upto(3) == 1) {
      tensor.source = TensorSource::constant;
      tensor.values.resize(tensor.elements());
      for (std::int8_t& value : tensor.values) value = static_cast<std::int8_t>(upto(256) - 1);
    } else {
      tensor.source = TensorSource::generated;
      tensor.seed = std::uint64_t{upto(0xffffffffu)} << 32 | upto(0xffffffffu);
    }
    program_.tensors.push_back(tensor);
    return static_cast<std::uint32_t>(program_.tensors.size() - 1);
  }

  void add_instruction() {
    ArrayInstruction instruction;
    instruction.dataflow = static_cast<Dataflow>(upto(program_.array.fuse_links ? 6 : 3) - 1);
    ConvGeometry& g = instruction.geometry;
    g.groups = upto(4);
    const bool gemm = instruction.dataflow == Dataflow::gemm;
    g.in_channels = gemm ? g.groups * upto(3) : g.groups;
    g.out_channels = gemm ? g.groups * upto(3) : g.groups;
    g.kernel_height = instruction.dataflow == Dataflow::fuse_row ? 1 : upto(3);
    g.kernel_width = instruction.dataflow == Dataflow::fuse_column ? 1 : upto(3);
    g.stride_height = upto(3);
    g.stride_width = upto(3);
    g.dilation_height = upto(2);
    g.dilation_width = upto(2);
    g.pad_top = upto(3) - 1;
    g.pad_left = upto(3) - 1;
    g.pad_bottom = upto(3) - 1;
    g.pad_right = upto(3) - 1;
    const std::uint32_t reach_height = g.dilation_height * (g.kernel_height - 1) + 1;
    const std::uint32_t reach_width = g.dilation_width * (g.kernel_width - 1) + 1;
    g.in_height = reach_height + upto(6) - 1;
    g.in_width = reach_width + upto(6) - 1;
    g.out_height = (g.in_height + g.pad_top + g.pad_bottom - reach_height) / g.stride_height + 1;
    g.out_width = (g.in_width + g.pad_left + g.pad_right - reach_width) / g.stride_width + 1;

    const std::uint32_t before = upto(2) - 1;
    instruction.input = {add_tensor(before + g.in_channels + upto(2) - 1, g.in_height, g.in_width, false), before};
    instruction.weights =
        add_tensor(g.out_channels * (g.in_channels / g.groups), g.kernel_height, g.kernel_width, false);
    instruction.output = {add_tensor(before + g.out_channels, g.out_height, g.out_width, true), before};
    instruction.lines_per_row = upto(densest_packing(instruction.dataflow, g, program_.array.cols).lines);
    instruction.pad_value = static_cast<std::int8_t>(upto(256) - 129);
    instruction.layer = static_cast<std::uint32_t>(program_.layers.size());
    for (std::uint32_t i = 0; i < program_.instructions.size(); ++i) {
      if (upto(2) == 1) instruction.wait_for.push_back(i);
    }
    program_.layers.push_back(text());
    program_.instructions.push_back(instruction);
  }

  std::mt19937 random_;
  Program program_;
};

inline Program random_program(std::uint32_t seed) {
  return RandomProgram(seed).make();
}

}  // namespace fusesim::isa::test
