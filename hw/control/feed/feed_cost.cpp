// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/feed_cost.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "hw/control/feed/array_instruction.h"
#include "hw/control/feed/line_reads.h"
#include "hw/control/feed/neighbour_reads.h"
#include "hw/control/feed/pixel_reads.h"
#include "hw/control/fold_plan.h"

namespace fusesim::control {

namespace {

using isa::ConvGeometry;
using isa::Dataflow;
using isa::machine::Compute;
using isa::machine::CoreConfig;

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

/// The cycle lasts as long as the slower edge.
FoldFeed join(const EdgeCost& activations, const EdgeCost& weights) {
  const std::size_t feed = std::max(activations.extra.size(), weights.extra.size());
  std::vector<std::uint32_t> before;
  if (feed > 0) {
    before.resize(feed + 1);
    for (std::size_t t = 0; t < feed; ++t) {
      const std::uint32_t a = activations.extra.empty() ? 0 : activations.extra[t];
      const std::uint32_t w = weights.extra.empty() ? 0 : weights.extra[t];
      before[t + 1] = before[t] + std::max(a, w);
    }
  }
  return {std::move(before), activations.words, weights.words};
}

/// The different folds of an instruction: pairs of the different costs of its edges.
class Pairs {
 public:
  explicit Pairs(std::vector<FoldFeed>& feeds) : feeds_(feeds) {}

  std::uint32_t activations(EdgeCost cost) {
    activations_.push_back(std::move(cost));
    pairs_.emplace_back();
    return static_cast<std::uint32_t>(activations_.size() - 1);
  }
  std::uint32_t weights(EdgeCost cost) {
    weights_.push_back(std::move(cost));
    return static_cast<std::uint32_t>(weights_.size() - 1);
  }
  /// Index of the pair's feed.
  std::uint32_t feed(std::uint32_t activations, std::uint32_t weights) {
    std::vector<std::uint32_t>& row = pairs_[activations];
    if (row.size() <= weights) row.resize(weights_.size(), none);
    if (row[weights] == none) {
      row[weights] = static_cast<std::uint32_t>(feeds_.size());
      feeds_.push_back(join(activations_[activations], weights_[weights]));
    }
    return row[weights];
  }

 private:
  std::vector<FoldFeed>& feeds_;
  std::vector<EdgeCost> activations_, weights_;
  std::vector<std::vector<std::uint32_t>> pairs_;  ///< [activations][weights]: index of a feed, or none.
};

/// gemm kinds: pixels of every block against filters of every block.
void find_gemm_feeds(const Compute& compute, const CoreConfig& core, const FoldPlan& plan, std::uint64_t group_period,
                     std::vector<FoldFeed>& feeds, std::vector<std::uint32_t>& feed_of) {
  const ConvGeometry& g = compute.geometry;
  const bool swapped = compute.dataflow == Dataflow::depthwise_row;
  const std::uint32_t pixel_feeders = swapped ? core.array.cols : core.array.rows;
  const std::uint32_t filter_feeders = swapped ? core.array.rows : core.array.cols;
  const std::uint64_t pixels = std::uint64_t{g.out_height} * g.out_width;
  const std::uint32_t filters = g.out_channels / g.groups, channels = g.in_channels / g.groups;
  Pairs pairs(feeds);
  PixelReads pixel_reads(compute, core.activations, pixel_feeders);
  NeighbourReads weight_reads(compute.weights_pitch, core.weights, filter_feeders);
  // [pattern][place in a word], of blocks that fill the array; and of weights.
  std::vector<std::uint32_t> pixels_known(pixel_reads.patterns() * core.activations.width, none);
  std::vector<std::uint32_t> weights_known(core.weights.width, none);

  std::vector<std::uint32_t> pixel_costs, filter_costs;  // By block.
  for (std::uint64_t group = 0; group < group_period; ++group) {
    pixel_costs.clear();
    const std::uint64_t map = compute.input.address + group * channels * compute.input.channel_pitch;
    for (std::uint64_t first = 0; first < pixels; first += pixel_feeders) {
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(pixel_feeders, pixels - first));
      const std::uint64_t pattern = pixel_reads.pattern(first, count);
      if (count < pixel_feeders || pattern == PixelReads::no_pattern) {
        pixel_costs.push_back(pairs.activations(pixel_reads.cost(map, first, count)));
        continue;
      }
      std::uint32_t& known = pixels_known[pattern * core.activations.width + pixel_reads.place(map, first)];
      if (known == none) known = pairs.activations(pixel_reads.cost(map, first, count));
      pixel_costs.push_back(known);
    }
    filter_costs.clear();
    const std::uint64_t weights = compute.weights + group * filters;
    for (std::uint32_t first = 0; first < filters; first += filter_feeders) {
      const std::uint32_t count = std::min(filter_feeders, filters - first);
      if (count < filter_feeders) {
        filter_costs.push_back(pairs.weights(weight_reads.every_cycle(weights + first, count, plan.inner())));
        continue;
      }
      std::uint32_t& known = weights_known[weight_reads.place(weights + first)];
      if (known == none) known = pairs.weights(weight_reads.every_cycle(weights + first, count, plan.inner()));
      filter_costs.push_back(known);
    }
    // Blocks of columns, and in each the blocks of rows.
    if (swapped) {
      for (const std::uint32_t block : pixel_costs)
        for (const std::uint32_t filter : filter_costs) feed_of.push_back(pairs.feed(block, filter));
    } else {
      for (const std::uint32_t filter : filter_costs)
        for (const std::uint32_t block : pixel_costs) feed_of.push_back(pairs.feed(block, filter));
    }
  }
}

/// The taps of a fold `cols` wide, in the order of their cycles.
std::vector<WireTap> wire_taps(const Compute& compute, const FoldPlan& plan, const RowStream& stream) {
  const bool transposed = compute.dataflow == Dataflow::fuse_column;
  const std::uint32_t width = compute.geometry.kernel_width;
  std::vector<WireTap> taps;
  for (std::uint32_t line = 0; line < plan.tap_lines(); ++line) {
    for (const TapSlot& slot : stream.taps()) {
      taps.push_back(
          {line * stream.length() + slot.cycle, transposed ? slot.tap * width + line : line * width + slot.tap});
    }
  }
  return taps;
}

/// FuSe kinds: blocks of positions on the line, and in each blocks of row tasks.
void find_wire_feeds(const Compute& compute, const CoreConfig& core, const FoldPlan& plan, std::vector<FoldFeed>& feeds,
                     std::vector<std::uint32_t>& feed_of) {
  const ConvGeometry& g = compute.geometry;
  const std::uint32_t per_channel = plan.tasks_per_channel();
  const std::uint64_t tasks = std::uint64_t{g.out_channels} * per_channel;
  const std::uint64_t positions = std::uint64_t{plan.lines_per_task() - 1} * plan.pitch() + plan.line_outputs();
  const std::uint32_t rows = core.array.rows, cols = core.array.cols;
  Pairs pairs(feeds);
  LineReads line_reads(compute, plan, core.activations, rows);
  NeighbourReads weight_reads(compute.weights_pitch, core.weights, rows);
  // [task in its channel][place in a word], of blocks that fill the array.
  std::vector<std::uint32_t> lines_known(std::size_t{per_channel} * core.activations.width);
  std::vector<std::uint32_t> weights_known(std::size_t{per_channel} * core.weights.width);
  // With several filters a channel it matters which of them the first task is.
  const bool can_know = g.out_channels == g.groups;

  std::uint64_t block_cols = 0;
  std::vector<WireTap> taps;
  std::uint32_t feed = 0;
  for (std::uint64_t col_base = 0; col_base < positions; col_base += cols) {
    if (block_cols != std::min<std::uint64_t>(cols, positions - col_base)) {
      block_cols = std::min<std::uint64_t>(cols, positions - col_base);
      const RowStream stream = plan.stream(static_cast<std::uint32_t>(block_cols));
      taps = wire_taps(compute, plan, stream);
      feed = plan.tap_lines() * stream.length();
      std::fill(weights_known.begin(), weights_known.end(), none);
    }
    line_reads.set_columns(col_base, static_cast<std::uint32_t>(block_cols));
    std::fill(lines_known.begin(), lines_known.end(), none);
    for (std::uint64_t first = 0; first < tasks; first += rows) {
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, tasks - first));
      const std::uint64_t channel = first / per_channel, in_channel = first % per_channel;
      const std::uint64_t weights = compute.weights + channel;
      const bool known = can_know && count == rows;

      std::uint32_t fresh_lines = none, fresh_weights = none;
      std::uint32_t& lines_cost =
          known ? lines_known[in_channel * core.activations.width + line_reads.place(first)] : fresh_lines;
      if (lines_cost == none) lines_cost = pairs.activations(line_reads.cost(first, count));
      std::uint32_t& weights_cost =
          known ? weights_known[in_channel * core.weights.width + weight_reads.place(weights)] : fresh_weights;
      if (weights_cost == none) {
        const auto channels = static_cast<std::uint32_t>((in_channel + count - 1) / per_channel + 1);
        weights_cost = pairs.weights(weight_reads.on_wires(weights, channels, taps, feed));
      }
      feed_of.push_back(pairs.feed(lines_cost, weights_cost));
    }
  }
}

}  // namespace

FeedCost::FeedCost(const Compute& compute, const CoreConfig& core) {
  const FoldPlan plan(array_instruction(compute), core.array);
  const ConvGeometry& g = compute.geometry;
  folds_ = plan.folds();
  std::uint64_t groups = 1;
  if (plan.is_gemm()) {
    groups = g.groups;
    // Widths are powers of two, and a group further only moves addresses.
    group_period_ = std::min<std::uint64_t>(groups, std::max(core.activations.width, core.weights.width));
    folds_per_group_ = folds_ / groups;
    feed_of_.reserve(group_period_ * folds_per_group_);
    find_gemm_feeds(compute, core, plan, group_period_, feeds_, feed_of_);
  } else {
    folds_per_group_ = folds_;
    feed_of_.reserve(folds_);
    find_wire_feeds(compute, core, plan, feeds_, feed_of_);
  }

  for (std::uint64_t group = 0; group < group_period_; ++group) {
    const std::uint64_t times = ceil_div(groups - group, group_period_);
    for (std::uint64_t i = 0; i < folds_per_group_; ++i) {
      const FoldFeed& feed = feeds_[feed_of_[group * folds_per_group_ + i]];
      extra_ += times * feed.extra();
      activation_words_ += times * feed.activation_words();
      weight_words_ += times * feed.weight_words();
    }
  }
}

}  // namespace fusesim::control
