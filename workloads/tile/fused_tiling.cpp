// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/fused_tiling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace fusesim::tile {
namespace {

using isa::machine::FusedConfig;
using isa::machine::Pad;

constexpr std::uint64_t alignment = 4;  ///< Of slots, lists and parameters.
constexpr double burst_bytes = 64;      ///< What a run costs the memory beyond its bytes.

std::uint64_t round_up(std::uint64_t value) {
  return (value + alignment - 1) / alignment * alignment;
}

std::uint32_t largest(const std::vector<FusedSpan>& spans, std::uint32_t FusedSpan::*field) {
  std::uint32_t most = 0;
  for (const FusedSpan& span : spans) most = std::max(most, span.*field);
  return most;
}

/// A span as large as the largest in each respect.
FusedSpan largest(const std::vector<FusedSpan>& spans) {
  return {0, largest(spans, &FusedSpan::count), 0, largest(spans, &FusedSpan::in_count), 0};
}

/// With `at_shuffle` no piece of any group goes on where a group of the shuffle ends.
std::vector<FusedPiece> pieces_of(const FusedPlaces& places, std::uint32_t most, bool at_shuffle) {
  const std::uint32_t members = places.groups * places.out_channels / places.shuffle;
  const auto cut = [&](std::uint32_t channel) {
    for (std::uint32_t group = 0; group < places.groups; ++group) {
      if ((group * places.out_channels + channel) % members == 0) return true;
    }
    return false;
  };
  std::vector<FusedPiece> pieces;
  for (std::uint32_t begin = 0; begin < places.out_channels;) {
    std::uint32_t end = begin + 1;
    while (end < places.out_channels && end - begin < most && !(at_shuffle && cut(end))) ++end;
    pieces.push_back({begin, end - begin});
    begin = end;
  }
  return pieces;
}

class Search {
 public:
  Search(const LayerTask& task, const std::vector<GroupLists>& lists, const Options& options)
      : task_(task), g_(task.geometry), lists_(lists), options_(options), unit_(options.core.fused) {
    base_.rows =
        fused_spans(g_.in_height, g_.out_height, g_.kernel_height, g_.stride_height, g_.pad_top, unit_.tile_rows);
    base_.columns =
        fused_spans(g_.in_width, g_.out_width, g_.kernel_width, g_.stride_width, g_.pad_left, unit_.tile_columns);
    base_.store_bytes = std::uint64_t{g_.out_channels} * g_.out_height * g_.out_width;
    std::uint64_t words = 1;
    for (const GroupLists& group : lists_) words += group.words(0, g_.out_channels / g_.groups);
    least_cycles_ = static_cast<double>(words * base_.tiles());
  }

  FusedTiling run() {
    for (const bool stay : {true, false}) {
      if (options_.fused.schedule == (stay ? FusedSchedule::lists_pass : FusedSchedule::lists_stay)) continue;
      for (const bool map_lines : {true, false}) {
        for (const bool result_lines : {true, false}) consider(stay, map_lines, result_lines);
      }
    }
    if (!best_) refuse();
    return *best_;
  }

 private:
  using Rank = std::tuple<double, double, std::uint64_t>;

  // Lists.

  [[nodiscard]] std::uint64_t capacity() const { return options_.core.weights.bytes / alignment * alignment; }
  /// Parameters come before the lists.
  [[nodiscard]] std::uint64_t piece_bytes(const GroupLists& lists, const FusedPiece& piece) const {
    return isa::machine::channel_parameter_bytes * std::uint64_t{piece.count} +
           round_up(lists.bytes(piece.begin, piece.count));
  }
  [[nodiscard]] std::uint64_t group_bytes(const GroupLists& lists, const std::vector<FusedPiece>& pieces) const {
    std::uint64_t sum = round_up(lists.predictor().size());
    for (const FusedPiece& piece : pieces) sum += piece_bytes(lists, piece);
    return sum;
  }
  [[nodiscard]] std::uint64_t largest_piece(const std::vector<FusedPiece>& pieces) const {
    std::uint64_t most = 0;
    for (const GroupLists& lists : lists_) {
      for (const FusedPiece& piece : pieces) most = std::max(most, piece_bytes(lists, piece));
    }
    return most;
  }

  [[nodiscard]] bool fits(bool stay, const std::vector<FusedPiece>& pieces) const {
    return std::all_of(lists_.begin(), lists_.end(),
                       [&](const GroupLists& lists) {
                         if (stay) return group_bytes(lists, pieces) <= capacity();
                         return round_up(lists.predictor().size()) <= capacity();
                       }) &&
           (stay || largest_piece(pieces) <= capacity() / 2);
  }

  // Candidates.

  void consider(bool stay, bool map_lines, bool result_lines) {
    FusedTiling t = base_;
    t.lists_stay = stay;
    t.map_lines = map_lines;
    t.result_lines = result_lines;
    const FusedPlaces places(*task_.predicted, t);
    const FusedSpan rows = largest(t.rows), columns = largest(t.columns);
    t.maps = buffering(Pad::activations,
                       map_piece_bytes(task_, t, rows, columns) + residual_piece_bytes(task_, t, rows, columns));
    t.results = buffering(Pad::outputs, result_piece_bytes(task_, t, rows, columns));
    if (t.maps.slots == 0 || t.results.slots == 0) return;
    // Where channels of other groups lie between those of a piece, one pitch leads from each to the next only within
    // one group of the shuffle.
    const bool at_shuffle = places.shuffle > 1 && (places.results_whole || (residual() && places.maps_whole));
    // Pieces as large as fit a part of the scratchpad, so that others can be loaded meanwhile.
    std::uint32_t before = 0;
    for (const std::uint64_t parts : {1, 2, 4, 8}) {
      for (std::uint32_t count = 1; count <= places.out_channels; ++count) {
        const std::uint32_t most = (places.out_channels + count - 1) / count;
        t.pieces = pieces_of(places, most, at_shuffle);
        if (most > 1 && largest_piece(t.pieces) > capacity() / parts) continue;
        if (most != before && fits(stay, t.pieces)) {
          estimate(t, places);
          if (!best_ || rank(t) < rank(*best_)) best_ = t;
        }
        before = most;
        break;
      }
    }
  }

  [[nodiscard]] bool residual() const { return task_.predicted->block.residual; }

  [[nodiscard]] Buffering buffering(Pad pad, std::uint64_t bytes) const {
    const std::uint64_t slot = round_up(bytes), held = options_.core.pad(pad).bytes;
    if (slot > held) return {};
    constexpr std::uint64_t most = 1 << 20;
    return {static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(std::min(held / slot, most))};
  }

  [[nodiscard]] Rank rank(const FusedTiling& t) const {
    return {std::floor(t.cycles / (0.05 * least_cycles_)),
            static_cast<double>(t.load_bytes + t.store_bytes) + burst_bytes * t.requests, t.instructions};
  }

  // One candidate.

  struct Traffic {
    std::uint64_t bytes = 0, transfers = 0;
    double runs = 0;
  };

  [[nodiscard]] double bus_cycles(const Traffic& traffic) const {
    return (static_cast<double>(traffic.bytes) + burst_bytes * traffic.runs) / options_.dram_bytes_per_cycle;
  }
  [[nodiscard]] double requests(const Traffic& traffic) const {
    return traffic.runs + static_cast<double>(traffic.bytes) / options_.dma_request_bytes;
  }
  /// The memory's latency shows when requests are short: only so many are under way at a time.
  [[nodiscard]] double cycles(const Traffic& traffic) const {
    constexpr double requests_under_way = 8, transfers_under_way = 4;
    const double bus = bus_cycles(traffic), latency = options_.dram_latency_cycles;
    return std::max({bus, (requests(traffic) * latency + bus) / requests_under_way,
                     (static_cast<double>(traffic.transfers) * latency + bus) / transfers_under_way});
  }

  void add_box(Traffic& traffic, const TensorPlace& place, std::uint64_t channels, std::uint64_t all_channels,
               std::uint64_t rows, std::uint64_t columns, std::uint64_t width) const {
    const std::uint64_t bytes = channels * rows * columns;
    if (bytes == 0) return;
    traffic.bytes += bytes;
    ++traffic.transfers;
    const bool whole = columns == width && channels == all_channels;
    traffic.runs +=
        whole ? static_cast<double>(runs_of(place, channels, rows, width).count)
              : static_cast<double>(columns == width && place.channel_stride == width ? rows : rows * channels);
  }

  void estimate(FusedTiling& t, const FusedPlaces& places) {
    const std::uint64_t tiles = t.tiles(), map_groups = places.maps_whole ? 1 : places.groups,
                        result_groups = places.results_whole ? 1 : places.groups;
    Traffic maps, results, lists;
    for (const FusedSpan& rows : t.rows) {
      const auto in_columns = [&](const FusedSpan& span) { return t.map_lines ? g_.in_width : span.in_count; };
      for (const FusedSpan& columns : t.columns) {
        for (std::uint64_t group = 0; group < map_groups; ++group) {
          add_box(maps, task_.inputs[0], places.map_channels(), g_.in_channels, rows.in_count, in_columns(columns),
                  g_.in_width);
          if (places.separate_residual) {
            add_box(maps, task_.inputs[0], places.out_channels, 0, rows.count,
                    t.map_lines ? g_.out_width : columns.count, g_.in_width);
          }
        }
        if (t.map_lines) break;
      }
      for (const FusedSpan& columns : t.columns) {
        for (std::uint64_t group = 0; group < result_groups; ++group) {
          add_box(results, task_.output, places.result_channels(), g_.out_channels, rows.count,
                  t.result_lines ? g_.out_width : columns.count, g_.out_width);
        }
        if (t.result_lines) break;
      }
    }
    const std::uint64_t passes = t.lists_stay ? 1 : tiles;
    double compute = 0, first = 0, last = 0;
    t.words = t.products = 0;
    for (const GroupLists& group : lists_) {
      lists.bytes +=
          passes * (group.predictor().size() + group_bytes(group, t.pieces) - round_up(group.predictor().size()));
      lists.transfers += passes * (1 + t.pieces.size());
      double accumulate = 0;
      for (const FusedPiece& piece : t.pieces) accumulate += group.cycles(piece.begin, piece.count);
      const std::uint64_t words = group.words(0, places.out_channels),
                          products = group.products(0, places.out_channels);
      for (const FusedSpan& rows : t.rows) {
        for (const FusedSpan& columns : t.columns) {
          const std::uint32_t positions = rows.in_count * columns.in_count;
          compute += static_cast<double>(group.predictor_cycles(positions)) + accumulate;
          t.words += group.predictor_words(positions) + words;
          t.products += products * rows.count * columns.count;
        }
      }
    }
    lists.runs = static_cast<double>(lists.transfers);
    t.list_bytes = lists.bytes;
    t.load_bytes = maps.bytes + lists.bytes;
    const std::uint64_t steps = tiles * places.groups;
    t.instructions = maps.transfers + results.transfers + lists.transfers + steps * (1 + t.pieces.size()) + 1;
    t.requests = requests(maps) + requests(results) + requests(lists);
    const double latency = options_.dram_latency_cycles;
    const double memory = std::max(
        {bus_cycles(maps) + bus_cycles(results) + bus_cycles(lists), cycles(maps) + cycles(lists), cycles(results)});
    // Before anything starts: the first map, the first predictor.
    const GroupLists& front = lists_.front();
    first = latency + cycles(maps) / static_cast<double>(maps.transfers) +
            static_cast<double>(front.predictor().size()) / options_.dram_bytes_per_cycle;
    last = latency + cycles(results) / static_cast<double>(results.transfers);
    double serial = serial_lists(t);
    if (t.maps.slots < 2) serial += cycles(maps) + static_cast<double>(maps.transfers) * latency;
    if (t.results.slots < 2) serial += cycles(results) + static_cast<double>(results.transfers) * latency;
    const double control = static_cast<double>(t.instructions) * options_.core.control.decode_cycles;
    t.cycles = first + std::max({compute, memory, control}) + serial + last;
    t.stall = t.cycles - compute;
  }

  /// Loads of lists for which there is no room while others are at work.
  [[nodiscard]] double serial_lists(const FusedTiling& t) const {
    const double latency = options_.dram_latency_cycles, rate = options_.dram_bytes_per_cycle;
    double cycles = 0;
    const auto wait = [&](std::uint64_t working, std::uint64_t next) {
      if (working + next <= capacity()) return;
      cycles += latency + static_cast<double>(working + next - capacity()) / rate;
    };
    if (t.lists_stay) {
      for (std::size_t group = 1; group < lists_.size(); ++group) {
        wait(group_bytes(lists_[group - 1], t.pieces), group_bytes(lists_[group], t.pieces));
      }
      return cycles;
    }
    for (const GroupLists& group : lists_) {
      wait(piece_bytes(group, t.pieces.back()), round_up(group.predictor().size()));
      wait(round_up(group.predictor().size()), piece_bytes(group, t.pieces.front()));
      for (std::size_t i = 1; i < t.pieces.size(); ++i) {
        wait(piece_bytes(group, t.pieces[i - 1]), piece_bytes(group, t.pieces[i]));
      }
    }
    return cycles * t.tiles();
  }

  // Nothing fits.

  [[noreturn]] void refuse() const {
    const auto require = [&](Pad pad, std::uint64_t bytes, const char* what) {
      const auto& config = options_.core.pad(pad);
      if (bytes <= config.bytes) return;
      const std::uint64_t row = config.row_bytes();
      throw CompileError(
          fmt::format("layer '{}' needs at least {} bytes of the {} scratchpad for {} (machine has {}): "
                      "make the scratchpad larger",
                      task_.name, (bytes + row - 1) / row * row, name(pad), what, config.bytes));
    };
    FusedTiling t = base_;
    t.map_lines = t.result_lines = false;
    const FusedSpan rows = largest(t.rows), columns = largest(t.columns);
    require(Pad::activations,
            round_up(map_piece_bytes(task_, t, rows, columns) + residual_piece_bytes(task_, t, rows, columns)),
            "the input of a tile");
    require(Pad::outputs, round_up(result_piece_bytes(task_, t, rows, columns)), "the results of a tile");
    const FusedPlaces places(*task_.predicted, t);
    if (options_.fused.schedule == FusedSchedule::lists_stay) {
      std::uint64_t most = 0;
      for (const GroupLists& group : lists_) {
        most = std::max(most, group_bytes(group, pieces_of(places, places.out_channels, false)));
      }
      require(Pad::weights, most, "the lists of a group, which are to stay there; or let them pass by, tile by tile");
    }
    for (std::size_t group = 0; group < lists_.size(); ++group) {
      require(Pad::weights, round_up(lists_[group].predictor().size()), "the predictor's lists of a group");
      for (std::uint32_t channel = 0; channel < places.out_channels; ++channel) {
        const std::uint64_t bytes = piece_bytes(lists_[group], {channel, 1});
        if (bytes <= capacity() / 2) continue;
        throw CompileError(fmt::format(
            "layer '{}': the lists of output channel {} take {} bytes, but half of the weights scratchpad has {}; the "
            "other half is for those before them: make it {} bytes or more, prune the block, or store factors",
            task_.name, group * places.out_channels + channel, bytes, capacity() / 2, 2 * bytes));
      }
    }
    throw CompileError(fmt::format("layer '{}' has no tiling for the fused unit", task_.name));
  }

  const LayerTask& task_;
  const isa::ConvGeometry& g_;
  const std::vector<GroupLists>& lists_;
  const Options& options_;
  const FusedConfig& unit_;
  FusedTiling base_;
  double least_cycles_ = 1;  ///< No tiling takes less.
  std::optional<FusedTiling> best_;
};

}  // namespace

FusedPlaces::FusedPlaces(const PredictedTask& task, const FusedTiling& tiling)
    : groups(task.block.groups),
      channels(task.block.in_channels / task.block.groups),
      out_channels(task.block.out_channels / task.block.groups),
      // As many groups as channels: nothing moves.
      shuffle(task.block.shuffle == task.block.out_channels ? 1 : task.block.shuffle),
      maps_whole(groups == 1 || (!tiling.lists_stay && tiling.map_lines)),
      results_whole(groups == 1 || (!tiling.lists_stay && tiling.result_lines)),
      separate_residual(task.block.residual && shuffle > 1 && !maps_whole) {}

std::uint64_t map_piece_bytes(const LayerTask& task, const FusedTiling& tiling, const FusedSpan& rows,
                              const FusedSpan& columns) {
  const std::uint64_t channels = FusedPlaces(*task.predicted, tiling).map_channels();
  return channels * rows.in_count * (tiling.map_lines ? task.geometry.in_width : columns.in_count);
}

std::uint64_t residual_piece_bytes(const LayerTask& task, const FusedTiling& tiling, const FusedSpan& rows,
                                   const FusedSpan& columns) {
  const FusedPlaces places(*task.predicted, tiling);
  if (!places.separate_residual) return 0;
  return std::uint64_t{places.out_channels} * rows.count * (tiling.map_lines ? task.geometry.out_width : columns.count);
}

std::uint64_t result_piece_bytes(const LayerTask& task, const FusedTiling& tiling, const FusedSpan& rows,
                                 const FusedSpan& columns) {
  const std::uint64_t channels = FusedPlaces(*task.predicted, tiling).result_channels();
  return channels * rows.count * (tiling.result_lines ? task.geometry.out_width : columns.count);
}

std::vector<FusedSpan> fused_spans(std::uint32_t inputs, std::uint32_t outputs, std::uint32_t kernel,
                                   std::uint32_t stride, std::uint32_t pad, std::uint32_t step) {
  std::vector<FusedSpan> spans;
  for (std::uint32_t begin = 0; begin < outputs; begin += step) {
    const std::uint32_t count = std::min(step, outputs - begin);
    const std::int64_t first = std::int64_t{begin} * stride - pad;
    const std::int64_t end = first + std::int64_t{count - 1} * stride + kernel;
    const std::int64_t from = std::max<std::int64_t>(first, 0), to = std::min<std::int64_t>(end, inputs);
    spans.push_back({begin, count, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from),
                     static_cast<std::uint32_t>(from - first)});
  }
  return spans;
}

void check_fused_unit(const LayerTask& task, const isa::machine::CoreConfig& core) {
  const FusedConfig& unit = core.fused;
  const graph::PredictedBlock& block = task.predicted->block;
  const isa::ConvGeometry& g = task.geometry;
  if (!unit.present) {
    throw CompileError(fmt::format(
        "layer '{}' is a predicted block, but the machine has no fused unit; name a machine with one, such as "
        "archon-8x8, set fused.present, or run the network without prediction",
        task.name));
  }
  const auto require = [&](const char* what, std::uint64_t needed, const char* field, std::uint64_t available) {
    if (needed <= available) return;
    throw CompileError(
        fmt::format("layer '{}' has {} {}, but {} is {}; raise it to {} or more, or run the block unfused", task.name,
                    needed, what, field, available, needed));
  };
  require("middle channels a group", block.middle_channels / block.groups, "fused.mask_channels", unit.mask_channels);
  const FusedSpan rows =
      largest(fused_spans(g.in_height, g.out_height, g.kernel_height, g.stride_height, g.pad_top, unit.tile_rows));
  const FusedSpan columns =
      largest(fused_spans(g.in_width, g.out_width, g.kernel_width, g.stride_width, g.pad_left, unit.tile_columns));
  const std::uint64_t positions = std::uint64_t{rows.in_count} * columns.in_count;
  require("input positions in a tile", positions, "fused.mask_positions", unit.mask_positions);
  require("input bytes in a tile", positions * (block.in_channels / block.groups), "fused.tile_bytes", unit.tile_bytes);
}

FusedTiling choose_fused_tiling(const LayerTask& task, const std::vector<GroupLists>& lists, const Options& options) {
  return Search(task, lists, options).run();
}

}  // namespace fusesim::tile
