// SPDX-License-Identifier: Apache-2.0
#include "tests/support/machine_interpreter.h"

#include <algorithm>
#include <cstring>
#include <variant>

#include "workloads/reference/arithmetic.h"

namespace fusesim::test {

using isa::machine::Compute;
using isa::machine::Load;
using isa::machine::Pad;
using isa::machine::Store;
using isa::machine::Vector;
using isa::machine::VectorKind;

namespace {

/// Calls move(dram address, pad address) for each run of a transfer.
template <typename Move>
void for_runs(const isa::machine::Transfer& t, Move move) {
  for (std::uint32_t k = 0; k < t.counts[2]; ++k) {
    for (std::uint32_t j = 0; j < t.counts[1]; ++j) {
      for (std::uint32_t i = 0; i < t.counts[0]; ++i) {
        move(t.dram + i * t.dram_strides[0] + j * t.dram_strides[1] + k * t.dram_strides[2],
             t.address + std::uint64_t{i} * t.pad_strides[0] + std::uint64_t{j} * t.pad_strides[1] +
                 std::uint64_t{k} * t.pad_strides[2]);
      }
    }
  }
}

}  // namespace

MachineInterpreter::MachineInterpreter(const isa::machine::Program& program)
    : program_(program), dram_(program.dram_bytes()) {
  for (const isa::machine::Section& section : program.sections) {
    std::copy(section.values.begin(), section.values.end(),
              dram_.begin() + static_cast<std::ptrdiff_t>(section.address));
  }
  for (const Pad which : {Pad::activations, Pad::weights, Pad::outputs})
    pad(which).resize(program.core.pad(which).bytes);
}

void MachineInterpreter::run() {
  for (const isa::machine::Instruction& instruction : program_.instructions) {
    std::visit([this](const auto& work) { execute(work); }, instruction.work);
    // What is released is gone.
    for (const isa::machine::Release& release : instruction.releases) {
      std::fill_n(pad(release.pad).begin() + release.address, release.bytes, std::int8_t{0x55});
    }
  }
}

void MachineInterpreter::execute(const Load& load) {
  for_runs(load, [&](std::uint64_t from, std::uint64_t to) {
    std::memcpy(&pad(load.pad).at(to), &dram_.at(from), load.run_bytes);
  });
}

void MachineInterpreter::execute(const Store& store) {
  for_runs(store, [&](std::uint64_t to, std::uint64_t from) {
    std::memcpy(&dram_.at(to), &pad(store.pad).at(from), store.run_bytes);
  });
}

std::int32_t MachineInterpreter::word(Pad which, std::uint32_t address) {
  std::uint32_t value = 0;
  for (std::uint32_t byte = 0; byte < 4; ++byte) {
    value |= std::uint32_t{static_cast<std::uint8_t>(pad(which).at(address + byte))} << (8 * byte);
  }
  return static_cast<std::int32_t>(value);
}

void MachineInterpreter::execute(const Compute& compute) {
  const isa::ConvGeometry& g = compute.geometry;
  const std::uint32_t depth = g.in_channels / g.groups, filters = g.out_channels / g.groups;
  std::vector<std::int32_t> sums(std::size_t{g.out_height} * g.out_width);
  for (std::uint32_t o = 0; o < g.out_channels; ++o) {
    std::fill(sums.begin(), sums.end(), 0);
    std::uint32_t tap = 0;
    for (std::uint32_t c = 0; c < depth; ++c) {
      const std::int8_t* map =
          &pad(Pad::activations).at(compute.input.address + (o / filters * depth + c) * compute.input.channel_pitch);
      for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
        for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx, ++tap) {
          const std::int32_t weight =
              pad(Pad::weights).at(compute.weights + std::size_t{tap} * compute.weights_pitch + o);
          std::int32_t* sum = sums.data();
          for (std::uint32_t y = 0; y < g.out_height; ++y) {
            const std::int64_t row =
                std::int64_t{y} * g.stride_height + std::int64_t{ky} * g.dilation_height - g.pad_top;
            const bool row_inside = row >= 0 && row < g.in_height;
            for (std::uint32_t x = 0; x < g.out_width; ++x) {
              const std::int64_t column =
                  std::int64_t{x} * g.stride_width + std::int64_t{kx} * g.dilation_width - g.pad_left;
              const bool inside = row_inside && column >= 0 && column < g.in_width;
              const std::int32_t value = inside ? map[row * compute.input.line_pitch + column] : compute.pad_value;
              *sum = reference::wrapping_add(*sum, value * weight);
              ++sum;
            }
          }
        }
      }
    }
    std::memcpy(&pad(Pad::outputs).at(compute.output + 4 * sums.size() * o), sums.data(), 4 * sums.size());
  }
}

void MachineInterpreter::execute(const Vector& v) {
  const reference::Limits bounds{v.lowest, v.highest};
  const auto byte = [&](const isa::machine::VectorOperand& operand, std::uint32_t c, std::int64_t y, std::int64_t x) {
    return static_cast<std::int64_t>(
        pad(operand.pad)
            .at(static_cast<std::size_t>(operand.address + std::int64_t{c} * operand.channel_pitch +
                                         y * operand.line_pitch + x)));
  };
  const auto over_window = [&](std::uint32_t c, std::uint32_t y, std::uint32_t x, auto visit) {
    const isa::machine::Window& w = v.window;
    for (std::uint32_t ky = 0; ky < w.kernel_height; ++ky) {
      for (std::uint32_t kx = 0; kx < w.kernel_width; ++kx) {
        const std::int64_t row = std::int64_t{y} * w.stride_height + ky - w.pad_top;
        const std::int64_t column = std::int64_t{x} * w.stride_width + kx - w.pad_left;
        if (row >= 0 && row < w.in_height && column >= 0 && column < w.in_width) visit(byte(v.a, c, row, column));
      }
    }
  };
  const auto scaled = [&](std::int64_t product, std::int32_t shift) {
    return v.zero_out + reference::rounding_shift(product, shift);
  };
  const auto value = [&](std::uint32_t c, std::uint32_t y, std::uint32_t x) -> std::int64_t {
    switch (v.kind) {
      case VectorKind::requantize: {
        const std::uint32_t parameters = v.parameters + c * isa::machine::channel_parameter_bytes;
        const std::int32_t sum = word(v.a.pad, v.a.address + c * v.a.channel_pitch + y * v.a.line_pitch + 4 * x);
        const std::int32_t biased = reference::wrapping_add(sum, word(Pad::weights, parameters));
        return scaled(std::int64_t{biased} * word(Pad::weights, parameters + 4), word(Pad::weights, parameters + 8));
      }
      case VectorKind::add:
        return scaled(
            (byte(v.a, c, y, x) - v.zero_a) * v.multiplier_a + (byte(v.b, c, y, x) - v.zero_b) * v.multiplier_b,
            v.shift);
      case VectorKind::scale:
        return scaled((byte(v.a, c, y, x) - v.zero_a) * (byte(v.b, c, 0, 0) - v.zero_b) * v.multiplier_a, v.shift);
      case VectorKind::rescale:
        return scaled((byte(v.a, c, y, x) - v.zero_a) * v.multiplier_a, v.shift);
      case VectorKind::max_pool: {
        std::int64_t largest = -128;
        over_window(c, y, x, [&](std::int64_t q) { largest = std::max(largest, q); });
        return largest;
      }
      case VectorKind::average_pool: {
        std::int64_t sum = 0;
        over_window(c, y, x, [&](std::int64_t q) { sum += q - v.zero_a; });
        return scaled(sum * v.multiplier_a, v.shift);
      }
    }
    return 0;
  };
  // All operands are read before a result is written, so that a pass in place would be seen as what it is.
  std::vector<std::int8_t> results;
  for (std::uint32_t c = 0; c < v.channels; ++c) {
    for (std::uint32_t y = 0; y < v.height; ++y) {
      for (std::uint32_t x = 0; x < v.width; ++x) {
        std::int8_t q = reference::saturate(value(c, y, x), bounds);
        if (v.has_table) q = pad(Pad::weights).at(v.table + static_cast<std::uint32_t>(q + 128));
        results.push_back(q);
      }
    }
  }
  const std::int8_t* next = results.data();
  for (std::uint32_t c = 0; c < v.channels; ++c) {
    for (std::uint32_t y = 0; y < v.height; ++y) {
      for (std::uint32_t x = 0; x < v.width; ++x) {
        pad(v.result.pad).at(v.result.address + c * v.result.channel_pitch + y * v.result.line_pitch + x) = *next++;
      }
    }
  }
}

}  // namespace fusesim::test
