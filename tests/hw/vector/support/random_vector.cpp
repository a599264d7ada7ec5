// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/vector/support/random_vector.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace fusesim::vector_test {

using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;
using isa::machine::VectorOperand;

namespace {

constexpr std::uint32_t smallest_pad = 64 * 1024;

bool is_pool(VectorKind kind) {
  return kind == VectorKind::max_pool || kind == VectorKind::average_pool;
}

}  // namespace

isa::machine::CoreConfig RandomVector::core() {
  isa::machine::CoreConfig core;
  const auto pad = [&](std::uint32_t banks, std::uint32_t width) {
    const std::uint32_t row = banks * width;
    return isa::machine::ScratchpadConfig{(smallest_pad + row - 1) / row * std::uint64_t{row}, banks, width, 1};
  };
  core.array.rows = core.array.cols = 1;
  core.activations = pad(1 + below(20), 1U << below(4));
  core.weights = pad(1 + below(20), 1U << below(4));
  core.outputs = pad(1 + below(20), 4);
  core.vector.lanes = one_in(4) ? 1U << below(7) : 1 + below(70);
  core.vector.latency = below(13);
  return core;
}

std::uint32_t RandomVector::reserve(Pad pad, std::uint32_t bytes) {
  std::uint32_t& free = free_[static_cast<std::size_t>(pad)];
  const std::uint32_t address = free + below(70);
  free = address + bytes;
  return address;
}

VectorOperand RandomVector::place(Pad pad, std::uint32_t element_bytes, std::uint32_t channels, std::uint32_t height,
                                  std::uint32_t width) {
  VectorOperand map{pad, 0, 0, 0};
  map.line_pitch = (width + (one_in(2) ? 0 : below(6))) * element_bytes;
  map.channel_pitch = height * map.line_pitch + (one_in(2) ? 0 : below(9) * element_bytes);
  const std::uint32_t bytes = channels * map.channel_pitch;
  map.address = (reserve(pad, bytes + element_bytes) + element_bytes - 1) / element_bytes * element_bytes;
  return map;
}

Vector RandomVector::instruction(VectorKind kind, bool in_place) {
  std::fill(std::begin(free_), std::end(free_), 0U);
  Vector v;
  v.kind = kind;
  const bool pool = is_pool(kind);
  const std::uint32_t shape = below(4);
  v.channels = shape == 0 ? 1 + below(200) : 1 + below(9);
  v.height = shape == 0 ? 1 : 1 + below(9);
  v.width = shape == 0 ? 1 : shape == 1 && !pool ? 1 + below(100) : 1 + below(20);
  if (pool) {
    if (one_in(20)) {  // Longer than the pieces that lines are cut into.
      v.channels = 1;
      v.height = 1 + below(2);
      v.width = 257 + below(300);
    }
    // Any map in which the last window still begins, so that windows hang over each side or leave elements out.
    const auto axis = [&](std::uint32_t out, std::uint32_t& in, std::uint32_t& kernel, std::uint32_t& stride,
                          std::uint32_t& pad) {
      kernel = 1 + below(7);
      stride = 1 + below(4);
      pad = below(kernel);
      const std::uint32_t last = (out - 1) * stride;
      const std::uint32_t least = last >= pad ? last - pad + 1 : 1;
      in = least + below(kernel + 2);
    };
    isa::machine::Window& w = v.window;
    axis(v.height, w.in_height, w.kernel_height, w.stride_height, w.pad_top);
    axis(v.width, w.in_width, w.kernel_width, w.stride_width, w.pad_left);
    if (shape == 0 && one_in(2)) w = {1 + below(9), 1 + below(9), w.in_height, w.in_width, 1, 1, 0, 0};
    v.channels = std::min(v.channels, 20U);
  }
  const std::uint32_t in_height = pool ? v.window.in_height : v.height, in_width = pool ? v.window.in_width : v.width;
  const Pad result_pad = one_in(2) ? Pad::activations : Pad::outputs;
  const auto operand_pad = [&] { return static_cast<Pad>(below(3)); };
  v.a = place(operand_pad(), kind == VectorKind::requantize ? 4 : 1, v.channels, in_height, in_width);
  if (kind == VectorKind::add) v.b = place(operand_pad(), 1, v.channels, v.height, v.width);
  if (kind == VectorKind::scale) v.b = place(operand_pad(), 1, v.channels, 1, 1);
  if (kind == VectorKind::requantize) v.parameters = reserve(Pad::weights, v.channels * 12);
  v.has_table = one_in(3);
  if (v.has_table) v.table = reserve(Pad::weights, 256);
  v.result = place(result_pad, 1, v.channels, v.height, v.width);
  if (in_place && !pool && v.a.pad != Pad::weights && one_in(2)) {
    const std::uint32_t above = v.result.address;
    v.result.pad = v.a.pad;
    v.result.address = v.a.address;
    if (kind != VectorKind::requantize) {
      v.result = v.a;
    } else {
      // Any place that starts with the sums or, dense, not far before them.
      v.result.line_pitch = std::min(v.result.line_pitch, v.a.line_pitch);
      v.result.channel_pitch = std::min(v.result.channel_pitch, v.a.channel_pitch);
      if (one_in(3)) v.result.address -= std::min(v.result.address, above % 7);
    }
  } else if (in_place && kind == VectorKind::add && v.b.pad != Pad::weights && one_in(2)) {
    v.result = v.b;
    if (one_in(4)) v.a = v.b;
  }

  const auto zero = [&] { return static_cast<std::int32_t>(from_to(-128, 127)); };
  v.zero_a = zero();
  v.zero_b = zero();
  v.zero_out = zero();
  const auto multiplier = [&] {
    return static_cast<std::int32_t>(one_in(8) ? from_to(0, 1 << 20)
                                               : from_to(1 << 30, std::numeric_limits<std::int32_t>::max()));
  };
  v.multiplier_a = multiplier();
  v.multiplier_b = multiplier();
  v.shift = static_cast<std::int32_t>(one_in(5) ? from_to(1, 62) : from_to(29, kind == VectorKind::scale ? 40 : 34));
  if (one_in(2)) {
    v.lowest = static_cast<std::int8_t>(zero());
    v.highest = static_cast<std::int8_t>(from_to(v.lowest, 127));
  }
  return v;
}

void RandomVector::fill(memory::Scratchpads& pads) {
  for (std::size_t i = 0; i < isa::machine::pad_count; ++i) {
    memory::Scratchpad& pad = pads[static_cast<Pad>(i)];
    for (std::int8_t& byte : pad.bytes(0, pad.config().bytes)) {
      const std::uint64_t bits = engine_();
      byte = static_cast<std::int8_t>(bits % 16 == 0   ? -128
                                      : bits % 16 == 1 ? 127
                                                       : static_cast<int>(bits >> 56) - 128);
    }
  }
}

void RandomVector::fill_operands(const Vector& v, memory::Scratchpads& pads) {
  if (v.kind != VectorKind::requantize) return;
  constexpr auto least = std::numeric_limits<std::int32_t>::min(), most = std::numeric_limits<std::int32_t>::max();
  const auto sized = [&](std::int64_t bits) {
    return static_cast<std::int32_t>(from_to(-(std::int64_t{1} << bits), (std::int64_t{1} << bits) - 1));
  };
  for (std::uint32_t c = 0; c < v.channels; ++c) {
    const std::int64_t bits = from_to(0, 31);
    std::int32_t parameters[3] = {
        one_in(6) ? (one_in(2) ? least : most) : sized(one_in(4) ? 31 : bits),
        static_cast<std::int32_t>(one_in(8) ? from_to(0, most) : from_to(1 << 30, most)),
        static_cast<std::int32_t>(one_in(5) ? from_to(1, 62)
                                            : std::clamp<std::int64_t>(bits + from_to(19, 27), 1, 62))};
    std::memcpy(pads[Pad::weights].bytes(v.parameters + c * 12, 12).data(), parameters, 12);
    // Sums in the weights scratchpad may share it with the parameters, but not their place.
    for (std::uint32_t y = 0; y < v.height; ++y) {
      for (std::uint32_t x = 0; x < v.width; ++x) {
        const std::int32_t sum = one_in(10) ? (one_in(2) ? least : most) : sized(bits);
        const std::uint32_t address = v.a.address + c * v.a.channel_pitch + y * v.a.line_pitch + x * 4;
        std::memcpy(pads[v.a.pad].bytes(address, 4).data(), &sum, 4);
      }
    }
  }
}

Image image(memory::Scratchpads& pads) {
  Image all;
  for (std::size_t i = 0; i < isa::machine::pad_count; ++i) {
    memory::Scratchpad& pad = pads[static_cast<Pad>(i)];
    const auto bytes = pad.bytes(0, pad.config().bytes);
    all.emplace_back(bytes.begin(), bytes.end());
  }
  return all;
}

}  // namespace fusesim::vector_test
