// SPDX-License-Identifier: Apache-2.0
// Dense convolution as a matrix product: out[m][p] = sum over k of weights[m][k] * pixels[k][p], m an output channel,
// p an output pixel, k an input channel and tap. Pixels are packed into panels of `V::panel` columns in which
// `V::k_pack` values of k lie together, the form the multiply-add instructions take; a panel stays in the first-level
// cache while all output channels pass over it. The matrix of pixels is never stored as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hw/array/values/arena.h"
#include "hw/array/values/kernels.h"
#include "hw/array/values/phase_image.h"

namespace fusesim::array::values {

template <class V>
class Gemm {
 public:
  static std::size_t scratch(const Task& task) {
    Arena<V> arena(nullptr);
    Gemm gemm(task, arena);
    return arena.used();
  }

  static void run(const Task& task, std::byte* memory) {
    Arena<V> arena(memory);
    Gemm gemm(task, arena);
    gemm.compute();
  }

 private:
  using Weight = typename V::Weight;
  using Accumulator = typename V::Accumulator;

  static constexpr std::size_t panel_group_bytes = V::panel * V::k_pack * sizeof(Weight);
  static constexpr std::size_t panel_bytes = 24 * 1024;    // Of the first-level cache, for one panel.
  static constexpr std::size_t panels_bytes = 384 * 1024;  // Of the second-level cache, for the panels of a block.
  static constexpr std::size_t most_groups = panel_bytes / panel_group_bytes;

  static constexpr std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
  static constexpr std::size_t smallest(std::size_t a, std::size_t b) { return a < b ? a : b; }

  Gemm(const Task& task, Arena<V>& arena) : task_(task) {
    const isa::ConvGeometry& g = task.geometry;
    m_ = g.out_channels;
    k_ = std::size_t{g.in_channels} * g.kernel_height * g.kernel_width;
    pixels_ = std::size_t{g.out_height} * g.out_width;
    groups_ = ceil_div(k_, V::k_pack);
    // Equal blocks of k: a short last block would spend its time on loading and storing sums.
    block_groups_ = ceil_div(groups_, ceil_div(groups_, most_groups));
    const std::size_t fitting = panels_bytes / (block_groups_ * panel_group_bytes);
    block_panels_ = smallest(ceil_div(pixels_, V::panel), fitting == 0 ? 1 : fitting);
    as_is_ = g.kernel_height == 1 && g.kernel_width == 1 && g.stride_height == 1 && g.stride_width == 1 &&
             g.pad_top == 0 && g.pad_left == 0 && g.out_height == g.in_height && g.out_width == g.in_width;
    row_offset_ = arena.template take<std::size_t>(k_);
    if (!as_is_) image_.lay_out(g, g.in_channels, arena);
    panels_ = arena.template take<std::byte>(block_panels_ * block_groups_ * panel_group_bytes);
    weights_in_place_ = sizeof(Weight) == 1 && k_ % V::k_pack == 0;
    if (!weights_in_place_) packed_weights_ = arena.template take<Weight>(m_ * groups_ * V::k_pack);
    start_ = arena.template take<std::int32_t>(m_);
  }

  void compute() {
    prepare_rows();
    prepare_weights();
    const std::size_t block_pixels = block_panels_ * V::panel;
    for (std::size_t p0 = 0; p0 < pixels_; p0 += block_pixels) {
      const std::size_t here = smallest(block_pixels, pixels_ - p0);
      for (std::size_t group = 0; group < groups_; group += block_groups_) {
        const std::size_t groups = smallest(block_groups_, groups_ - group);
        for (std::size_t p = 0; p < here; p += V::panel) {
          std::byte* panel = panels_ + p / V::panel * groups * panel_group_bytes;
          pack_panel(panel, group, groups, p0 + p, smallest(V::panel, here - p));
          multiply_panel(panel, group, groups, p0 + p, smallest(V::panel, here - p));
        }
      }
    }
  }

  /// row_offset_[k]: where output pixel 0 finds its value of k, in the input or in the padded copy of it.
  void prepare_rows() {
    const isa::ConvGeometry& g = task_.geometry;
    const std::size_t map = std::size_t{g.in_height} * g.in_width;
    if (as_is_) {
      source_ = task_.in;
      for (std::size_t k = 0; k < k_; ++k) row_offset_[k] = k * map;
      return;
    }
    image_.prepare(g);
    source_ = image_.data();
    std::size_t k = 0;
    for (std::size_t c = 0; c < g.in_channels; ++c) {
      image_.fill(g, task_.in + c * map, task_.in + g.in_channels * map, task_.pad_value, c);
      for (std::size_t kh = 0; kh < g.kernel_height; ++kh)
        for (std::size_t kw = 0; kw < g.kernel_width; ++kw)
          row_offset_[k++] = c * image_.channel_elements() + image_.tap_offset(kh, kw);
    }
  }

  void prepare_weights() {
    const std::size_t width = groups_ * V::k_pack;
    for (std::size_t m = 0; m < m_; ++m) {
      const std::int8_t* row = task_.weights + m * k_;
      // Pixels offset by V::pixel_offset add that much of every weight to a sum: start below zero by as much.
      std::uint32_t total = 0;
      if (V::pixel_offset != 0)
        for (std::size_t k = 0; k < k_; ++k) total += static_cast<std::uint32_t>(row[k]);
      start_[m] = static_cast<std::int32_t>(std::uint32_t{0} - total * V::pixel_offset);
      if (weights_in_place_) continue;
      Weight* to = packed_weights_ + m * width;
      for (std::size_t k = 0; k < k_; ++k) to[k] = row[k];
      for (std::size_t k = k_; k < width; ++k) to[k] = 0;
    }
    use_weights_ = weights_in_place_ ? reinterpret_cast<const Weight*>(task_.weights) : packed_weights_;
  }

  /// A run of output pixels that lie side by side in the source too.
  struct Run {
    std::size_t from, to;
  };

  void pack_panel(std::byte* panel, std::size_t group, std::size_t groups, std::size_t p0, std::size_t count) {
    alignas(64) std::int8_t copy[V::k_pack][V::panel + 16] = {};
    const std::int8_t* rows[V::k_pack];
    const bool copied = !as_is_ || count < V::panel;
    std::size_t runs = 0;
    Run run[V::panel];
    if (!as_is_) {
      const std::size_t width = task_.geometry.out_width;
      for (std::size_t done = 0; done < count;) {
        const std::size_t y = (p0 + done) / width, x = (p0 + done) % width;
        const std::size_t length = smallest(width - x, count - done);
        for (std::size_t i = 0; i < length; i += 16) run[runs++] = {y * image_.pitch() + x + i, done + i};
        done += length;
      }
    }
    std::size_t g = group;
    if (!copied) {
      for (; g < group + groups && (g + 1) * V::k_pack <= k_; ++g, panel += panel_group_bytes) {
        for (std::size_t t = 0; t < V::k_pack; ++t) rows[t] = source_ + row_offset_[g * V::k_pack + t] + p0;
        V::pack(rows, panel);
      }
    }
    for (; g < group + groups; ++g, panel += panel_group_bytes) {
      for (std::size_t t = 0; t < V::k_pack; ++t) {
        const std::size_t k = g * V::k_pack + t;
        rows[t] = copy[t];
        if (k >= k_) continue;  // Its weight is zero: any pixel will do.
        const std::int8_t* from = source_ + row_offset_[k];
        if (!copied) {
          rows[t] = from + p0;
        } else if (as_is_) {
          std::memcpy(copy[t], from + p0, count);
        } else {
          // Sixteen at a time: what a run writes too much, the next one overwrites.
          for (std::size_t i = 0; i < runs; ++i) std::memcpy(copy[t] + run[i].to, from + run[i].from, 16);
        }
      }
      V::pack(rows, panel);
    }
  }

  void multiply_panel(const std::byte* panel, std::size_t group, std::size_t groups, std::size_t p0,
                      std::size_t count) {
    const std::size_t vectors = ceil_div(count, V::lanes);
    for (std::size_t m = 0; m < m_; m += V::tile_rows)
      tiles<V::tile_rows>(smallest(V::tile_rows, m_ - m), vectors, panel, group, groups, m, p0, count);
  }

  template <std::size_t rows>
  void tiles(std::size_t wanted, std::size_t vectors, const std::byte* panel, std::size_t group, std::size_t groups,
             std::size_t m, std::size_t p0, std::size_t count) {
    if constexpr (rows > 1) {
      if (wanted < rows) return tiles<rows - 1>(wanted, vectors, panel, group, groups, m, p0, count);
    }
    tile_of<rows, V::tile_vectors>(vectors, panel, group, groups, m, p0, count);
  }

  template <std::size_t rows, std::size_t columns>
  void tile_of(std::size_t vectors, const std::byte* panel, std::size_t group, std::size_t groups, std::size_t m,
               std::size_t p0, std::size_t count) {
    if constexpr (columns > 1) {
      if (vectors < columns) return tile_of<rows, columns - 1>(vectors, panel, group, groups, m, p0, count);
    }
    tile<rows, columns>(panel, group, groups, m, p0, count);
  }

  template <std::size_t rows, std::size_t columns>
  [[gnu::noinline]] void tile(const std::byte* panel, std::size_t group, std::size_t groups, std::size_t m,
                              std::size_t p0, std::size_t count) const {
    const std::size_t width = groups_ * V::k_pack;
    const Weight* weights = use_weights_ + m * width + group * V::k_pack;
    std::int32_t* out = task_.out + m * pixels_ + p0;
    const std::size_t last = count - (columns - 1) * V::lanes;  // Pixels of the last vector.
    Accumulator sum[rows][columns];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 8
      for (std::size_t c = 0; c < columns; ++c) {
        const std::int32_t* from = out + r * pixels_ + c * V::lanes;
        if (group == 0)
          sum[r][c] = V::splat(start_[m + r]);
        else if (c + 1 < columns || last >= V::lanes)
          sum[r][c] = V::load(from);
        else
          sum[r][c] = V::load_part(from, last);
      }
    }
    for (std::size_t g = 0; g < groups; ++g) {
      typename V::Pixels pixels[columns];
#pragma GCC unroll 8
      for (std::size_t c = 0; c < columns; ++c)
        pixels[c] = V::load_pixels(panel + (c * V::lanes * V::k_pack * sizeof(Weight)));
#pragma GCC unroll 8
      for (std::size_t r = 0; r < rows; ++r) {
        const auto weight = V::broadcast(weights + r * width);
#pragma GCC unroll 8
        for (std::size_t c = 0; c < columns; ++c) V::multiply_add(sum[r][c], pixels[c], weight);
      }
      panel += panel_group_bytes;
      weights += V::k_pack;
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 8
      for (std::size_t c = 0; c < columns; ++c) {
        std::int32_t* to = out + r * pixels_ + c * V::lanes;
        if (c + 1 < columns || last >= V::lanes)
          V::store(to, sum[r][c]);
        else
          V::store_part(to, sum[r][c], last);
      }
    }
  }

  const Task& task_;
  std::size_t m_ = 0, k_ = 0, pixels_ = 0;
  std::size_t groups_ = 0;        ///< Of k_pack values of k.
  std::size_t block_groups_ = 0;  ///< Of them in one block.
  std::size_t block_panels_ = 0;
  bool as_is_ = false;  ///< The input is the matrix of pixels.
  bool weights_in_place_ = false;
  const std::int8_t* source_ = nullptr;
  const Weight* use_weights_ = nullptr;
  std::size_t* row_offset_ = nullptr;
  std::byte* panels_ = nullptr;
  Weight* packed_weights_ = nullptr;
  std::int32_t* start_ = nullptr;
  PhaseImage<V, std::int8_t> image_;
};

}  // namespace fusesim::array::values
