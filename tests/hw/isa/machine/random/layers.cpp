// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/isa/machine/random/layers.h"

#include <algorithm>

namespace fusesim::isa::machine::test {
namespace {

ConvGeometry random_geometry(Dice& dice, Dataflow dataflow, const DramMap& input) {
  ConvGeometry g;
  g.in_channels = input.channels;
  g.in_height = input.height;
  g.in_width = input.width;
  if (dataflow == Dataflow::gemm) {
    do g.groups = dice.upto(input.channels);
    while (input.channels % g.groups != 0);
    g.out_channels = g.groups * dice.upto(g.groups == 1 ? 13 : 3);
  } else {
    g.groups = g.out_channels = input.channels;
  }
  const auto axis = [&](std::uint32_t in, bool one, std::uint32_t& kernel, std::uint32_t& stride,
                        std::uint32_t& dilation, std::uint32_t& before, std::uint32_t& after) {
    before = dice.upto(3) - 1;
    after = dice.upto(3) - 1;
    stride = dice.upto(3);
    dilation = dice.upto(2);
    kernel = one ? 1 : dice.upto(std::min(3U, (in + before + after - 1) / dilation + 1));
    return (in + before + after - dilation * (kernel - 1) - 1) / stride + 1;
  };
  g.out_height = axis(g.in_height, dataflow == Dataflow::fuse_row, g.kernel_height, g.stride_height, g.dilation_height,
                      g.pad_top, g.pad_bottom);
  g.out_width = axis(g.in_width, dataflow == Dataflow::fuse_column, g.kernel_width, g.stride_width, g.dilation_width,
                     g.pad_left, g.pad_right);
  return g;
}

Vector pass(Dice& dice, VectorKind kind, const PadMap& a, const PadMap& result) {
  Vector work;
  work.kind = kind;
  work.channels = result.channels;
  work.height = result.height;
  work.width = result.width;
  work.a = a.at;
  work.result = result.at;
  if (kind != VectorKind::requantize && kind != VectorKind::max_pool) {
    work.zero_a = dice.int8();
    work.multiplier_a = static_cast<std::int32_t>(dice.upto((1U << 31) - 1));
    work.shift = static_cast<std::int32_t>(29 + dice.upto(3));
  }
  if (kind == VectorKind::add || kind == VectorKind::scale) work.zero_b = dice.int8();
  if (kind == VectorKind::add) work.multiplier_b = static_cast<std::int32_t>(dice.upto((1U << 31) - 1));
  if (kind == VectorKind::scale) work.shift += 7;
  if (kind != VectorKind::max_pool) work.zero_out = dice.int8();
  if (dice.chance(3)) {
    const auto [lowest, highest] = std::minmax({dice.int8(), dice.int8()});
    work.lowest = lowest;
    work.highest = highest;
  }
  return work;
}

PadMap result_place(ProgramDraft& draft, std::uint32_t channels, std::uint32_t height, std::uint32_t width) {
  return draft.place(draft.dice.chance(2) ? Pad::activations : Pad::outputs, 1, channels, height, width);
}

PadMap pool(ProgramDraft& draft, const PadMap& input) {
  Dice& dice = draft.dice;
  Window window{.in_height = input.height, .in_width = input.width};
  const auto axis = [&](std::uint32_t in, std::uint32_t& kernel, std::uint32_t& stride, std::uint32_t& pad) {
    kernel = dice.upto(3);
    stride = dice.upto(3);
    pad = dice.upto(kernel) - 1;
    return dice.upto((in + pad - 1) / stride + 1);
  };
  std::uint32_t height = axis(input.height, window.kernel_height, window.stride_height, window.pad_top);
  std::uint32_t width = axis(input.width, window.kernel_width, window.stride_width, window.pad_left);
  if (dice.chance(4)) {  // global
    window = {
        .in_height = input.height, .in_width = input.width, .kernel_height = input.height, .kernel_width = input.width};
    height = width = 1;
  }
  PadMap result = result_place(draft, input.channels, height, width);
  Vector work = pass(dice, dice.chance(2) ? VectorKind::max_pool : VectorKind::average_pool, input, result);
  work.window = window;
  result.ready = draft.add(work, input.ready, {input.buffer, result.buffer});
  return result;
}

PadMap rescale(ProgramDraft& draft, const PadMap& input) {
  Dice& dice = draft.dice;
  PadMap result = result_place(draft, input.channels, input.height, input.width);
  Vector work = pass(dice, VectorKind::rescale, input, result);
  Waits ready = input.ready;
  if (dice.chance(2)) {
    const std::size_t table = draft.load_constants(1, table_bytes, table_bytes, Pad::weights, ready);
    work.has_table = true;
    work.table = draft.address(table);
    result.ready = draft.add(work, ready, {input.buffer, table, result.buffer});
  } else {
    result.ready = draft.add(work, ready, {input.buffer, result.buffer});
  }
  return result;
}

PadMap sum(ProgramDraft& draft, const PadMap& a) {
  const PadMap b = draft.load_map(draft.new_input(a.channels, a.height, a.width));
  PadMap result = result_place(draft, a.channels, a.height, a.width);
  Vector work = pass(draft.dice, VectorKind::add, a, result);
  work.b = b.at;
  result.ready = draft.add(work, both(a.ready, b.ready), {a.buffer, b.buffer, result.buffer});
  return result;
}

PadMap scale(ProgramDraft& draft, const PadMap& a) {
  const PadMap gate = draft.load_map(draft.new_input(a.channels, 1, 1));
  PadMap result = result_place(draft, a.channels, a.height, a.width);
  Vector work = pass(draft.dice, VectorKind::scale, a, result);
  work.b = gate.at;
  result.ready = draft.add(work, both(a.ready, gate.ready), {a.buffer, gate.buffer, result.buffer});
  return result;
}

}  // namespace

PadMap random_convolution(ProgramDraft& draft, const DramMap& source) {
  Dice& dice = draft.dice;
  const PadMap input = draft.load_map(source);
  Compute work;
  work.dataflow = static_cast<Dataflow>(dice.upto(draft.program.core.array.fuse_links ? 6 : 3) - 1);
  work.geometry = random_geometry(dice, work.dataflow, source);
  const ConvGeometry& g = work.geometry;
  work.lines_per_row = dice.upto(densest_packing(work.dataflow, g, draft.program.core.array.cols).lines);
  work.pad_value = dice.int8();
  work.input = {input.at.address, input.at.channel_pitch, input.at.line_pitch};
  Waits ready = input.ready;
  work.weights_pitch = g.out_channels + (dice.chance(3) ? dice.upto(3) : 0);
  const std::size_t weights = draft.load_constants(g.in_channels / g.groups * g.kernel_height * g.kernel_width,
                                                   g.out_channels, work.weights_pitch, Pad::weights, ready);
  work.weights = draft.address(weights);
  PadMap sums{{}, g.out_channels, g.out_height, g.out_width, 0, {}};
  sums.at.line_pitch = 4 * g.out_width;
  sums.at.channel_pitch = sums.at.line_pitch * g.out_height;
  sums.buffer = draft.allocate(Pad::outputs, std::uint64_t{sums.at.channel_pitch} * g.out_channels, 4);
  sums.at.address = work.output = draft.address(sums.buffer);
  sums.ready = draft.add(work, ready, {input.buffer, weights, sums.buffer});

  ready = sums.ready;
  const std::size_t parameters = draft.load_parameters(g.out_channels, ready);
  PadMap result = result_place(draft, g.out_channels, g.out_height, g.out_width);
  Vector vector = pass(dice, VectorKind::requantize, sums, result);
  vector.parameters = draft.address(parameters);
  result.ready = draft.add(vector, ready, {sums.buffer, parameters, result.buffer});
  return result;
}

PadMap random_vector_operator(ProgramDraft& draft, const PadMap& input) {
  switch (draft.dice.upto(4)) {
    case 1:
      return pool(draft, input);
    case 2:
      return rescale(draft, input);
    case 3:
      return sum(draft, input);
    default:
      return scale(draft, input);
  }
}

}  // namespace fusesim::isa::machine::test
