// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/values/compute.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "hw/vector/values/channel_parameters.h"
#include "hw/vector/values/line_kernels.h"

namespace fusesim::vector {
namespace {

using isa::machine::ChannelParameters;
using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;
using isa::machine::VectorOperand;
using Table = std::array<std::int8_t, isa::machine::table_bytes>;

const LineKernels& kernels_of([[maybe_unused]] array::values::InstructionSet set) {
#ifdef FUSESIM_X86_KERNELS
  switch (set) {
    case array::values::InstructionSet::portable:
      return portable_line_kernels;
    case array::values::InstructionSet::avx2:
      return avx2_line_kernels;
    case array::values::InstructionSet::avx512:
    case array::values::InstructionSet::avx512_vnni:
      return avx512_line_kernels;
  }
#endif
  return portable_line_kernels;
}

void look_up(const Table& table, const std::int8_t* from, std::int8_t* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] = table[static_cast<std::size_t>(from[i] + 128)];
}

/// The places of a map in memory.
struct Places {
  Places(const VectorOperand& operand, memory::Scratchpads& pads)
      : bytes(pads[operand.pad].bytes(operand.address, 0).data()),
        channel_pitch(operand.channel_pitch),
        line_pitch(operand.line_pitch) {}
  [[nodiscard]] std::int8_t* line(std::size_t channel, std::size_t y) const {
    return bytes + channel * channel_pitch + y * line_pitch;
  }
  std::int8_t* bytes;
  std::size_t channel_pitch, line_pitch;
};

class Computation {
 public:
  Computation(const Vector& instruction, memory::Scratchpads& pads, const LineKernels& kernels)
      : v_(instruction),
        pads_(pads),
        kernels_(kernels),
        a_(instruction.a, pads),
        result_(instruction.result, pads),
        rounding_{instruction.shift, instruction.zero_out, instruction.lowest, instruction.highest} {
    if (v_.has_table) std::memcpy(table_.data(), parameters(v_.table, table_.size()), table_.size());
  }

  void run() {
    switch (v_.kind) {
      case VectorKind::requantize:
        return requantize();
      case VectorKind::add:
        return add();
      case VectorKind::scale:
        return scale();
      case VectorKind::rescale:
        return rescale();
      case VectorKind::max_pool:
        return max_pool();
      case VectorKind::average_pool:
        return average_pool();
    }
  }

 private:
  /// Elements of a pool's line that are worked on at a time.
  static constexpr std::size_t piece = 256;

  [[nodiscard]] const std::int8_t* parameters(std::uint32_t address, std::size_t count) const {
    return pads_[Pad::weights].bytes(address, count).data();
  }

  /// Calls use(channel, y, elements) for stretches of the result that are contiguous there and in all operands.
  template <class Use>
  void for_lines(bool operands_dense, Use use) const {
    if (operands_dense && result_.line_pitch == v_.width) {
      for (std::size_t c = 0; c < v_.channels; ++c) use(c, std::size_t{0}, std::size_t{v_.height} * v_.width);
      return;
    }
    for (std::size_t c = 0; c < v_.channels; ++c) {
      for (std::size_t y = 0; y < v_.height; ++y) use(c, y, std::size_t{v_.width});
    }
  }
  [[nodiscard]] bool dense(const VectorOperand& operand, std::size_t element_bytes) const {
    return operand.line_pitch == v_.width * element_bytes;
  }
  void finish(std::int8_t* line, std::size_t count) const {
    if (v_.has_table) look_up(table_, line, line, count);
  }

  void requantize() const {
    constexpr std::size_t each = isa::machine::channel_parameter_bytes;
    const std::int8_t* at = parameters(v_.parameters, v_.channels * each);
    for_lines(dense(v_.a, sizeof(std::int32_t)), [&](std::size_t c, std::size_t y, std::size_t count) {
      kernels_.requantize(a_.line(c, y), result_.line(c, y), count, channel_parameters(at + c * each), rounding_);
      finish(result_.line(c, y), count);
    });
  }

  void add() const {
    const Places b(v_.b, pads_);
    const Factor of_a{v_.zero_a, v_.multiplier_a}, of_b{v_.zero_b, v_.multiplier_b};
    for_lines(dense(v_.a, 1) && dense(v_.b, 1), [&](std::size_t c, std::size_t y, std::size_t count) {
      kernels_.add(a_.line(c, y), b.line(c, y), result_.line(c, y), count, of_a, of_b, rounding_);
      finish(result_.line(c, y), count);
    });
  }

  void scale() const {
    const Places gates(v_.b, pads_);
    const Factor of_a{v_.zero_a, v_.multiplier_a};
    for_lines(dense(v_.a, 1), [&](std::size_t c, std::size_t y, std::size_t count) {
      kernels_.scale(a_.line(c, y), result_.line(c, y), count, of_a, *gates.line(c, 0) - v_.zero_b, rounding_);
      finish(result_.line(c, y), count);
    });
  }

  /// An int8 to an int8: one table for all.
  void rescale() const {
    Table all, results;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int8_t>(static_cast<int>(i) - 128);
    kernels_.scale(all.data(), results.data(), all.size(), {v_.zero_a, v_.multiplier_a}, 1, rounding_);
    finish(results.data(), results.size());
    for_lines(dense(v_.a, 1), [&](std::size_t c, std::size_t y, std::size_t count) {
      look_up(results, a_.line(c, y), result_.line(c, y), count);
    });
  }

  /// Results of a line whose element kx of the window lies inside the map: 0 <= x * stride + kx - padding < width.
  struct Stretch {
    std::size_t begin, end;
  };
  [[nodiscard]] std::vector<Stretch> columns_inside() const {
    const isa::machine::Window& w = v_.window;
    const std::size_t stride = w.stride_width, padding = w.pad_left, width = w.in_width;
    std::vector<Stretch> all;
    for (std::size_t kx = 0; kx < w.kernel_width; ++kx) {
      const std::size_t begin = padding > kx ? (padding - kx + stride - 1) / stride : 0;
      const std::size_t end = width + padding > kx ? (width + padding - kx - 1) / stride + 1 : 0;
      all.push_back({begin, std::min<std::size_t>(end, v_.width)});
    }
    return all;
  }

  /// The lines of the map that the windows of line y cover.
  [[nodiscard]] Stretch rows_inside(std::size_t y) const {
    const isa::machine::Window& w = v_.window;
    const std::size_t first = y * w.stride_height, padding = w.pad_top;
    const std::size_t end = first + w.kernel_height;
    return {std::max(first, padding) - padding, std::min<std::size_t>(std::max(end, padding) - padding, w.in_height)};
  }

  /// Calls use(elements of the map, offset in the piece, count) for each element of the windows of results
  /// [x, x + count) in line y, as far as it lies inside the map.
  template <class Use>
  void for_window(const std::vector<Stretch>& columns, std::size_t c, std::size_t y, std::size_t x, std::size_t count,
                  Use use) const {
    const Stretch rows = rows_inside(y);
    for (std::size_t row = rows.begin; row < rows.end; ++row) {
      for (std::size_t kx = 0; kx < columns.size(); ++kx) {
        const std::size_t begin = std::max(columns[kx].begin, x), end = std::min(columns[kx].end, x + count);
        if (begin >= end) continue;
        use(a_.line(c, row) + begin * v_.window.stride_width + kx - v_.window.pad_left, begin - x, end - begin);
      }
    }
  }

  template <class Use>
  void for_pieces(Use use) const {
    for (std::size_t c = 0; c < v_.channels; ++c) {
      for (std::size_t y = 0; y < v_.height; ++y) {
        for (std::size_t x = 0; x < v_.width; x += piece) use(c, y, x, std::min<std::size_t>(piece, v_.width - x));
      }
    }
  }

  void max_pool() const {
    const std::vector<Stretch> columns = columns_inside();
    for_pieces([&](std::size_t c, std::size_t y, std::size_t x, std::size_t count) {
      std::array<std::int8_t, piece> largest;
      std::fill_n(largest.begin(), count, std::int8_t{-128});
      for_window(columns, c, y, x, count, [&](const std::int8_t* from, std::size_t at, std::size_t n) {
        kernels_.maximum(from, v_.window.stride_width, largest.data() + at, n);
      });
      for (std::size_t i = 0; i < count; ++i) largest[i] = std::min(std::max(largest[i], v_.lowest), v_.highest);
      finish(largest.data(), count);
      std::copy_n(largest.begin(), count, result_.line(c, y) + x);
    });
  }

  void average_pool() const {
    const std::vector<Stretch> columns = columns_inside();
    const ChannelParameters of_all{0, v_.multiplier_a, v_.shift};
    for_pieces([&](std::size_t c, std::size_t y, std::size_t x, std::size_t count) {
      std::array<std::int32_t, piece> sums;
      if (v_.width == 1) {
        sums[0] = only_sum(c, y);
      } else {
        std::fill_n(sums.begin(), count, 0);
        for_window(columns, c, y, x, count, [&](const std::int8_t* from, std::size_t at, std::size_t n) {
          kernels_.accumulate(from, v_.window.stride_width, v_.zero_a, sums.data() + at, n);
        });
      }
      std::int8_t* result = result_.line(c, y) + x;
      kernels_.requantize(reinterpret_cast<const std::int8_t*>(sums.data()), result, count, of_all, rounding_);
      finish(result, count);
    });
  }

  /// The sum of the only window of a line: global averages are large windows with few results.
  [[nodiscard]] std::int32_t only_sum(std::size_t c, std::size_t y) const {
    const isa::machine::Window& w = v_.window;
    const std::size_t left = std::min(w.pad_left, w.kernel_width);
    const std::size_t columns = std::min<std::size_t>(w.kernel_width - left, w.in_width);
    const Stretch rows = rows_inside(y);
    std::uint32_t total = 0;
    for (std::size_t row = rows.begin; row < rows.end; ++row)
      total += static_cast<std::uint32_t>(kernels_.sum(a_.line(c, row), v_.zero_a, columns));
    return static_cast<std::int32_t>(total);
  }

  const Vector& v_;
  memory::Scratchpads& pads_;
  const LineKernels& kernels_;
  Places a_, result_;
  Rounding rounding_;
  Table table_{};
};

}  // namespace

void compute(const Vector& instruction, memory::Scratchpads& pads, array::values::InstructionSet set) {
  Computation(instruction, pads, kernels_of(set)).run();
}

}  // namespace fusesim::vector
