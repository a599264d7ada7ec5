// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/composed_block.h"

#include <algorithm>
#include <cstdlib>

namespace fusesim::reference {
namespace {

using graph::PredictedBlock;

/// Sizes of a group.
struct Group {
  explicit Group(const PredictedBlock& block)
      : inner(block.in_channels / block.groups),
        middle(block.middle_channels / block.groups),
        out(block.out_channels / block.groups),
        taps(block.kernel * block.kernel) {}
  std::uint32_t inner, middle, out, taps;
};

/// What the masks let pass at one pixel of the result, for one group.
class Survivors {
 public:
  Survivors(const PredictedBlock& block, graph::Shape in, graph::Shape out, const BlockTrace& trace)
      : block_(block), in_(in), out_(out), trace_(trace) {}

  void move_to(std::uint32_t y, std::uint32_t x) {
    y_ = y;
    x_ = x;
  }
  /// Place of the tap's operand in the map, -1 outside.
  [[nodiscard]] std::int64_t position(std::uint32_t tap) const {
    const std::int64_t row = std::int64_t{y_} * block_.stride + tap / block_.kernel - block_.padding.top;
    const std::int64_t column = std::int64_t{x_} * block_.stride + tap % block_.kernel - block_.padding.left;
    if (row < 0 || row >= in_.height || column < 0 || column >= in_.width) return -1;
    return row * in_.width + column;
  }
  [[nodiscard]] bool mask1(std::size_t middle, std::int64_t position) const {
    return trace_.mask1[middle * in_.height * in_.width + static_cast<std::size_t>(position)] != 0;
  }
  [[nodiscard]] bool mask2(std::size_t middle) const {
    return trace_.mask2[(middle * out_.height + y_) * out_.width + x_] != 0;
  }

 private:
  const PredictedBlock& block_;
  graph::Shape in_, out_;
  const BlockTrace& trace_;
  std::uint32_t y_ = 0, x_ = 0;
};

}  // namespace

ComposedChannel compose(const PredictedBlock& block, const BlockConstants& c, std::uint32_t out_channel) {
  const Group group(block);
  const std::size_t first = std::size_t{out_channel / group.out} * group.middle;  // Middle channel of the group.
  const std::int8_t* project = &c.project[std::size_t{out_channel} * group.middle];
  ComposedChannel composed;
  const auto append_list = [&](auto weight) {
    for (std::uint32_t m = 0; m < group.middle; ++m) {
      const std::int32_t product = project[m] * weight(first + m);
      if (product != 0) composed.terms.push_back({m, product});
    }
    composed.ends.push_back(static_cast<std::uint32_t>(composed.terms.size()));
  };
  for (std::uint32_t k = 0; k < group.taps; ++k) {
    for (std::uint32_t i = 0; i < group.inner; ++i) {
      append_list([&](std::size_t m) { return c.depthwise[m * group.taps + k] * c.expand[m * group.inner + i]; });
    }
    append_list([&](std::size_t m) { return c.depthwise[m * group.taps + k] * c.expand_bias[m]; });
  }
  append_list([&](std::size_t m) { return c.depthwise_bias[m]; });
  return composed;
}

std::vector<LargestList> largest_lists(const PredictedBlock& block, const BlockConstants& constants) {
  std::vector<LargestList> largest(block.out_channels);
  for (std::uint32_t o = 0; o < block.out_channels; ++o) {
    const ComposedChannel composed = compose(block, constants, o);
    for (std::size_t list = 0; list < composed.ends.size(); ++list) {
      std::int64_t sum = 0;
      for (const Term& term : composed.list(list)) sum += std::abs(std::int64_t{term.weight});
      if (sum > largest[o].magnitude) largest[o] = {sum, list};
    }
  }
  return largest;
}

std::vector<std::int64_t> fused_sums(const PredictedBlock& block, const BlockConstants& c, graph::Shape shape,
                                     const TensorFormat& in, const BlockTrace& trace,
                                     std::span<const std::int8_t> input) {
  const Group group(block);
  const auto positions = [&](std::uint32_t size, std::uint32_t before, std::uint32_t after) {
    return (size + before + after - block.kernel) / block.stride + 1;
  };
  const graph::Shape out{block.out_channels, positions(shape.height, block.padding.top, block.padding.bottom),
                         positions(shape.width, block.padding.left, block.padding.right)};
  Survivors survivors(block, shape, out, trace);
  std::vector<std::int64_t> sums;
  sums.reserve(out.elements());
  for (std::uint32_t o = 0; o < block.out_channels; ++o) {
    const ComposedChannel composed = compose(block, c, o);
    const std::size_t group_index = o / group.out;
    const std::size_t first = group_index * group.middle;
    for (std::uint32_t y = 0; y < out.height; ++y) {
      for (std::uint32_t x = 0; x < out.width; ++x) {
        survivors.move_to(y, x);
        std::int64_t sum = 0;
        std::size_t list = 0;
        for (std::uint32_t k = 0; k < group.taps; ++k) {
          const std::int64_t at = survivors.position(k);
          for (std::uint32_t i = 0; i <= group.inner; ++i) {
            const std::span<const Term> terms = composed.list(list++);
            if (at < 0) continue;
            std::int64_t weight = 0;
            for (const Term& term : terms) {
              const std::size_t m = first + term.middle;
              if (survivors.mask2(m) && survivors.mask1(m, at)) weight += term.weight;
            }
            std::int64_t operand = std::int64_t{1} << c.expand_bias_shift;
            if (i < group.inner) {
              const std::size_t channel = group_index * group.inner + i;
              operand = input[channel * shape.height * shape.width + static_cast<std::size_t>(at)] - in.zero_point;
            }
            sum += operand * weight;
          }
        }
        std::int64_t weight = 0;
        for (const Term& term : composed.list(list)) {
          if (survivors.mask2(first + term.middle)) weight += term.weight;
        }
        sums.push_back(sum + weight * (std::int64_t{1} << c.depthwise_bias_shift));
      }
    }
  }
  return sums;
}

}  // namespace fusesim::reference
