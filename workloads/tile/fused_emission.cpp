// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/fused_emission.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "workloads/tile/list_ring.h"
#include "workloads/tile/map_transfer.h"
#include "workloads/tile/slots.h"

namespace fusesim::tile {
namespace {

using isa::machine::FusedAccumulate;
using isa::machine::FusedGeometry;
using isa::machine::FusedMap;
using isa::machine::FusedPredict;
using isa::machine::FusedTile;
using isa::machine::Instruction;
using isa::machine::Load;
using isa::machine::Pad;
using isa::machine::Store;

constexpr std::uint64_t burst_alignment = 64;

class FusedEmission {
 public:
  FusedEmission(const LayerTask& task, const FusedTiling& tiling, const FusedListsLayout& layout,
                const FusedResources& resources, const Options& options, const isa::machine::Program& program,
                Emitter& emitter)
      : task_(task),
        g_(task.geometry),
        block_(*task.predicted),
        tiling_(tiling),
        places_(block_, tiling),
        layout_(layout),
        resources_(resources),
        options_(options),
        program_(program),
        emitter_(emitter),
        maps_(emitter, Pad::activations, 0, tiling.maps, map_pieces()),
        results_(emitter, Pad::outputs, 0, tiling.results, 1),
        lists_(emitter, Pad::weights, static_cast<std::uint32_t>(options.core.weights.bytes),
               layout.groups.front().predictor.bytes()) {}

  void run() {
    const std::vector<Step> steps = order();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      emit_step(steps[i], i + 1 < steps.size() ? &steps[i + 1] : nullptr);
    }
    maps_.release_all();
    lists_.release_all();
  }

 private:
  /// A group of a tile.
  struct Step {
    std::uint32_t row = 0, column = 0, group = 0;  ///< Indices of spans.
    bool first_of_result = false, last_of_result = false;
    bool first_of_lists = false;  ///< Before it all lists of the group are loaded anew.
  };

  /// Which lines (or tiles) of which groups lie in a piece of the map or of the result together.
  struct Scope {
    std::uint32_t row = 0, column = 0, group = 0;
    bool operator==(const Scope&) const = default;
  };
  static Scope scope(const Step& step, bool lines, bool whole) {
    return {step.row, lines ? 0 : step.column, whole ? 0 : step.group};
  }
  [[nodiscard]] Scope map_scope(const Step& step) const { return scope(step, tiling_.map_lines, places_.maps_whole); }
  [[nodiscard]] Scope result_scope(const Step& step) const {
    return scope(step, tiling_.result_lines, places_.results_whole);
  }

  [[nodiscard]] std::vector<Step> order() const {
    std::vector<Step> steps;
    const auto tiles = [&](auto visit) {
      for (std::uint32_t row = 0; row < tiling_.rows.size(); ++row) {
        for (std::uint32_t column = 0; column < tiling_.columns.size(); ++column) visit(row, column);
      }
    };
    if (tiling_.lists_stay) {
      for (std::uint32_t group = 0; group < places_.groups; ++group) {
        tiles([&](std::uint32_t row, std::uint32_t column) {
          steps.push_back({.row = row, .column = column, .group = group, .first_of_lists = row + column == 0});
        });
      }
    } else {
      tiles([&](std::uint32_t row, std::uint32_t column) {
        for (std::uint32_t group = 0; group < places_.groups; ++group) {
          steps.push_back({.row = row, .column = column, .group = group, .first_of_lists = true});
        }
      });
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i].first_of_result = i == 0 || result_scope(steps[i - 1]) != result_scope(steps[i]);
      steps[i].last_of_result = i + 1 == steps.size() || result_scope(steps[i + 1]) != result_scope(steps[i]);
    }
    return steps;
  }

  [[nodiscard]] std::size_t map_pieces() const { return tiling_.rows.size() * tiling_.columns.size() * places_.groups; }
  [[nodiscard]] std::size_t map_piece(const Step& step) const {
    const Scope s = map_scope(step);
    return (std::size_t{s.row} * tiling_.columns.size() + s.column) * places_.groups + s.group;
  }

  [[nodiscard]] const FusedSpan& rows(const Step& step) const { return tiling_.rows[step.row]; }
  [[nodiscard]] const FusedSpan& columns(const Step& step) const { return tiling_.columns[step.column]; }

  std::uint32_t emit(Instruction instruction, std::span<const PadAccess> pads, const DramRuns* dram = nullptr) {
    instruction.layer = resources_.layer;
    return emitter_.emit(std::move(instruction), pads, dram);
  }

  // Lists.

  static constexpr std::uint32_t predictor = ~0U;
  /// The lists of the predictor, or of a piece, by number.
  static std::uint64_t list_key(std::uint32_t group, std::uint32_t piece) {
    return (std::uint64_t{group} << 32) | piece;
  }
  [[nodiscard]] const FusedListsLayout::Piece& list(std::uint32_t group, std::uint32_t piece) const {
    const FusedListsLayout::Group& lists = layout_.groups[group];
    return piece == predictor ? lists.predictor : lists.pieces[piece];
  }

  /// Lists that pass by are loaded for every step, though they may still be there.
  std::uint32_t list_address(const Step& step, std::uint32_t piece) {
    const std::uint64_t key = list_key(step.group, piece);
    if (!step.first_of_lists) return *lists_.find(key);
    const FusedListsLayout::Piece& from = list(step.group, piece);
    if (tiling_.lists_stay && piece == predictor) lists_.keep_together(group_bytes(step.group));
    const std::uint32_t address = lists_.take(key, from.bytes());
    Load load;
    load.dram = program_.sections[resources_.lists].address + from.offset;
    load.pad = Pad::weights;
    load.address = address;
    load.run_bytes = from.bytes();
    const PadAccess access{Pad::weights, address, from.bytes(), true};
    const DramRuns runs{resources_.lists, from.offset, from.bytes(), 1, 0};
    emit({.work = load}, {&access, 1}, &runs);
    return address;
  }

  [[nodiscard]] std::uint32_t group_bytes(std::uint32_t group) const {
    const auto round_up = [](std::uint32_t bytes) { return (bytes + 3) / 4 * 4; };
    std::uint32_t sum = round_up(layout_.groups[group].predictor.bytes());
    for (const FusedListsLayout::Piece& piece : layout_.groups[group].pieces) sum += round_up(piece.bytes());
    return sum;
  }

  // Maps.

  /// First column and number of columns of what is loaded (stored) with a tile.
  [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> map_columns(const Step& step) const {
    if (tiling_.map_lines) return {0, g_.in_width};
    return {columns(step).in_begin, columns(step).in_count};
  }
  [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> result_columns(const Step& step, bool lines) const {
    if (lines) return {0, g_.out_width};
    return {columns(step).begin, columns(step).count};
  }
  [[nodiscard]] Pitches map_pitches(const Step& step) const {
    const std::uint32_t width = map_columns(step).second;
    return {width, rows(step).in_count * width};
  }
  [[nodiscard]] Pitches residual_pitches(const Step& step) const {
    const std::uint32_t width = result_columns(step, tiling_.map_lines).second;
    return {width, rows(step).count * width};
  }
  [[nodiscard]] std::uint32_t map_bytes(const Step& step) const {
    return static_cast<std::uint32_t>(map_piece_bytes(task_, tiling_, rows(step), columns(step)));
  }
  [[nodiscard]] std::uint32_t residual_bytes(const Step& step) const {
    return static_cast<std::uint32_t>(residual_piece_bytes(task_, tiling_, rows(step), columns(step)));
  }

  void load(const MapBox& box, std::uint32_t address, const Pitches& pitches) {
    const std::uint32_t bytes = box.groups * box.channels * box.rows * box.columns;
    const PadAccess access{Pad::activations, address, bytes, true};
    const DramRuns runs = lines_around(box);
    emit({.work = Load{transfer_of(box, program_, Pad::activations, address, pitches)}}, {&access, 1}, &runs);
  }

  void load_map(const Step& step) {
    if (maps_.find(map_piece(step))) return;
    const std::uint32_t address = maps_.take(map_piece(step));
    const FusedSpan& rows = this->rows(step);
    const auto [column, width] = map_columns(step);
    MapBox box{.place = task_.inputs[0],
               .map_width = g_.in_width,
               .channel = map_scope(step).group * places_.channels,
               .channels = places_.map_channels(),
               .row = rows.in_begin,
               .rows = rows.in_count,
               .column = column,
               .columns = width};
    load(box, address, map_pitches(step));
    if (!places_.separate_residual) return;
    // In the order of the group's results.
    const Pitches pitches = residual_pitches(step);
    std::tie(box.column, box.columns) = result_columns(step, tiling_.map_lines);
    box.row = rows.begin;
    box.rows = rows.count;
    std::uint32_t at = address + map_bytes(step);
    for (const ShuffledChannels& part :
         shuffled_channels(g_.out_channels, places_.shuffle, step.group * places_.out_channels, places_.out_channels)) {
      box.channel = part.to;
      box.channels = part.members;
      box.step = part.stride;
      box.groups = part.groups;
      load(box, at, pitches);
      at += part.groups * part.members * pitches.channel;
    }
  }

  /// Bytes of the scratchpad that a tile's instruction reads of its map.
  [[nodiscard]] PadAccess map_access(const Step& step) const {
    return {Pad::activations, *maps_.find(map_piece(step)), map_bytes(step), false};
  }
  [[nodiscard]] PadAccess residual_access(const Step& step) const {
    if (!places_.separate_residual) return map_access(step);
    return {Pad::activations, *maps_.find(map_piece(step)) + map_bytes(step), residual_bytes(step), false};
  }
  void note_map(const Step& step, std::uint32_t reader) { maps_.read(map_piece(step), 0, map_bytes(step), reader); }
  void note_residual(const Step& step, std::uint32_t reader) {
    if (!places_.separate_residual) return note_map(step, reader);
    maps_.read(map_piece(step), map_bytes(step), residual_bytes(step), reader);
  }

  // Instructions.

  [[nodiscard]] FusedGeometry geometry(const Step& step) const {
    FusedGeometry geometry;
    geometry.channels = places_.channels;
    geometry.middle = block_.block.middle_channels / places_.groups;
    geometry.kernel = block_.block.kernel;
    geometry.stride = block_.block.stride;
    geometry.region_rows = rows(step).in_count;
    geometry.region_columns = columns(step).in_count;
    geometry.pad_top = rows(step).pad;
    geometry.pad_left = columns(step).pad;
    geometry.out_rows = rows(step).count;
    geometry.out_columns = columns(step).count;
    return geometry;
  }

  /// Where the group's channels begin in a piece of the map.
  [[nodiscard]] std::uint32_t group_channel(const Step& step) const {
    return places_.maps_whole ? step.group * places_.channels : 0;
  }

  [[nodiscard]] FusedTile tile(const Step& step, std::uint8_t buffer) const {
    const Pitches pitches = map_pitches(step);
    FusedTile tile;
    tile.buffer = buffer;
    tile.geometry = geometry(step);
    tile.input.address = *maps_.find(map_piece(step)) + group_channel(step) * pitches.channel + columns(step).in_begin -
                         map_columns(step).first;
    tile.input.channel_pitch = pitches.channel;
    tile.input.line_pitch = pitches.line;
    tile.zero_point = block_.in.zero_point;
    tile.thresholds = block_.constants->input_thresholds;
    return tile;
  }

  /// Whether the next step's tile can be loaded while this one's results are summed.
  [[nodiscard]] bool can_load_next(const Step& step, const Step* next) const {
    if (!next) return false;
    if (maps_.count() > 1 || map_piece(step) == map_piece(*next)) return true;
    return !block_.block.residual;  // The map is not needed any more, once it is in its buffer.
  }

  void emit_step(const Step& step, const Step* next) {
    const std::uint32_t records = list_address(step, predictor);
    if (!loaded_) {
      load_map(step);
      const PadAccess access = map_access(step);
      note_map(step, emit({.work = tile(step, buffer_)}, {&access, 1}));
    }
    emit_predict(step, records);
    loaded_ = can_load_next(step, next);
    if (loaded_) load_map(*next);
    if (step.first_of_result) result_ = results_.take(0);
    const std::vector<FusedPiece>& pieces = tiling_.pieces;
    for (std::uint32_t piece = 0; piece < pieces.size(); ++piece) {
      emit_accumulate(step, piece, loaded_ && piece + 1 == pieces.size() ? next : nullptr);
    }
    if (loaded_) buffer_ ^= 1;
    if (step.last_of_result) emit_stores(step);
  }

  void emit_predict(const Step& step, std::uint32_t address) {
    const FusedListsLayout::Piece& records = list(step.group, predictor);
    FusedPredict predict;
    predict.buffer = buffer_;
    predict.geometry = geometry(step);
    predict.round_channels = resources_.round_channels;
    predict.lists = address;
    predict.lists_bytes = records.list_bytes;
    predict.lists_dram = program_.sections[resources_.lists].address + records.offset;
    const PadAccess access{Pad::weights, address, records.list_bytes, false};
    lists_.read(list_key(step.group, predictor), emit({.work = predict}, {&access, 1}));
  }

  void emit_accumulate(const Step& step, std::uint32_t index, const Step* next) {
    const FusedPiece& piece = tiling_.pieces[index];
    const FusedListsLayout::Piece& lists = list(step.group, index);
    const std::uint32_t address = list_address(step, index);
    const reference::BlockConstants& constants = *block_.constants;
    FusedAccumulate work;
    work.buffer = buffer_;
    work.geometry = geometry(step);
    work.source = options_.fused.source;
    work.out_channels = piece.count;
    work.parameters = address;
    work.lists = address + lists.parameter_bytes;
    work.lists_bytes = lists.list_bytes;
    work.lists_dram = program_.sections[resources_.lists].address + lists.offset + lists.parameter_bytes;
    work.expand_bias_shift = constants.expand_bias_shift;
    work.depthwise_bias_shift = constants.depthwise_bias_shift;
    const reference::Limits bounds = reference::limits(constants.projected.type);
    work.zero_out = constants.projected.zero_point;
    work.lowest = static_cast<std::int8_t>(bounds.lowest);
    work.highest = static_cast<std::int8_t>(bounds.highest);
    work.output = output(step, piece);
    std::vector<PadAccess>& accesses = accesses_;
    accesses = {{Pad::weights, address, lists.bytes(), false}, {Pad::outputs, result_, result_bytes(step), true}};
    if (constants.residual) {
      work.residual = residual(step, piece);
      accesses.push_back(residual_access(step));
    }
    if (next) {
      work.next = tile(*next, buffer_ ^ 1);
      accesses.push_back(map_access(*next));
    }
    const std::uint32_t instruction = emit({.work = std::move(work)}, accesses);
    lists_.read(list_key(step.group, index), instruction);
    if (constants.residual) note_residual(step, instruction);
    if (next) note_map(*next, instruction);
  }

  // Results.

  [[nodiscard]] Pitches result_pitches(const Step& step) const {
    const std::uint32_t width = result_columns(step, tiling_.result_lines).second;
    return {width, rows(step).count * width};
  }
  [[nodiscard]] std::uint32_t result_bytes(const Step& step) const {
    return static_cast<std::uint32_t>(result_piece_bytes(task_, tiling_, rows(step), columns(step)));
  }

  /// Shuffled where the channels of all groups lie together; otherwise in the group's own order.
  [[nodiscard]] FusedMap output(const Step& step, const FusedPiece& piece) const {
    const Pitches pitches = result_pitches(step);
    std::uint32_t channel = piece.begin, channel_step = 1;
    if (places_.results_whole) {
      channel = places_.shuffled(step.group * places_.out_channels + piece.begin);
      channel_step = places_.shuffle;
    }
    return {
        result_ + channel * pitches.channel + columns(step).begin - result_columns(step, tiling_.result_lines).first,
        channel_step * pitches.channel, pitches.line};
  }

  [[nodiscard]] isa::machine::FusedResidual residual(const Step& step, const FusedPiece& piece) const {
    const reference::BlockConstants& constants = *block_.constants;
    const std::uint32_t at = *maps_.find(map_piece(step));
    isa::machine::FusedResidual residual;
    if (places_.separate_residual) {
      const Pitches pitches = residual_pitches(step);
      residual.map = {at + map_bytes(step) + piece.begin * pitches.channel + columns(step).begin -
                          result_columns(step, tiling_.map_lines).first,
                      pitches.channel, pitches.line};
    } else {
      const Pitches pitches = map_pitches(step);
      const std::uint32_t channel =
          places_.maps_whole ? places_.shuffled(step.group * places_.out_channels + piece.begin) : piece.begin;
      residual.map = {at + channel * pitches.channel + (rows(step).begin - rows(step).in_begin) * pitches.line +
                          columns(step).begin - map_columns(step).first,
                      (places_.maps_whole ? places_.shuffle : 1) * pitches.channel, pitches.line};
    }
    residual.zero_a = constants.projected.zero_point;
    residual.zero_b = block_.in.zero_point;
    residual.zero_out = block_.out.zero_point;
    residual.multiplier_a = constants.residual->values[0];
    residual.multiplier_b = constants.residual->values[1];
    residual.shift = constants.residual->shift;
    const reference::Limits bounds = reference::limits(block_.out.type);
    residual.lowest = static_cast<std::int8_t>(bounds.lowest);
    residual.highest = static_cast<std::int8_t>(bounds.highest);
    return residual;
  }

  void emit_stores(const Step& step) {
    const Pitches pitches = result_pitches(step);
    MapBox box{.place = task_.output, .map_width = g_.out_width, .row = rows(step).begin, .rows = rows(step).count};
    std::tie(box.column, box.columns) = result_columns(step, tiling_.result_lines);
    const auto store = [&](std::uint32_t address) {
      const std::uint32_t bytes = box.groups * box.channels * pitches.channel;
      const PadAccess access{Pad::outputs, address, bytes, false};
      const DramRuns runs = lines_around(box);
      const std::uint32_t index =
          emit({.work = Store{transfer_of(box, program_, Pad::outputs, address, pitches)}}, {&access, 1}, &runs);
      emitter_.release(index, Pad::outputs, address, bytes);
    };
    if (places_.results_whole) {
      box.channels = g_.out_channels;
      return store(result_);
    }
    std::uint32_t at = result_;
    for (const ShuffledChannels& part :
         shuffled_channels(g_.out_channels, places_.shuffle, step.group * places_.out_channels, places_.out_channels)) {
      box.channel = part.to;
      box.channels = part.members;
      box.step = part.stride;
      box.groups = part.groups;
      store(at);
      at += part.groups * part.members * pitches.channel;
    }
  }

  const LayerTask& task_;
  const isa::ConvGeometry& g_;
  const PredictedTask& block_;
  const FusedTiling& tiling_;
  FusedPlaces places_;
  const FusedListsLayout& layout_;
  const FusedResources& resources_;
  const Options& options_;
  const isa::machine::Program& program_;
  Emitter& emitter_;
  Slots maps_, results_;
  ListRing lists_;
  std::uint8_t buffer_ = 0;   ///< Of the step's tile.
  bool loaded_ = false;       ///< The tile is in its buffer: the step before has loaded it.
  std::uint32_t result_ = 0;  ///< Address of the results being made.
  std::vector<PadAccess> accesses_;
};

void put(std::vector<std::int8_t>& to, std::int32_t value) {
  for (int byte = 0; byte < 4; ++byte) {
    to.push_back(static_cast<std::int8_t>(static_cast<std::uint32_t>(value) >> (8 * byte)));
  }
}

}  // namespace

FusedListsLayout fused_lists_layout(const LayerTask& task, const FusedTiling& tiling,
                                    const std::vector<GroupLists>& lists) {
  FusedListsLayout layout;
  const reference::BlockConstants& constants = *task.predicted->constants;
  const std::uint32_t out_channels = task.predicted->block.out_channels / task.predicted->block.groups;
  std::vector<std::int8_t>& values = layout.values;
  const auto append = [&](const std::vector<std::uint8_t>& bytes) {
    values.insert(values.end(), bytes.begin(), bytes.end());
    return static_cast<std::uint32_t>(bytes.size());
  };
  const auto align = [&] {
    values.resize((values.size() + burst_alignment - 1) / burst_alignment * burst_alignment);
    return values.size();
  };
  for (std::uint32_t group = 0; group < lists.size(); ++group) {
    FusedListsLayout::Group& entry = layout.groups.emplace_back();
    entry.predictor.offset = align();
    entry.predictor.list_bytes = append(lists[group].predictor());
    for (const FusedPiece& piece : tiling.pieces) {
      FusedListsLayout::Piece& part = entry.pieces.emplace_back();
      part.offset = align();
      part.parameter_bytes = isa::machine::channel_parameter_bytes * piece.count;
      for (std::uint32_t o = 0; o < piece.count; ++o) {
        const std::uint32_t channel = group * out_channels + piece.begin + o;
        put(values, constants.bias[channel]);
        put(values, constants.multipliers[channel].value);
        put(values, constants.multipliers[channel].shift);
      }
      part.list_bytes = append(lists[group].stream(piece.begin, piece.count));
    }
  }
  return layout;
}

void emit_fused_layer(const LayerTask& task, const FusedTiling& tiling, const FusedListsLayout& layout,
                      const FusedResources& resources, const Options& options, const isa::machine::Program& program,
                      Emitter& emitter) {
  FusedEmission(task, tiling, layout, resources, options, program, emitter).run();
}

}  // namespace fusesim::tile
