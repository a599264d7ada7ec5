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
    for (std::size_t py = 0; py < rows_.phases; ++py) {
      for (std::size_t px = 0; px < cols_.phases; ++px) {
        // Columns [first, last) lie in the map.
        const std::size_t phase = cols_.phase[px];
        const std::size_t before = g.pad_left > phase ? g.pad_left - phase : 0;
        const std::size_t limit = std::size_t{g.in_width} + g.pad_left;
        const std::size_t first = smallest(ceil_div(before, g.stride_width), pitch());
        const std::size_t past = limit > phase ? ceil_div(limit - phase, g.stride_width) : 0;
        const std::size_t last = largest(first, smallest(past, pitch()));
        for (std::size_t r = 0; r < rows_.extent; ++r, to += pitch()) {
          const std::size_t y = r * g.stride_height + rows_.phase[py];
          if (y < g.pad_top || y - g.pad_top >= g.in_height || first == last) {
            fill_run(to, pad_value, pitch());
            continue;
          }
          const std::int8_t* from = in + (y - g.pad_top) * g.in_width + (first * g.stride_width + phase - g.pad_left);
          fill_run(to, pad_value, first);
          copy_run(to + first, from, end, last - first, g.stride_width);
          fill_run(to + last, pad_value, pitch() - last);
        }
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
  static std::size_t largest(std::size_t a, std::size_t b) { return a > b ? a : b; }

  // Runs are written in whole chunks. What a run writes too much, the next one overwrites: every row is written in
  // ascending order and without a gap. Short rows would otherwise cost more in loop ends than in elements.
  static constexpr std::size_t chunk = 16;
  static_assert(chunk * sizeof(T) <= Arena<V>::slack);

  static void fill_run(T* to, std::int8_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; i += chunk)
      for (std::size_t j = 0; j < chunk; ++j) to[i + j] = value;
  }

  template <std::size_t stride>
  static void copy_chunks(T* to, const std::int8_t* from, const std::int8_t* end, std::size_t count) {
    std::size_t i = 0;
    for (; i < count && from + (i + chunk) * stride <= end; i += chunk)
      for (std::size_t j = 0; j < chunk; ++j) to[i + j] = from[(i + j) * stride];
    for (; i < count; ++i) to[i] = from[i * stride];
  }

  static void copy_run(T* to, const std::int8_t* from, const std::int8_t* end, std::size_t count, std::size_t stride) {
    switch (stride) {  // Constant strides let the compiler use vector shuffles.
      case 1:
        copy_chunks<1>(to, from, end, count);
        break;
      case 2:
        copy_chunks<2>(to, from, end, count);
        break;
      case 3:
        copy_chunks<3>(to, from, end, count);
        break;
      default:
        for (std::size_t i = 0; i < count; ++i) to[i] = from[i * stride];
    }
  }

  PhaseAxis<V> rows_, cols_;
  T* memory_ = nullptr;
};

}  // namespace fusesim::array::values
