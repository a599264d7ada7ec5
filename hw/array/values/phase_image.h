// SPDX-License-Identifier: Apache-2.0
// A padded copy of an input channel, split by stride phase. Element (r, q) of phase (py, px) is input element
// (r * stride_height + py - pad_top, q * stride_width + px - pad_left). Every tap of the filter then reads one
// contiguous run per output row, whatever stride, dilation and padding are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hw/array/values/arena.h"
#include "hw/array/values/kernels.h"

namespace fusesim::array::values {

/// The phases along one axis that some tap needs, and where each tap reads.
template <class V>
struct PhaseAxis {
  std::size_t taps = 0, phases = 0, extent = 0;
  std::size_t* phase = nullptr;   ///< [phases]: the phase of each slot.
  std::size_t* slot = nullptr;    ///< [taps]: the slot a tap reads.
  std::size_t* offset = nullptr;  ///< [taps]: where in the slot its first element is.

  void lay_out(std::uint32_t kernel, std::uint32_t stride, std::uint32_t dilation, std::uint32_t out, Arena<V>& arena) {
    taps = kernel;
    extent = out + (std::size_t{kernel} - 1) * dilation / stride;
    const std::size_t most = kernel < stride ? kernel : stride;
    phase = arena.template take<std::size_t>(most);
    slot = arena.template take<std::size_t>(taps);
    offset = arena.template take<std::size_t>(taps);
    phases = most;  // An upper bound until fill() has counted them.
  }

  void fill(std::uint32_t stride, std::uint32_t dilation) {
    phases = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const std::size_t wanted = tap * dilation % stride;
      std::size_t found = 0;
      while (found < phases && phase[found] != wanted) ++found;
      if (found == phases) phase[phases++] = wanted;
      slot[tap] = found;
      offset[tap] = tap * dilation / stride;
    }
  }
};

template <class V, class T>
class PhaseImage {
 public:
  void lay_out(const isa::ConvGeometry& g, std::size_t channels, Arena<V>& arena) {
    rows_.lay_out(g.kernel_height, g.stride_height, g.dilation_height, g.out_height, arena);
    cols_.lay_out(g.kernel_width, g.stride_width, g.dilation_width, g.out_width, arena);
    memory_ = arena.template take<T>(channels * channel_elements());
  }

  void prepare(const isa::ConvGeometry& g) {
    rows_.fill(g.stride_height, g.dilation_height);
    cols_.fill(g.stride_width, g.dilation_width);
  }

  /// Copies one input channel into place `channel`, and may write anything within the slack after it: channels are to
  /// be filled in ascending order. `end` is the end of the whole input.
  void fill(const isa::ConvGeometry& g, const std::int8_t* in, const std::int8_t* end, std::int8_t pad_value,
            std::size_t channel) {
    T* to = memory_ + channel * channel_elements();
    const std::size_t plane = rows_.extent * pitch();
    for (std::size_t py = 0; py < rows_.phases; ++py) {
      const Inside y(g.in_height, g.pad_top, g.stride_height, rows_.phase[py], rows_.extent);
      for (std::size_t px = 0; px < cols_.phases; ++px, to += plane) {
        const Inside x(g.in_width, g.pad_left, g.stride_width, cols_.phase[px], cols_.extent);
        if (y.count == 0 || x.count == 0) {
          fill_run(to, pad_value, plane);
          continue;
        }
        // What is right of a row and left of the next one is one run of padding.
        const std::size_t before = y.first * pitch() + x.first;
        fill_run(to, pad_value, before);
        const std::int8_t* from = in + y.source * g.in_width + x.source;
        copy_rows(to + before, from, end, {y.count, x.count, std::size_t{g.in_width} * g.stride_height, g.stride_width},
                  pad_value);
        const std::size_t done = before + y.count * pitch();
        if (done < plane) fill_run(to + done, pad_value, plane - done);
      }
    }
  }

  [[nodiscard]] const T* data() const { return memory_; }
  /// Elements from one output row to the next.
  [[nodiscard]] std::size_t pitch() const { return cols_.extent; }
  /// Elements a channel takes.
  [[nodiscard]] std::size_t channel_elements() const {
    return rows_.phases * cols_.phases * rows_.extent * cols_.extent;
  }
  /// Where in a channel tap (kh, kw) reads for output (0, 0).
  [[nodiscard]] std::size_t tap_offset(std::size_t kh, std::size_t kw) const {
    return ((rows_.slot[kh] * cols_.phases + cols_.slot[kw]) * rows_.extent + rows_.offset[kh]) * pitch() +
           cols_.offset[kw];
  }

 private:
  static std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
  static std::size_t smallest(std::size_t a, std::size_t b) { return a < b ? a : b; }

  /// The part of one phase's extent that lies in the map: `count` elements from `first`, input element `source` on.
  struct Inside {
    std::size_t first, count = 0, source = 0;

    Inside(std::size_t in, std::size_t pad, std::size_t stride, std::size_t phase, std::size_t extent)
        : first(pad > phase ? ceil_div(pad - phase, stride) : 0) {
      const std::size_t past = in + pad > phase ? ceil_div(in + pad - phase, stride) : 0;
      const std::size_t last = smallest(past, extent);
      if (first >= last) return;
      count = last - first;
      source = first * stride + phase - pad;
    }
  };

  struct Block {
    std::size_t rows, cols;
    std::size_t row_step, stride;  // In the input.
  };

  // Runs are written in whole chunks. What a run writes too much, the next one overwrites: everything is written in
  // ascending order and without a gap. Short rows would otherwise cost more in loop ends than in elements.
  static constexpr std::size_t chunk = V::chunk;
  static_assert(chunk * sizeof(T) <= Arena<V>::slack);

  static void fill_run(T* to, std::int8_t value, std::size_t count) {
    T elements[chunk];
    for (T& element : elements) element = value;
    for (std::size_t i = 0; i < count; i += chunk) std::memcpy(to + i, elements, sizeof elements);
  }

  void copy_rows(T* to, const std::int8_t* from, const std::int8_t* end, const Block& block,
                 std::int8_t pad_value) const {
    switch (block.stride) {
      case 1:
        copy_rows_of<1>(to, from, end, block, pad_value);
        break;
      case 2:
        copy_rows_of<2>(to, from, end, block, pad_value);
        break;
      default:
        copy_rows_of<0>(to, from, end, block, pad_value);
        break;
    }
  }

  /// Copies the rows of a block, each followed by padding up to the next one. `known_stride` 0: any stride.
  template <std::size_t known_stride>
  void copy_rows_of(T* to, const std::int8_t* from, const std::int8_t* end, const Block& block,
                    std::int8_t pad_value) const {
    const std::size_t stride = known_stride != 0 ? known_stride : block.stride;
    const std::size_t step = pitch(), cols = block.cols, gap = step - cols;
    // Whole chunks may be read from rows whose last one ends within the input.
    const std::size_t reach = ceil_div(cols, chunk) * chunk * stride;
    const std::size_t left = static_cast<std::size_t>(end - from);
    std::size_t chunked = 0;
    if (known_stride != 0 && left >= reach) chunked = smallest(block.rows, (left - reach) / block.row_step + 1);
    for (std::size_t r = 0; r < chunked; ++r, to += step, from += block.row_step) {
      for (std::size_t i = 0; i < cols; i += chunk) {
        if constexpr (known_stride == 1) V::copy_chunk(to + i, from + i);
        if constexpr (known_stride == 2) V::copy_even_chunk(to + i, from + 2 * i);
      }
      fill_run(to + cols, pad_value, gap);
    }
    for (std::size_t r = chunked; r < block.rows; ++r, to += step, from += block.row_step) {
      for (std::size_t i = 0; i < cols; ++i) to[i] = from[i * stride];
      fill_run(to + cols, pad_value, gap);
    }
  }

  PhaseAxis<V> rows_, cols_;
  T* memory_ = nullptr;
};

}  // namespace fusesim::array::values
