// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution of any kernel, stride and dilation, a channel at a time. The padded channel is a line of 16-bit
// elements (phase_image.h) along which every tap is a constant offset, so vectors run over the ends of output rows and
// narrow maps fill them too; the few sums that belong to no output are left behind when rows are copied out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hw/array/values/arena.h"
#include "hw/array/values/kernels.h"
#include "hw/array/values/phase_image.h"

namespace fusesim::array::values {

template <class V>
class Depthwise {
 public:
  static std::size_t scratch(const Task& task) {
    Arena<V> arena(nullptr);
    Depthwise depthwise(task, arena);
    return arena.used();
  }

  static void run(const Task& task, std::byte* memory) {
    Arena<V> arena(memory);
    Depthwise depthwise(task, arena);
    depthwise.compute();
  }

 private:
  /// Two taps and their weights, multiplied and added by one instruction. An odd last tap is paired with weight zero.
  struct TapPair {
    std::size_t first = 0, second = 0;
    std::int16_t weight[2] = {0, 0};
  };

  static constexpr std::size_t step = V::Sums::count;  // Output elements per vector of sums.
  static constexpr std::size_t unroll = 2;
  static constexpr std::size_t sums_at_once = 2048;  // Stay in the first-level cache.

  Depthwise(const Task& task, Arena<V>& arena) : task_(task) {
    const isa::ConvGeometry& g = task.geometry;
    image_.lay_out(g, 1, arena);
    taps_ = std::size_t{g.kernel_height} * g.kernel_width;
    pairs_ = arena.template take<TapPair>((taps_ + 1) / 2);
    rows_at_once_ = sums_at_once / image_.pitch();
    if (rows_at_once_ == 0) rows_at_once_ = 1;
    if (rows_at_once_ > g.out_height) rows_at_once_ = g.out_height;
    // The last step of a line may read past the image, within the slack each part of the arena has.
    static_assert(step * unroll * sizeof(std::int16_t) <= Arena<V>::slack);
    sums_ = arena.template take<std::int32_t>(rows_at_once_ * image_.pitch() + step * unroll);
  }

  void compute() {
    const isa::ConvGeometry& g = task_.geometry;
    image_.prepare(g);
    for (std::size_t tap = 0; tap < taps_; ++tap) {
      TapPair& pair = pairs_[tap / 2];
      const std::size_t offset = image_.tap_offset(tap / g.kernel_width, tap % g.kernel_width);
      (tap % 2 == 0 ? pair.first : pair.second) = offset;
    }
    if (taps_ % 2 != 0) pairs_[taps_ / 2].second = pairs_[taps_ / 2].first;

    const std::size_t filters = g.out_channels / g.in_channels;
    const std::size_t in_map = std::size_t{g.in_height} * g.in_width;
    const std::size_t out_map = std::size_t{g.out_height} * g.out_width;
    out_end_ = task_.out + g.out_channels * out_map;
    for (std::size_t c = 0; c < g.in_channels; ++c) {
      image_.fill(g, task_.in + c * in_map, task_.in + g.in_channels * in_map, task_.pad_value, 0);
      for (std::size_t f = c * filters; f < (c + 1) * filters; ++f) {
        const std::int8_t* weights = task_.weights + f * taps_;
        for (std::size_t i = 0; i < (taps_ + 1) / 2; ++i) {
          pairs_[i].weight[0] = weights[2 * i];
          pairs_[i].weight[1] = 2 * i + 1 < taps_ ? weights[2 * i + 1] : std::int8_t{0};
        }
        filter(task_.out + f * out_map);
      }
    }
  }

  void filter(std::int32_t* out) const {
    const isa::ConvGeometry& g = task_.geometry;
    const std::size_t pitch = image_.pitch();
    for (std::size_t y = 0; y < g.out_height; y += rows_at_once_) {
      const std::size_t rows = g.out_height - y < rows_at_once_ ? g.out_height - y : rows_at_once_;
      const std::size_t length = (rows - 1) * pitch + g.out_width;
      const bool whole_rows = pitch == g.out_width && length % (step * unroll) == 0;
      switch ((taps_ + 1) / 2) {
        case 2:
          sum_line<2>(whole_rows ? out : sums_, y * pitch, length);
          break;
        case 3:
          sum_line<3>(whole_rows ? out : sums_, y * pitch, length);
          break;
        case 5:
          sum_line<5>(whole_rows ? out : sums_, y * pitch, length);
          break;
        default:
          sum_line<0>(whole_rows ? out : sums_, y * pitch, length);
          break;
      }
      if (!whole_rows) copy_rows(out, rows);
      out += rows * g.out_width;
    }
  }

  /// Copies rows in whole chunks, of which the next row overwrites the surplus; at the end of the output, exactly.
  void copy_rows(std::int32_t* to, std::size_t rows) const {
    constexpr std::size_t chunk = 8;
    const std::size_t cols = task_.geometry.out_width, pitch = image_.pitch();
    const std::size_t reach = (cols + chunk - 1) / chunk * chunk;
    const std::size_t left = static_cast<std::size_t>(out_end_ - to);
    const std::int32_t* from = sums_;
    std::size_t chunked = left >= reach ? (left - reach) / cols + 1 : 0;
    if (chunked > rows) chunked = rows;
    for (std::size_t r = 0; r < chunked; ++r, to += cols, from += pitch)
      for (std::size_t i = 0; i < cols; i += chunk) std::memcpy(to + i, from + i, chunk * sizeof(std::int32_t));
    for (std::size_t r = chunked; r < rows; ++r, to += cols, from += pitch)
      for (std::size_t i = 0; i < cols; ++i) to[i] = from[i];
  }

  /// Sums of `length` (rounded up to whole steps) line elements from `from` on.
  template <std::size_t known_pairs>
  void sum_line(std::int32_t* to, std::size_t from, std::size_t length) const {
    const std::size_t pairs = known_pairs != 0 ? known_pairs : (taps_ + 1) / 2;
    const std::int16_t* line = image_.data() + from;
    for (std::size_t i = 0; i < length; i += step * unroll) {
      typename V::Sums sums[unroll];
#pragma GCC unroll 16
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        const auto weight = V::broadcast_pair(pairs_[pair].weight);
#pragma GCC unroll 2
        for (std::size_t u = 0; u < unroll; ++u)
          sums[u].add(line + pairs_[pair].first + i + u * step, line + pairs_[pair].second + i + u * step, weight);
      }
#pragma GCC unroll 2
      for (std::size_t u = 0; u < unroll; ++u) sums[u].store(to + i + u * step);
    }
  }

  const Task& task_;
  std::size_t taps_ = 0;
  std::size_t rows_at_once_ = 0;
  TapPair* pairs_ = nullptr;
  std::int32_t* sums_ = nullptr;
  const std::int32_t* out_end_ = nullptr;
  PhaseImage<V, std::int16_t> image_;
};

}  // namespace fusesim::array::values
