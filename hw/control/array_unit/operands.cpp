// SPDX-License-Identifier: Apache-2.0
#include "hw/control/array_unit/operands.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "hw/control/array_unit/transpose.h"

namespace fusesim::control::machine {

namespace {

using isa::ConvGeometry;
using isa::machine::Compute;
using isa::machine::Map;
using isa::machine::Pad;

static_assert(std::endian::native == std::endian::little, "sums lie in the scratchpad as little-endian words");

std::uint64_t taps_of(const ConvGeometry& g) {
  return std::uint64_t{g.in_channels / g.groups} * g.kernel_height * g.kernel_width;
}

/// One past the last position on an axis of the map that a window reaches.
std::uint32_t reach(std::uint32_t length, std::uint32_t outputs, std::uint32_t kernel, std::uint32_t stride,
                    std::uint32_t dilation, std::uint32_t pad) {
  const std::uint64_t end = std::uint64_t{outputs - 1} * stride + std::uint64_t{kernel - 1} * dilation + 1;
  return end <= pad ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(length, end - pad));
}

}  // namespace

const Compute& compute_of(const Context& context, std::uint32_t instruction) {
  return std::get<Compute>(context.program.instructions[instruction].work);
}

void check_operands(const Context& context, std::uint32_t instruction) {
  const Compute& compute = compute_of(context, instruction);
  const ConvGeometry& g = compute.geometry;
  const Map& map = compute.input;
  const std::uint32_t lines =
      reach(g.in_height, g.out_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top);
  const std::uint32_t columns =
      reach(g.in_width, g.out_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left);
  if (lines > 0 && columns > 0) {
    context.check_written(instruction, Pad::activations,
                          {.address = map.address,
                           .run = columns,
                           .axes = {{{lines, map.line_pitch}, {g.in_channels, map.channel_pitch}}}});
  }
  context.check_written(instruction, Pad::weights,
                        {.address = compute.weights,
                         .run = g.out_channels,
                         .axes = {{{static_cast<std::uint32_t>(taps_of(g)), compute.weights_pitch}}}});
}

std::span<const std::int8_t> DenseOperands::input(const Compute& compute, memory::Scratchpads& pads) {
  const ConvGeometry& g = compute.geometry;
  const Map& map = compute.input;
  const std::size_t area = std::size_t{g.in_height} * g.in_width, elements = g.in_channels * area;
  const bool lines_touch = g.in_height == 1 || map.line_pitch == g.in_width;
  if (lines_touch && (g.in_channels == 1 || map.channel_pitch == area))
    return pads[Pad::activations].bytes(map.address, elements);
  input_.resize(elements);
  const std::size_t piece = lines_touch ? area : g.in_width;
  std::int8_t* to = input_.data();
  for (std::uint32_t c = 0; c < g.in_channels; ++c) {
    for (std::uint32_t y = 0; y < (lines_touch ? 1 : g.in_height); ++y, to += piece)
      std::memcpy(to,
                  pads[Pad::activations].bytes(map.address + c * map.channel_pitch + y * map.line_pitch, piece).data(),
                  piece);
  }
  return input_;
}

std::span<const std::int8_t> DenseOperands::weights(const Compute& compute, memory::Scratchpads& pads) {
  const std::size_t taps = taps_of(compute.geometry), filters = compute.geometry.out_channels;
  weights_.resize(taps * filters);
  const std::int8_t* from =
      pads[Pad::weights].bytes(compute.weights, (taps - 1) * compute.weights_pitch + filters).data();
  transpose_bytes(from, compute.weights_pitch, taps, filters, weights_.data());
  return weights_;
}

std::uint64_t sum_bytes(const Compute& compute) {
  const ConvGeometry& g = compute.geometry;
  return std::uint64_t{g.out_channels} * g.out_height * g.out_width * sizeof(std::int32_t);
}

std::span<std::int32_t> sums_of(const Compute& compute, memory::Scratchpads& pads) {
  const std::span<std::int8_t> bytes = pads[Pad::outputs].bytes(compute.output, sum_bytes(compute));
  return {reinterpret_cast<std::int32_t*>(bytes.data()), bytes.size() / sizeof(std::int32_t)};
}

}  // namespace fusesim::control::machine
