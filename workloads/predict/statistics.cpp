// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/statistics.h"

#include <algorithm>

#include "workloads/reference/composed_block.h"

namespace fusesim::predict {

ListStatistics& ListStatistics::operator+=(const ListStatistics& other) {
  weight_lists += other.weight_lists;
  weight_candidates += other.weight_candidates;
  weight_terms += other.weight_terms;
  bias_lists += other.bias_lists;
  expand_bias_terms += other.expand_bias_terms;
  depthwise_bias_terms += other.depthwise_bias_terms;
  empty_lists += other.empty_lists;
  longest_list = std::max(longest_list, other.longest_list);
  weight_words += other.weight_words;
  bias_words += other.bias_words;
  factor_products += other.factor_products;
  nonzero_factors += other.nonzero_factors;
  factors += other.factors;
  return *this;
}

ListStatistics list_statistics(const graph::PredictedBlock& block, const reference::BlockConstants& constants,
                               std::uint32_t lanes) {
  const std::uint32_t inner = block.in_channels / block.groups, middle = block.middle_channels / block.groups;
  const std::uint32_t outer = block.out_channels / block.groups, taps = block.kernel * block.kernel;
  ListStatistics result;
  for (std::uint32_t o = 0; o < block.out_channels; ++o) {
    const reference::ComposedChannel composed = reference::compose(block, constants, o);
    for (std::size_t list = 0; list < composed.ends.size(); ++list) {
      const std::uint64_t terms = composed.list(list).size();
      const std::uint64_t words = std::max<std::uint64_t>((terms + lanes - 1) / lanes, 1);
      result.longest_list = std::max(result.longest_list, terms);
      result.empty_lists += terms == 0;
      if (list + 1 == composed.ends.size()) {
        ++result.bias_lists;
        result.depthwise_bias_terms += terms;
        result.bias_words += words;
      } else if (list % (inner + 1) == inner) {
        ++result.bias_lists;
        result.expand_bias_terms += terms;
        result.bias_words += words;
      } else {
        ++result.weight_lists;
        result.weight_candidates += middle;
        result.weight_terms += terms;
        result.weight_words += words;
      }
    }
    for (std::uint32_t m = 0; m < middle; ++m) {
      if (constants.project[std::size_t{o} * middle + m] == 0) continue;
      const auto first =
          constants.depthwise.begin() + static_cast<std::ptrdiff_t>((std::size_t{o / outer} * middle + m) * taps);
      result.factor_products += taps - static_cast<std::uint64_t>(std::count(first, first + taps, 0));
    }
  }
  for (const auto* values : {&constants.expand, &constants.depthwise, &constants.project}) {
    result.factors += values->size();
    result.nonzero_factors += values->size() - static_cast<std::uint64_t>(std::ranges::count(*values, 0));
  }
  return result;
}

std::uint64_t tiles(graph::Shape out, std::uint32_t tile_rows, std::uint32_t tile_columns) {
  const auto count = [](std::uint64_t size, std::uint64_t tile) { return (size + tile - 1) / tile; };
  return count(out.height, tile_rows) * count(out.width, tile_columns);
}

Survival survival(const graph::PredictedBlock& block, const reference::BlockTrace& trace, graph::Shape in,
                  graph::Shape out) {
  const auto passed = [](const std::vector<std::uint8_t>& mask) {
    return mask.size() - static_cast<std::uint64_t>(std::ranges::count(mask, 0));
  };
  Survival result{passed(trace.mask1), trace.mask1.size(), passed(trace.mask2), trace.mask2.size(), 0, 0};
  const std::uint8_t* mask2 = trace.mask2.data();
  for (std::size_t m = 0; m < block.middle_channels; ++m) {
    const std::uint8_t* mask1 = &trace.mask1[m * in.height * in.width];
    for (std::int64_t y = 0; y < out.height; ++y) {
      for (std::int64_t x = 0; x < out.width; ++x, ++mask2) {
        for (std::int64_t k = 0; k < std::int64_t{block.kernel} * block.kernel; ++k) {
          const std::int64_t row = y * block.stride + k / block.kernel - block.padding.top;
          const std::int64_t column = x * block.stride + k % block.kernel - block.padding.left;
          if (row < 0 || row >= in.height || column < 0 || column >= in.width) continue;
          ++result.taps;
          result.passed_both += *mask2 != 0 && mask1[row * in.width + column] != 0 ? 1 : 0;
        }
      }
    }
  }
  return result;
}

}  // namespace fusesim::predict
