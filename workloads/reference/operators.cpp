// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/operators.h"

#include <algorithm>

namespace fusesim::reference {
namespace {

using graph::Shape;

/// a . b modulo 2^32. Operands of 16 bits and pieces that cannot overflow let the compiler use its multiply-add.
std::int32_t dot(const std::int16_t* a, const std::int16_t* b, std::size_t length) {
  constexpr std::size_t piece = std::size_t{1} << 16;  // 2^16 products of at most 2^14.
  std::int32_t total = 0;
  for (std::size_t begin = 0; begin < length; begin += piece) {
    const std::size_t end = std::min(length, begin + piece);
    std::int32_t sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += a[i] * b[i];
    total = wrapping_add(total, sum);
  }
  return total;
}

/// Element (y, x) of a window may lie outside the map, on either side.
struct Position {
  std::int64_t y, x;
  [[nodiscard]] bool inside(Shape map) const { return y >= 0 && y < map.height && x >= 0 && x < map.width; }
  [[nodiscard]] std::size_t index(Shape map, std::uint32_t channel) const {
    return (std::size_t{channel} * map.height + static_cast<std::size_t>(y)) * map.width + static_cast<std::size_t>(x);
  }
};

/// Calls visit(element index) for the elements of a pooling window that lie inside the map.
template <typename Visit>
void for_window(const graph::Pool& pool, Shape in, std::uint32_t channel, std::uint32_t y, std::uint32_t x,
                Visit visit) {
  if (pool.kind == graph::PoolKind::global_average) {
    const std::size_t size = std::size_t{in.height} * in.width;
    for (std::size_t i = 0; i < size; ++i) visit(channel * size + i);
    return;
  }
  for (std::uint32_t ky = 0; ky < pool.kernel_height; ++ky) {
    for (std::uint32_t kx = 0; kx < pool.kernel_width; ++kx) {
      const Position at{std::int64_t{y} * pool.stride_height + ky - pool.padding.top,
                        std::int64_t{x} * pool.stride_width + kx - pool.padding.left};
      if (at.inside(in)) visit(at.index(in, channel));
    }
  }
}

/// Appends reduce(channel, y, x) for each element of the result.
template <typename T, typename Reduce>
std::vector<T> for_result(Shape out, Reduce reduce) {
  std::vector<T> result;
  result.reserve(out.elements());
  for (std::uint32_t c = 0; c < out.channels; ++c) {
    for (std::uint32_t y = 0; y < out.height; ++y) {
      for (std::uint32_t x = 0; x < out.width; ++x) result.push_back(reduce(c, y, x));
    }
  }
  return result;
}

}  // namespace

std::vector<std::int32_t> convolution_sums(const graph::Conv& conv, Shape in, Shape out,
                                           std::span<const std::int8_t> map, std::span<const std::int8_t> weights,
                                           std::int8_t pad_value) {
  const std::uint32_t group_in = conv.in_channels / conv.groups, group_out = conv.out_channels / conv.groups;
  const std::size_t window = std::size_t{group_in} * conv.kernel_height * conv.kernel_width;
  const std::vector<std::int16_t> filters(weights.begin(), weights.end());
  std::vector<std::int16_t> patch(window);
  std::vector<std::int32_t> sums(out.elements());
  for (std::uint32_t group = 0; group < conv.groups; ++group) {
    for (std::uint32_t y = 0; y < out.height; ++y) {
      for (std::uint32_t x = 0; x < out.width; ++x) {
        std::int16_t* element = patch.data();
        for (std::uint32_t i = 0; i < group_in; ++i) {
          for (std::uint32_t ky = 0; ky < conv.kernel_height; ++ky) {
            for (std::uint32_t kx = 0; kx < conv.kernel_width; ++kx) {
              const Position at{
                  std::int64_t{y} * conv.stride_height + std::int64_t{ky} * conv.dilation_height - conv.padding.top,
                  std::int64_t{x} * conv.stride_width + std::int64_t{kx} * conv.dilation_width - conv.padding.left};
              *element++ = at.inside(in) ? map[at.index(in, group * group_in + i)] : pad_value;
            }
          }
        }
        for (std::uint32_t o = group * group_out; o < (group + 1) * group_out; ++o) {
          sums[(std::size_t{o} * out.height + y) * out.width + x] = dot(patch.data(), &filters[o * window], window);
        }
      }
    }
  }
  return sums;
}

std::vector<std::int32_t> folded_bias(std::span<const std::int32_t> bias, std::span<const std::int8_t> weights,
                                      std::int32_t zero_point) {
  const std::size_t window = weights.size() / bias.size();
  std::vector<std::int32_t> folded;
  folded.reserve(bias.size());
  for (std::size_t o = 0; o < bias.size(); ++o) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < window; ++i) sum += weights[o * window + i];
    folded.push_back(static_cast<std::int32_t>(bias[o] - zero_point * sum));  // Modulo 2^32.
  }
  return folded;
}

std::vector<std::int8_t> max_pool(const graph::Pool& pool, Shape in, Shape out, std::span<const std::int8_t> map) {
  return for_result<std::int8_t>(out, [&](std::uint32_t c, std::uint32_t y, std::uint32_t x) {
    std::int8_t largest = -128;
    for_window(pool, in, c, y, x, [&](std::size_t at) { largest = std::max(largest, map[at]); });
    return largest;
  });
}

std::vector<std::int32_t> window_sums(const graph::Pool& pool, Shape in, Shape out, std::span<const std::int8_t> map,
                                      std::int32_t zero_point) {
  return for_result<std::int32_t>(out, [&](std::uint32_t c, std::uint32_t y, std::uint32_t x) {
    std::int32_t sum = 0;
    for_window(pool, in, c, y, x, [&](std::size_t at) { sum = wrapping_add(sum, map[at] - zero_point); });
    return sum;
  });
}

std::uint32_t window_area(const graph::Pool& pool, Shape in) {
  return pool.kind == graph::PoolKind::global_average ? in.height * in.width : pool.kernel_height * pool.kernel_width;
}

}  // namespace fusesim::reference
