// SPDX-License-Identifier: Apache-2.0
// Every byte that an instruction touches, run by run, written down from program.h without a thought for speed.
#pragma once

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "hw/isa/machine/program.h"

namespace fusesim::isa::machine::test {

/// A run of bytes in a scratchpad or in DRAM.
struct Touched {
  bool dram;
  Pad pad;  ///< Unless in DRAM.
  bool write;
  std::uint64_t address, bytes;
};

class ListTouched {
 public:
  std::vector<Touched> of(const Instruction& instruction) {
    std::visit([&](const auto& work) { add(work); }, instruction.work);
    return std::move(runs_);
  }

 private:
  void touch(Pad pad, bool write, std::uint64_t address, std::uint64_t bytes) {
    runs_.push_back({false, pad, write, address, bytes});
  }

  void add_transfer(const Transfer& t, bool store) {
    for (std::uint64_t k = 0; k < t.counts[2]; ++k) {
      for (std::uint64_t j = 0; j < t.counts[1]; ++j) {
        for (std::uint64_t i = 0; i < t.counts[0]; ++i) {
          const std::uint64_t pad = t.address + i * t.pad_strides[0] + j * t.pad_strides[1] + k * t.pad_strides[2];
          const std::uint64_t dram = t.dram + i * t.dram_strides[0] + j * t.dram_strides[1] + k * t.dram_strides[2];
          runs_.push_back({true, t.pad, store, dram, t.run_bytes});
          touch(t.pad, !store, pad, t.run_bytes);
        }
      }
    }
  }
  void add(const Load& load) { add_transfer(load, false); }
  void add(const Store& store) { add_transfer(store, true); }

  void add(const Compute& work) {
    const ConvGeometry& g = work.geometry;
    for (std::uint64_t c = 0; c < g.in_channels; ++c) {
      for (std::uint64_t y = 0; y < g.in_height; ++y) {
        const std::uint64_t line = work.input.address + c * work.input.channel_pitch + y * work.input.line_pitch;
        touch(Pad::activations, false, line, g.in_width);
      }
    }
    const std::uint64_t taps = std::uint64_t{g.in_channels / g.groups} * g.kernel_height * g.kernel_width;
    for (std::uint64_t t = 0; t < taps; ++t) {
      touch(Pad::weights, false, work.weights + t * work.weights_pitch, g.out_channels);
    }
    touch(Pad::outputs, true, work.output, std::uint64_t{4} * g.out_channels * g.out_height * g.out_width);
  }

  void add_map(const VectorOperand& map, bool write, std::uint64_t element, std::uint64_t channels,
               std::uint64_t height, std::uint64_t width) {
    for (std::uint64_t c = 0; c < channels; ++c) {
      for (std::uint64_t y = 0; y < height; ++y) {
        touch(map.pad, write, map.address + c * map.channel_pitch + y * map.line_pitch, element * width);
      }
    }
  }

  void add(const Vector& work) {
    switch (work.kind) {
      case VectorKind::requantize:
        add_map(work.a, false, 4, work.channels, work.height, work.width);
        touch(Pad::weights, false, work.parameters, std::uint64_t{12} * work.channels);
        break;
      case VectorKind::add:
        add_map(work.a, false, 1, work.channels, work.height, work.width);
        add_map(work.b, false, 1, work.channels, work.height, work.width);
        break;
      case VectorKind::scale:
        add_map(work.a, false, 1, work.channels, work.height, work.width);
        add_map(work.b, false, 1, work.channels, 1, 1);
        break;
      case VectorKind::rescale:
        add_map(work.a, false, 1, work.channels, work.height, work.width);
        break;
      case VectorKind::max_pool:
      case VectorKind::average_pool:
        add_map(work.a, false, 1, work.channels, work.window.in_height, work.window.in_width);
        break;
    }
    if (work.has_table) touch(Pad::weights, false, work.table, 256);
    add_map(work.result, true, 1, work.channels, work.height, work.width);
  }

  void add_lines(Pad pad, bool write, const FusedMap& map, std::uint64_t channels, std::uint64_t rows,
                 std::uint64_t columns) {
    add_map({pad, map.address, map.channel_pitch, map.line_pitch}, write, 1, channels, rows, columns);
  }

  void add(const FusedTile& work) {
    const FusedGeometry& g = work.geometry;
    add_lines(Pad::activations, false, work.input, g.channels, g.region_rows, g.region_columns);
  }

  template <typename Work>
  void add_lists(const Work& work) {
    touch(Pad::weights, false, work.lists, work.lists_bytes);
    runs_.push_back({true, Pad::weights, false, work.lists_dram, work.lists_bytes});
  }

  void add(const FusedPredict& work) { add_lists(work); }

  void add(const FusedAccumulate& work) {
    const FusedGeometry& g = work.geometry;
    add_lists(work);
    touch(Pad::weights, false, work.parameters, std::uint64_t{12} * work.out_channels);
    if (work.residual) {
      add_lines(Pad::activations, false, work.residual->map, work.out_channels, g.out_rows, g.out_columns);
    }
    add_lines(Pad::outputs, true, work.output, work.out_channels, g.out_rows, g.out_columns);
    if (work.next) add(*work.next);
  }

  std::vector<Touched> runs_;
};

inline std::vector<Touched> touched_bytes(const Instruction& instruction) {
  return ListTouched().of(instruction);
}

}  // namespace fusesim::isa::machine::test
