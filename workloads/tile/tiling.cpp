// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/tiling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

#include "hw/isa/machine/layout.h"
#include "workloads/lower/packing.h"
#include "workloads/tile/array_cycles.h"

namespace fusesim::tile {
namespace {

using isa::ConvGeometry;
using isa::machine::Pad;

constexpr std::uint64_t alignment = 4;  ///< Of slots: sums are words of four bytes, parameters too.

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}
std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
  return ceil_div(value, to) * to;
}

/// A run costs the memory about a burst more than its bytes: it touches its first and last burst in part, and what
/// comes next is seldom in the same row.
constexpr double burst_bytes = 64;

/// A band that reads nothing but padding cannot be said in a tile's geometry.
bool splits_rows(const ConvGeometry& g) {
  const std::uint64_t reach = std::uint64_t{g.dilation_height} * (g.kernel_height - 1) + 1;
  return g.pad_top < reach && g.pad_bottom < reach;
}

/// Bands of one height: sums over them.
struct BandSums {
  std::uint32_t rows = 0, bands = 0;
  std::uint32_t max_in_rows = 0;
  std::uint64_t in_rows = 0;  ///< Of all bands, halos counted for each.
};

/// Blocks of one size: sums over them.
struct BlockSums {
  std::uint32_t channels = 0, blocks = 0, last = 0;
  std::uint32_t max_in_channels = 0, groups = 1;
  std::uint32_t inputs = 1;  ///< Different sets of input channels.
  std::uint32_t stores = 1;  ///< Transfers of all blocks of a band.
};

class Search {
 public:
  Search(const LayerTask& task, const Options& options) : task_(task), g_(task.geometry), options_(options) {
    splits_rows_ = splits_rows(g_);
    const double traffic =
        static_cast<double>(task_.inputs.size() * std::uint64_t{g_.in_channels} * g_.in_height * g_.in_width +
                            std::uint64_t{g_.out_channels} * g_.out_height * g_.out_width);
    const double pes = double{1} * options_.core.array.rows * options_.core.array.cols;
    least_cycles_ = std::max(
        {1.0, traffic / options_.dram_bytes_per_cycle, task_.on_array ? static_cast<double>(g_.macs()) / pes : 0.0});
  }

  Tiling run() {
    search();
    if (best_.empty()) refuse();
    std::stable_sort(best_.begin(), best_.end(),
                     [this](const Tiling& a, const Tiling& b) { return rank(a) < rank(b); });
    if (!task_.on_array) return best_.front();
    // Conflicts only add cycles: what is behind without them stays behind with them.
    Tiling chosen = with_pitches(best_.front());
    for (std::size_t i = 1; i < best_.size() && rank(best_[i]) < rank(chosen); ++i) {
      const Tiling next = with_pitches(best_[i]);
      if (rank(next) < rank(chosen)) chosen = next;
    }
    return chosen;
  }

 private:
  // Candidates.

  /// ceil(extent / k) for many k, rounded up to `unit`: large to small, without repetitions.
  static std::vector<std::uint32_t> sizes(std::uint32_t extent, std::uint32_t unit) {
    std::vector<std::uint32_t> result;
    const auto add = [&](std::uint64_t size) {
      const auto value = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, extent));
      if (result.empty() || value < result.back()) result.push_back(value);
    };
    const std::uint64_t units = ceil_div(extent, unit);
    // Every count of tiles up to 12, then in steps of about a sixth.
    for (std::uint64_t k = 1; k < units; k = std::max(k + 1, k + k / 6)) add(ceil_div(units, k) * unit);
    for (std::uint64_t size = unit; size >= 1; size /= 2) add(size);
    return result;
  }

  std::uint32_t band_unit() const {
    if (task_.flat())
      return static_cast<std::uint32_t>(std::min<std::uint64_t>(options_.core.vector.lanes, g_.out_height));
    if (!task_.on_array || task_.dataflow != isa::Dataflow::gemm) return 1;
    const std::uint32_t rows = options_.core.array.rows;
    return std::min(rows / std::gcd(rows, g_.out_width), g_.out_height);
  }

  std::uint32_t block_unit() const {
    const bool columns = task_.on_array && task_.dataflow == isa::Dataflow::gemm && g_.groups == 1;
    return columns ? std::min(options_.core.array.cols, g_.out_channels) : 1;
  }

  BandSums measure_bands(std::uint32_t rows) const {
    BandSums sums{rows, 0, 0, 0};
    for (std::uint32_t begin = 0; begin < g_.out_height; begin += std::min(rows, g_.out_height - begin)) {
      if (task_.flat() || (g_.kernel_height == 1 && g_.stride_height == 1 && g_.pad_top + g_.pad_bottom == 0)) {
        return {rows, static_cast<std::uint32_t>(ceil_div(g_.out_height, rows)), rows, g_.out_height};
      }
      const Band band = band_of(g_, begin, std::min(rows, g_.out_height - begin));
      ++sums.bands;
      sums.max_in_rows = std::max(sums.max_in_rows, band.in_count);
      sums.in_rows += band.in_count;
    }
    return sums;
  }

  BlockSums measure_blocks(std::uint32_t channels) const {
    BlockSums sums = cut_blocks(channels);
    sums.stores = sums.blocks;
    if (task_.shuffle_groups > 1) {
      sums.stores = 0;
      for (const Block& block : blocks_of(g_, channels)) {
        sums.stores += static_cast<std::uint32_t>(
            shuffled_channels(g_.out_channels, task_.shuffle_groups, block.begin, block.count).size());
      }
    }
    return sums;
  }

  /// All but the stores.
  BlockSums cut_blocks(std::uint32_t channels) const {
    const std::uint32_t group_out = g_.out_channels / g_.groups, group_in = g_.in_channels / g_.groups;
    if (channels >= group_out) {
      const std::uint32_t groups = channels / group_out;
      const auto blocks = static_cast<std::uint32_t>(ceil_div(g_.groups, groups));
      return {groups * group_out, blocks, (g_.groups - (blocks - 1) * groups) * group_out,
              groups * group_in,  groups, blocks};
    }
    const auto pieces = static_cast<std::uint32_t>(ceil_div(group_out, channels));
    return {channels, pieces * g_.groups, group_out - (pieces - 1) * channels, group_in, 1, g_.groups};
  }

  void search() {
    std::vector<BandSums> bands;
    for (const std::uint32_t rows : splits_rows_ ? sizes(g_.out_height, band_unit()) : std::vector{g_.out_height}) {
      bands.push_back(measure_bands(rows));
    }
    for (const std::uint32_t channels : sizes(g_.out_channels, block_unit())) {
      // Blocks narrower than the array only where nothing else fits.
      if (!best_.empty() && channels < block_unit()) break;
      const BlockSums block = measure_blocks(channels);
      for (const BandSums& band : bands) consider(band, block);
    }
  }

  // One candidate.

  /// Less is better. Estimates are no better than to a few hundredths.
  [[nodiscard]] std::tuple<double, double, std::uint64_t> rank(const Tiling& t) const {
    const double traffic = static_cast<double>(t.load_bytes + t.store_bytes) + burst_bytes * t.requests;
    return {std::floor(t.cycles / (0.05 * least_cycles_)), traffic, t.instructions};
  }

  Buffering buffering(Pad pad, std::uint64_t bytes, std::uint64_t reserved = 0) const {
    const std::uint64_t slot = round_up(bytes, alignment), capacity = options_.core.pad(pad).bytes;
    if (slot + reserved > capacity) return {};
    constexpr std::uint64_t most = 1 << 20;
    return {static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(std::min((capacity - reserved) / slot, most))};
  }

  Pitches dense(std::uint32_t rows) const { return {g_.in_width, rows * g_.in_width}; }

  std::uint64_t activation_bytes(std::uint32_t channel_pitch, std::uint32_t in_channels, std::uint32_t channels) const {
    return task_.inputs.size() * in_channels * std::uint64_t{channel_pitch} + (task_.gate ? channels : 0);
  }
  std::uint64_t weight_bytes(std::uint32_t channels) const {
    return channels * (isa::machine::channel_parameter_bytes + taps_of(g_));
  }
  std::uint64_t output_bytes(std::uint32_t rows, std::uint32_t channels) const {
    return std::uint64_t{channels} * rows * g_.out_width * (task_.on_array ? 5 : 1);
  }
  std::uint64_t table_bytes() const { return task_.table ? isa::machine::table_bytes : 0; }

  void consider(const BandSums& band, const BlockSums& block) {
    Tiling t;
    t.band_rows = band.rows;
    t.bands = band.bands;
    t.block_channels = block.channels;
    t.blocks = block.blocks;
    t.pitches = dense(band.max_in_rows);
    Buffering& maps = t.buffers[static_cast<std::size_t>(Pad::activations)];
    Buffering& weights = t.buffers[static_cast<std::size_t>(Pad::weights)];
    Buffering& results = t.buffers[static_cast<std::size_t>(Pad::outputs)];
    maps = buffering(Pad::activations,
                     activation_bytes(band.max_in_rows * g_.in_width, block.max_in_channels, block.channels));
    results = buffering(Pad::outputs, output_bytes(band.rows, block.channels));
    if (maps.slots == 0 || results.slots == 0) return;
    if (task_.on_array) {
      weights = buffering(Pad::weights, weight_bytes(block.channels), table_bytes());
      if (weights.slots == 0) return;
    } else if (table_bytes() > options_.core.weights.bytes) {
      return;
    }
    const Work work = work_of(band, block);
    for (const bool bands_outside : {true, false}) {
      t.bands_outside = bands_outside;
      estimate(t, band, block, work);
      const auto same = std::find_if(best_.begin(), best_.end(), [&](const Tiling& x) { return x.bands == t.bands; });
      if (same == best_.end()) {
        best_.push_back(t);
      } else if (rank(t) < rank(*same)) {
        *same = t;
      }
      if (t.bands == 1 || t.blocks == 1) break;  // The orders are the same.
    }
  }

  /// What does not depend on the order of tiles.
  struct Work {
    double array = 0, vector = 0;
    double last_vector = 0;  ///< Of the last tile, and what follows on the array.
  };

  Work work_of(const BandSums& band, const BlockSums& block) const {
    const std::uint32_t last_rows = g_.out_height - (band.bands - 1) * band.rows;
    // Pieces of a group: each group ends with a small one.
    const std::uint32_t short_blocks = block.last == block.channels   ? 0
                                       : block.inputs == block.blocks ? 1
                                                                      : block.inputs;
    Work work;
    const auto add = [&](std::uint32_t rows, std::uint64_t row_times, std::uint32_t channels, std::uint64_t times) {
      if (row_times * times == 0) return;
      const double count = static_cast<double>(row_times * times);
      const std::uint64_t elements = std::uint64_t{rows} * channels * g_.out_width;
      const std::uint64_t window = task_.pool() ? std::uint64_t{g_.kernel_height} * g_.kernel_width : 1;
      const auto vector = static_cast<double>(vector_cycles(task_.vector.kind, elements, window, options_.core));
      work.vector += count * vector;
      work.last_vector = vector;
      if (!task_.on_array) return;
      ConvGeometry tile = g_;
      tile.out_channels = channels;
      tile.groups = std::max(1U, static_cast<std::uint32_t>(std::uint64_t{block.groups} * channels / block.channels));
      tile.in_channels = g_.in_channels / g_.groups * tile.groups;
      tile.out_height = rows;
      const ArrayCycles cycles =
          array_cycles(task_.dataflow, tile, lines_per_row(task_, tile, options_), options_.core.array);
      work.array += count * static_cast<double>(cycles.steady);
      work.last_vector += static_cast<double>(cycles.tail);
    };
    for (const auto& [channels, times] :
         {std::pair{block.channels, block.blocks - short_blocks}, {block.last, short_blocks}}) {
      add(band.rows, band.bands - 1, channels, times);
      add(last_rows, 1, channels, times);
    }
    return work;
  }

  void estimate(Tiling& t, const BandSums& band, const BlockSums& block, const Work& work) const {
    const auto slots = [&](Pad pad) { return t.buffers[static_cast<std::size_t>(pad)].slots; };
    const double latency = options_.dram_latency_cycles;
    const std::uint64_t tiles = std::uint64_t{t.bands} * t.blocks, stores = std::uint64_t{t.bands} * block.stores;

    // Maps: once, or once for every block that reads them.
    const std::uint64_t blocks_per_input = t.blocks / block.inputs;
    const std::uint64_t map_passes = t.bands_outside || t.bands <= slots(Pad::activations) ? 1 : blocks_per_input;
    const std::uint64_t map_loads = map_passes * block.inputs * t.bands;
    const std::uint64_t map_bytes = task_.inputs.size() * g_.in_channels * band.in_rows * g_.in_width * map_passes;
    const std::uint64_t gate_bytes = task_.gate ? std::uint64_t{g_.out_channels} * t.bands : 0;
    // Weights: once, or once for every band.
    std::uint64_t weight_passes = 0, weight_loads = 0, parameter_bytes = 0;
    if (task_.on_array) {
      weight_passes = !t.bands_outside || t.blocks <= slots(Pad::weights) ? 1 : t.bands;
      weight_loads = weight_passes * t.blocks;
      const std::uint32_t short_blocks = block.last == block.channels   ? 0
                                         : block.inputs == block.blocks ? 1
                                                                        : block.inputs;
      parameter_bytes = weight_passes * ((t.blocks - short_blocks) * weight_bytes(block.channels) +
                                         short_blocks * weight_bytes(block.last));
    }
    t.load_bytes = map_bytes + gate_bytes + parameter_bytes + table_bytes();
    t.store_bytes = std::uint64_t{g_.out_channels} * g_.out_height * g_.out_width;
    const std::uint64_t loads =
        map_loads * task_.inputs.size() + (task_.gate ? tiles : 0) + weight_loads + (task_.table ? 1 : 0);
    t.instructions = loads + tiles * (task_.on_array ? 2 : 1) + stores;

    Traffic maps;
    for (const TensorPlace& input : task_.inputs) {
      maps += traffic(map_bytes / task_.inputs.size(), map_loads,
                      runs_of(input, block.max_in_channels, band.max_in_rows, g_.in_width));
    }
    const Traffic gates = traffic(gate_bytes, task_.gate ? tiles : 0);
    const Traffic weights = traffic(parameter_bytes + table_bytes(), weight_loads);
    const Traffic results = traffic(t.store_bytes, stores, result_runs(block.channels, band.rows));
    t.requests = maps.requests + gates.requests + weights.requests + results.requests;
    const double bus =
        (maps.bus_bytes + gates.bus_bytes + weights.bus_bytes + results.bus_bytes) / options_.dram_bytes_per_cycle;
    const double memory = std::max({bus, maps.cycles + gates.cycles + weights.cycles, results.cycles});
    const double array = work.array * t.conflicts;
    const double control = static_cast<double>(t.instructions) * options_.core.control.decode_cycles;

    // The first tile's maps arrive before anything starts, and the last one's results leave after everything has ended.
    const double first = latency + maps.cycles / static_cast<double>(map_loads);
    const double last = work.last_vector + latency + results.cycles / static_cast<double>(tiles);
    // Pads with room for one piece only: what they wait for does not overlap with work.
    double serial = 0;
    if (slots(Pad::activations) < 2 && map_loads > 1) serial += maps.cycles + static_cast<double>(map_loads) * latency;
    if (task_.on_array && slots(Pad::weights) < 2 && weight_loads > 1) {
      serial += weights.cycles + static_cast<double>(weight_loads) * latency;
    }
    if (slots(Pad::outputs) < 2 && tiles > 1) {
      serial += work.vector + results.cycles + static_cast<double>(tiles) * latency;
    }
    const double steady = std::max({array, work.vector, memory - (first - latency), control});
    t.cycles = first + steady + serial + last;
    t.stall = t.cycles - array;
  }

  /// Of the largest store of a tile; without the stride, which is not one where a shuffle has cut it.
  Runs result_runs(std::uint32_t channels, std::uint32_t rows) const {
    if (task_.shuffle_groups == 1) return runs_of(task_.output, channels, rows, g_.out_width);
    const std::vector<ShuffledChannels> parts = shuffled_channels(g_.out_channels, task_.shuffle_groups, 0, channels);
    const auto size = [](const ShuffledChannels& part) { return part.groups * part.members; };
    const ShuffledChannels& largest =
        *std::max_element(parts.begin(), parts.end(), [&](const auto& a, const auto& b) { return size(a) < size(b); });
    const std::vector<DramRuns> sets = stored_runs(task_.output, largest, 0, rows, g_.out_width);
    return {sets[0].run, sets[0].count * sets.size(), 0};
  }

  struct Traffic {
    double bus_bytes = 0;  ///< With what runs cost.
    double requests = 0;
    double cycles = 0;  ///< If nothing else moved.

    Traffic& operator+=(const Traffic& more) {
      bus_bytes += more.bus_bytes;
      requests += more.requests;
      cycles += more.cycles;
      return *this;
    }
  };

  /// `transfers` of so many bytes together, each in one run, or in runs like those of `largest`, the largest of them.
  /// The memory's latency shows when requests are short: only so many are under way at a time.
  Traffic traffic(std::uint64_t bytes, std::uint64_t transfers, const Runs& largest = {}) const {
    constexpr double requests_under_way = 8, transfers_under_way = 4;
    if (bytes == 0) return {};
    auto runs = static_cast<double>(transfers);
    if (largest.count > 1) runs = std::max(runs, static_cast<double>(bytes) / static_cast<double>(largest.run));
    // They end at multiples of their size: on average a run takes one more than its bytes say.
    const double requests = runs + static_cast<double>(bytes) / options_.dma_request_bytes;
    const double bus_bytes = static_cast<double>(bytes) + runs * burst_bytes,
                 bus = bus_bytes / options_.dram_bytes_per_cycle;
    const double latency = options_.dram_latency_cycles;
    return {bus_bytes, requests,
            std::max({bus, (requests * latency + bus) / requests_under_way,
                      (static_cast<double>(transfers) * latency + bus) / transfers_under_way})};
  }

  // Pitches. Dense maps take the least room, but banks may have to be asked several times a cycle.

  [[nodiscard]] Tiling with_pitches(Tiling t) const {
    const BandSums band = measure_bands(t.band_rows);
    const BlockSums block = measure_blocks(t.block_channels);
    const Work work = work_of(band, block);
    Band tallest = band_of(g_, 0, std::min(t.band_rows, g_.out_height));
    for (std::uint32_t i = 1; i < t.bands && tallest.in_count < band.max_in_rows; ++i) {
      tallest = band_of(g_, i * t.band_rows, std::min(t.band_rows, g_.out_height - i * t.band_rows));
    }
    const ConvGeometry tile = tile_geometry(g_, tallest, blocks_of(g_, t.block_channels).front());
    const std::uint32_t lines = lines_per_row(task_, tile, options_);
    const Pitches dense = t.pitches;
    const auto conflicts = [&](const isa::machine::MapPitches& pitches) {
      // Along a line a feeder asks for a word and then has the next elements of it, too.
      const bool rows = task_.dataflow >= isa::Dataflow::depthwise_broadcast;
      const std::uint32_t stride = task_.dataflow == isa::Dataflow::fuse_column ? g_.stride_height : g_.stride_width;
      const bool along_words = rows && task_.dataflow != isa::Dataflow::fuse_column;
      const double asks = along_words ? std::min(1.0, double{1} * stride / options_.core.activations.width) : 1.0;
      return std::max(1 + asks * (pitches.activation_cycles - 1.0), double{1} * pitches.weight_cycles);
    };
    const isa::machine::MapPitches as_dense = isa::machine::with_cycles(
        {.line_pitch = dense.line, .channel_pitch = dense.channel, .weights_pitch = tile.out_channels}, task_.dataflow,
        tile, lines, options_.core);
    t.conflicts = conflicts(as_dense);
    estimate(t, band, block, work);
    if (as_dense.activation_cycles == 1) return t;

    const isa::machine::MapPitches free =
        isa::machine::conflict_free_pitches(task_.dataflow, tile, lines, options_.core);
    Tiling pitched = t;
    pitched.pitches = {free.line_pitch, free.channel_pitch};
    pitched.conflicts = conflicts(free);
    Buffering& maps = pitched.buffers[static_cast<std::size_t>(Pad::activations)];
    maps = buffering(Pad::activations, activation_bytes(free.channel_pitch, block.max_in_channels, block.channels));
    if (maps.slots == 0) return t;
    estimate(pitched, band, block, work);
    return pitched.cycles < t.cycles ? pitched : t;
  }

  // Nothing fits.

  [[noreturn]] void refuse() const {
    const std::uint32_t rows = splits_rows_ ? 1 : g_.out_height;
    const BandSums band = measure_bands(rows);
    const BlockSums block = measure_blocks(1);
    const auto require = [&](Pad pad, std::uint64_t bytes) {
      const auto& config = options_.core.pad(pad);
      if (bytes <= config.bytes) return;
      throw CompileError(
          fmt::format("layer '{}' needs at least {} bytes of the {} scratchpad (machine has {}); its smallest tile is "
                      "{} row{} of {} "
                      "channel{}: make the scratchpad larger",
                      task_.name, round_up(bytes, config.row_bytes()), name(pad), config.bytes, rows,
                      rows == 1 ? "" : "s", block.channels, block.channels == 1 ? "" : "s"));
    };
    require(
        Pad::activations,
        round_up(activation_bytes(band.max_in_rows * g_.in_width, block.max_in_channels, block.channels), alignment));
    require(Pad::outputs, round_up(output_bytes(rows, block.channels), alignment));
    require(Pad::weights, table_bytes() + (task_.on_array ? round_up(weight_bytes(block.channels), alignment) : 0));
    throw CompileError(fmt::format("layer '{}' has no tiling", task_.name));
  }

  const LayerTask& task_;
  const ConvGeometry& g_;
  const Options& options_;
  bool splits_rows_ = true;
  double least_cycles_ = 1;   ///< No tiling takes less.
  std::vector<Tiling> best_;  ///< Of each number of bands.
};

}  // namespace

Band band_of(const ConvGeometry& g, std::uint32_t begin, std::uint32_t count) {
  if (!splits_rows(g)) return {0, g.out_height, 0, g.in_height, g.pad_top, g.pad_bottom};
  const std::int64_t reach = std::int64_t{g.dilation_height} * (g.kernel_height - 1) + 1;
  const std::int64_t first = std::int64_t{begin} * g.stride_height - g.pad_top;
  const std::int64_t end = first + std::int64_t{count - 1} * g.stride_height + reach;
  const std::int64_t from = std::clamp<std::int64_t>(first, 0, g.in_height - 1);
  const std::int64_t to = std::clamp<std::int64_t>(end, from + 1, g.in_height);
  return {begin,
          count,
          static_cast<std::uint32_t>(from),
          static_cast<std::uint32_t>(to - from),
          static_cast<std::uint32_t>(from - std::min(first, from)),
          static_cast<std::uint32_t>(std::max(end, to) - to)};
}

std::vector<Block> blocks_of(const ConvGeometry& g, std::uint32_t channels) {
  const std::uint32_t group_out = g.out_channels / g.groups, group_in = g.in_channels / g.groups;
  std::vector<Block> blocks;
  if (channels >= group_out) {
    const std::uint32_t step = channels / group_out;
    for (std::uint32_t group = 0; group < g.groups; group += step) {
      const std::uint32_t count = std::min(step, g.groups - group);
      blocks.push_back({group * group_out, count * group_out, group * group_in, count * group_in, count,
                        static_cast<std::uint32_t>(blocks.size())});
    }
    return blocks;
  }
  for (std::uint32_t group = 0; group < g.groups; ++group) {
    for (std::uint32_t begin = 0; begin < group_out; begin += channels) {
      blocks.push_back(
          {group * group_out + begin, std::min(channels, group_out - begin), group * group_in, group_in, 1, group});
    }
  }
  return blocks;
}

std::uint64_t taps_of(const ConvGeometry& g) {
  return std::uint64_t{g.in_channels / g.groups} * g.kernel_height * g.kernel_width;
}

std::uint32_t lines_per_row(const LayerTask& task, const ConvGeometry& geometry, const Options& options) {
  if (!options.row_packing || task.dataflow < isa::Dataflow::depthwise_broadcast) return 1;
  return lower::best_lines_per_row(task.dataflow, geometry, options.core.array);
}

ConvGeometry tile_geometry(const ConvGeometry& whole, const Band& band, const Block& block) {
  ConvGeometry tile = whole;
  tile.in_channels = block.in_count;
  tile.out_channels = block.count;
  tile.groups = block.groups;
  tile.in_height = band.in_count;
  tile.out_height = band.count;
  tile.pad_top = band.pad_top;
  tile.pad_bottom = band.pad_bottom;
  return tile;
}

bool cut_alike(const LayerTask& a, const LayerTask& b) {
  const auto alike = [](const TensorPlace& x, const TensorPlace& y) {
    return x.channel_stride == y.channel_stride && x.row_stride == y.row_stride;
  };
  return alike(a.output, b.output) &&
         std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), alike) &&
         a.shuffle_groups == b.shuffle_groups && a.on_array == b.on_array && a.dataflow == b.dataflow &&
         a.geometry == b.geometry && a.vector.kind == b.vector.kind && a.gate.has_value() == b.gate.has_value() &&
         a.table.has_value() == b.table.has_value();
}

Tiling choose_tiling(const LayerTask& task, const Options& options) {
  return Search(task, options).run();
}

}  // namespace fusesim::tile
