// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/layer_emission.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace fusesim::tile {
namespace {

using isa::machine::Instruction;
using isa::machine::Load;
using isa::machine::Pad;
using isa::machine::Store;
using isa::machine::Transfer;

/// Slots of a scratchpad, taken in turn. A piece stays until its slot is needed for another one.
class Slots {
 public:
  static constexpr std::uint32_t none = ~0U;

  Slots(Emitter& emitter, Pad pad, std::uint32_t base, const Buffering& buffering, std::size_t pieces)
      : emitter_(emitter), pad_(pad), base_(base), bytes_(buffering.slot_bytes), slot_of_(pieces, none) {
    // More slots than pieces only give the first piece a choice.
    constexpr std::size_t choice = 64;
    slots_.resize(std::min<std::size_t>(buffering.slots, std::max(pieces, choice)));
    std::uint32_t best = ~0U;
    for (std::uint32_t slot = 0; slot < slots_.size() && best > 0; ++slot) {
      const std::uint32_t last = emitter_.last_use(pad_, address(slot), bytes_);
      if (last < best) {
        best = last;
        next_ = slot;
      }
    }
  }

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(slots_.size()); }

  /// The piece's address when it is there.
  [[nodiscard]] std::optional<std::uint32_t> find(std::size_t piece) const {
    if (slot_of_[piece] == none) return std::nullopt;
    return address(slot_of_[piece]);
  }

  /// A slot for a piece; what was in it is released by its last readers.
  std::uint32_t take(std::size_t piece) {
    const std::uint32_t slot = next_;
    next_ = (next_ + 1) % count();
    release(slots_[slot]);
    slots_[slot].piece = piece;
    slot_of_[piece] = slot;
    return address(slot);
  }

  /// Instruction `reader` reads bytes [begin, begin + bytes) of the piece; the last one will release them.
  void read(std::size_t piece, std::uint32_t begin, std::uint32_t bytes, std::uint32_t reader) {
    Slot& slot = slots_[slot_of_[piece]];
    const std::uint32_t at = address(slot_of_[piece]) + begin;
    for (Part& part : slot.parts) {
      if (part.bytes == 0 || part.address == at) {
        part = {at, bytes, reader};
        return;
      }
    }
  }

  void release_all() {
    for (Slot& slot : slots_) release(slot);
  }

 private:
  struct Part {
    std::uint32_t address = 0, bytes = 0, reader = 0;
  };
  struct Slot {
    std::optional<std::size_t> piece;
    std::array<Part, 2> parts{};  ///< Of a piece, with a reader each.
  };

  [[nodiscard]] std::uint32_t address(std::uint32_t slot) const { return base_ + slot * bytes_; }

  void release(Slot& slot) {
    if (!slot.piece) return;
    for (Part& part : slot.parts) {
      if (part.bytes > 0) emitter_.release(part.reader, pad_, part.address, part.bytes);
    }
    slot_of_[*slot.piece] = none;
    slot = {};
  }

  Emitter& emitter_;
  Pad pad_;
  std::uint32_t base_, bytes_;
  std::uint32_t next_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> slot_of_;
};

class LayerEmission {
 public:
  LayerEmission(const LayerTask& task, const Tiling& tiling, const ConstantsLayout& layout,
                const LayerResources& resources, const Options& options, const isa::machine::Program& program,
                Emitter& emitter)
      : task_(task),
        g_(task.geometry),
        tiling_(tiling),
        layout_(layout),
        resources_(resources),
        options_(options),
        program_(program),
        emitter_(emitter),
        pitches_(tiling.pitches),
        map_bytes_(layout.blocks.front().in_count * pitches_.channel) {}

  void run() {
    if (task_.table) load_table();
    inputs_ = layout_.blocks.back().input + 1;
    maps_.emplace(emitter_, Pad::activations, 0, buffers(Pad::activations), std::size_t{inputs_} * tiling_.bands);
    results_.emplace(emitter_, Pad::outputs, 0, buffers(Pad::outputs), 1);
    if (task_.on_array) {
      weights_.emplace(emitter_, Pad::weights, weights_base_, buffers(Pad::weights), layout_.blocks.size());
    }
    const std::uint32_t blocks = tiling_.blocks;
    if (tiling_.bands_outside) {
      for (std::uint32_t band = 0; band < tiling_.bands; ++band) {
        for (std::uint32_t block = 0; block < blocks; ++block) emit_tile(band, block);
      }
    } else {
      for (std::uint32_t block = 0; block < blocks; ++block) {
        for (std::uint32_t band = 0; band < tiling_.bands; ++band) emit_tile(band, block);
      }
    }
    maps_->release_all();
    if (weights_) weights_->release_all();
    if (task_.table) emitter_.release(last_vector_, Pad::weights, table_, isa::machine::table_bytes);
  }

 private:
  [[nodiscard]] const Buffering& buffers(Pad pad) const { return tiling_.buffers[static_cast<std::size_t>(pad)]; }

  [[nodiscard]] Band band_at(std::uint32_t index) const {
    const std::uint32_t begin = index * tiling_.band_rows;
    return band_of(g_, begin, std::min(tiling_.band_rows, g_.out_height - begin));
  }

  std::uint32_t emit(Instruction instruction, std::span<const PadAccess> pads, std::span<const DramRuns> dram) {
    instruction.layer = resources_.layer;
    return emitter_.emit(std::move(instruction), pads, dram);
  }
  std::uint32_t emit(Instruction instruction, std::span<const PadAccess> pads, const DramRuns* dram = nullptr) {
    return emit(std::move(instruction), pads, std::span(dram, dram ? 1U : 0U));
  }

  // Transfers.

  void load_bytes(std::uint32_t section, std::uint64_t offset, Pad pad, std::uint32_t address, std::uint32_t bytes) {
    Load load;
    load.dram = program_.sections[section].address + offset;
    load.pad = pad;
    load.address = address;
    load.run_bytes = bytes;
    const PadAccess access{pad, address, bytes, true};
    const DramRuns runs{section, offset, bytes, 1, 0};
    emit({.work = load}, {&access, 1}, &runs);
  }

  /// `channels` times `rows` lines of a map, from `begin` in the section on, of every `step`-th channel. With `groups`
  /// above 1 so many neighbours of each channel, too: in the scratchpad one group of `channels` follows the other.
  struct MapPart {
    TensorPlace place;
    std::uint64_t begin = 0;
    std::uint32_t channels = 1, rows = 1, width = 1;
    std::uint32_t step = 1, groups = 1;

    [[nodiscard]] DramRuns runs() const {
      const Runs runs = runs_of(place, channels, rows, width);
      return {place.section, begin, runs.run, runs.count, runs.stride};
    }
  };

  static MapPart part_of(const TensorPlace& place, std::uint32_t channel, std::uint32_t channels, std::uint32_t row,
                         std::uint32_t rows, std::uint32_t width) {
    return {.place = place,
            .begin = place.offset + channel * place.channel_stride + row * place.row_stride,
            .channels = channels,
            .rows = rows,
            .width = width};
  }

  /// By ascending address in DRAM, with as long runs as both sides allow.
  Transfer transfer(const MapPart& part, Pad pad, std::uint32_t address, const Pitches& pitches) const {
    Transfer t;
    t.dram = program_.sections[part.place.section].address + part.begin;
    t.pad = pad;
    t.address = address;
    t.run_bytes = part.width;
    std::size_t dimension = 0;
    const auto repeat = [&](std::uint32_t count, std::uint64_t dram_stride, std::uint32_t pad_stride) {
      if (count == 1) return;
      if (dimension == 0 && dram_stride == t.run_bytes && pad_stride == t.run_bytes) {
        t.run_bytes *= count;
        return;
      }
      t.counts[dimension] = count;
      t.dram_strides[dimension] = dram_stride;
      t.pad_strides[dimension] = pad_stride;
      ++dimension;
    };
    const TensorPlace& place = part.place;
    const bool rows_outside = place.channel_stride < place.row_stride;
    const auto repeat_channels = [&] {
      repeat(part.groups, place.channel_stride, part.channels * pitches.channel);
      repeat(part.channels, part.step * place.channel_stride, pitches.channel);
    };
    if (rows_outside) repeat_channels();
    repeat(part.rows, place.row_stride, pitches.line);
    if (!rows_outside) repeat_channels();
    return t;
  }

  void load_map(const MapPart& part, std::uint32_t address, const Pitches& pitches, std::uint32_t bytes) {
    const PadAccess access{Pad::activations, address, bytes, true};
    const DramRuns runs = part.runs();
    emit({.work = Load{transfer(part, Pad::activations, address, pitches)}}, {&access, 1}, &runs);
  }

  // Operands.

  /// At the end of the scratchpad that has been idle longer.
  void load_table() {
    constexpr std::uint32_t bytes = isa::machine::table_bytes;
    const auto top = static_cast<std::uint32_t>(options_.core.weights.bytes / 4 * 4 - bytes);
    if (emitter_.last_use(Pad::weights, 0, bytes) <= emitter_.last_use(Pad::weights, top, bytes)) {
      table_ = 0;
      weights_base_ = bytes;
    } else {
      table_ = top;
    }
    load_bytes(resources_.constants, 0, Pad::weights, table_, bytes);
  }

  std::uint32_t weights_address(std::uint32_t block) {
    if (const auto address = weights_->find(block)) return *address;
    const std::uint32_t address = weights_->take(block);
    const ConstantsLayout::Piece& piece = layout_.pieces[block];
    load_bytes(resources_.constants, piece.offset, Pad::weights, address, piece.bytes());
    return address;
  }

  std::size_t map_piece(std::uint32_t band, const Block& block) const {
    return std::size_t{block.input} * tiling_.bands + band;
  }

  std::uint32_t map_address(const Band& band, std::size_t piece, const Block& block) {
    if (const auto address = maps_->find(piece)) return *address;
    const std::uint32_t address = maps_->take(piece);
    std::uint32_t at = address;
    for (const TensorPlace& input : task_.inputs) {
      const MapPart part = part_of(input, block.in_begin, block.in_count, band.in_begin, band.in_count, g_.in_width);
      load_map(part, at, pitches_, map_bytes_);
      at += map_bytes_;
    }
    if (task_.gate)
      load_bytes(task_.gate->section, task_.gate->offset + block.begin, Pad::activations, at, block.count);
    return address;
  }

  // Tiles.

  void emit_tile(std::uint32_t band_index, std::uint32_t block_index) {
    const Band band = band_at(band_index);
    const Block& block = layout_.blocks[block_index];
    const std::uint32_t elements = block.count * band.count * g_.out_width;
    const std::size_t piece = map_piece(band_index, block);
    const std::uint32_t weights = task_.on_array ? weights_address(block_index) : 0;
    const std::uint32_t maps = map_address(band, piece, block);
    const std::uint32_t slot = results_->take(0);
    const std::uint32_t result = slot + (task_.on_array ? 4 * elements : 0);
    if (task_.on_array) {
      emit_compute(band, block, block_index, piece, weights, maps, slot);
      emit_requantize(band, block, block_index, weights, slot, result);
    } else {
      emit_vector(band, block, piece, maps, result);
    }
    emit_stores(band, block, result);
  }

  void emit_stores(const Band& band, const Block& block, std::uint32_t result) {
    const Pitches dense{g_.out_width, band.count * g_.out_width};
    std::uint32_t last = 0;
    for (const ShuffledChannels& channels :
         shuffled_channels(g_.out_channels, task_.shuffle_groups, block.begin, block.count)) {
      const std::uint32_t address = result + (channels.begin - block.begin) * dense.channel;
      const PadAccess access{Pad::outputs, address, channels.groups * channels.members * dense.channel, false};
      const std::vector<DramRuns> runs = stored_runs(task_.output, channels, band.begin, band.count, g_.out_width);
      MapPart part = part_of(task_.output, channels.to, channels.members, band.begin, band.count, g_.out_width);
      part.step = channels.stride;
      part.groups = channels.groups;
      last = emit({.work = Store{transfer(part, Pad::outputs, address, dense)}}, {&access, 1}, runs);
    }
    emitter_.release(last, Pad::outputs, result, block.count * dense.channel);
  }

  void emit_compute(const Band& band, const Block& block, std::uint32_t block_index, std::size_t piece,
                    std::uint32_t weights, std::uint32_t maps, std::uint32_t sums) {
    const ConstantsLayout::Piece& constants = layout_.pieces[block_index];
    isa::machine::Compute compute;
    compute.dataflow = task_.dataflow;
    compute.geometry = tile_geometry(g_, band, block);
    compute.lines_per_row = lines_per_row(task_, compute.geometry, options_);
    compute.pad_value = task_.constants->pad_value;
    compute.input = {maps, pitches_.channel, pitches_.line};
    compute.weights = weights + constants.parameter_bytes;
    compute.weights_pitch = block.count;
    compute.output = sums;
    const std::uint32_t elements = block.count * band.count * g_.out_width;
    const PadAccess accesses[] = {{Pad::activations, maps, map_bytes_, false},
                                  {Pad::weights, compute.weights, constants.weight_bytes, false},
                                  {Pad::outputs, sums, 4 * elements, true}};
    const std::uint32_t index = emit({.work = compute}, accesses);
    maps_->read(piece, 0, map_bytes_, index);
    weights_->read(block_index, constants.parameter_bytes, constants.weight_bytes, index);
  }

  isa::machine::Vector vector_of(const Band& band, const Block& block, std::uint32_t result) const {
    isa::machine::Vector vector = task_.vector;
    vector.channels = block.count;
    vector.height = band.count;
    vector.width = g_.out_width;
    // What is treated element by element needs no rows.
    if (!task_.on_array && !task_.pool()) vector.width *= std::exchange(vector.height, 1);
    vector.result = {Pad::outputs, result, vector.height * vector.width, vector.width};
    vector.table = task_.table ? table_ : 0;
    return vector;
  }

  void emit_requantize(const Band& band, const Block& block, std::uint32_t block_index, std::uint32_t weights,
                       std::uint32_t sums, std::uint32_t result) {
    const std::uint32_t elements = block.count * band.count * g_.out_width;
    const std::uint32_t parameter_bytes = layout_.pieces[block_index].parameter_bytes;
    isa::machine::Vector vector = vector_of(band, block, result);
    vector.a = {Pad::outputs, sums, 4 * band.count * g_.out_width, 4 * g_.out_width};
    vector.parameters = weights;
    const PadAccess accesses[] = {{Pad::outputs, sums, 4 * elements, false},
                                  {Pad::weights, weights, parameter_bytes, false},
                                  {Pad::outputs, result, elements, true},
                                  {Pad::weights, table_, isa::machine::table_bytes, false}};
    last_vector_ = emit({.work = vector}, std::span(accesses).first(task_.table ? 4 : 3));
    weights_->read(block_index, 0, parameter_bytes, last_vector_);
    emitter_.release(last_vector_, Pad::outputs, sums, 4 * elements);
  }

  void emit_vector(const Band& band, const Block& block, std::size_t piece, std::uint32_t maps, std::uint32_t result) {
    const std::uint32_t elements = block.count * band.count * g_.out_width;
    const auto operands = static_cast<std::uint32_t>(task_.inputs.size());
    const std::uint32_t bytes = operands * map_bytes_ + (task_.gate ? block.count : 0);
    isa::machine::Vector vector = vector_of(band, block, result);
    vector.a = {Pad::activations, maps, pitches_.channel, task_.pool() ? pitches_.line : vector.width};
    if (operands == 2) vector.b = {Pad::activations, maps + map_bytes_, pitches_.channel, vector.width};
    if (task_.gate) vector.b = {Pad::activations, maps + map_bytes_, 1, 1};
    if (task_.pool()) {
      vector.window = {band.in_count,    g_.in_width,     g_.kernel_height, g_.kernel_width,
                       g_.stride_height, g_.stride_width, band.pad_top,     g_.pad_left};
    }
    const PadAccess accesses[] = {{Pad::activations, maps, bytes, false},
                                  {Pad::outputs, result, elements, true},
                                  {Pad::weights, table_, isa::machine::table_bytes, false}};
    last_vector_ = emit({.work = vector}, std::span(accesses).first(task_.table ? 3 : 2));
    maps_->read(piece, 0, bytes, last_vector_);
  }

  const LayerTask& task_;
  const isa::ConvGeometry& g_;
  const Tiling& tiling_;
  const ConstantsLayout& layout_;
  const LayerResources& resources_;
  const Options& options_;
  const isa::machine::Program& program_;
  Emitter& emitter_;
  Pitches pitches_;
  std::uint32_t map_bytes_;  ///< Of one input's piece in the scratchpad.
  std::uint32_t inputs_ = 1;
  std::uint32_t table_ = 0, weights_base_ = 0;
  std::uint32_t last_vector_ = 0;
  std::optional<Slots> maps_, weights_, results_;
};

}  // namespace

void emit_layer(const LayerTask& task, const Tiling& tiling, const ConstantsLayout& layout,
                const LayerResources& resources, const Options& options, const isa::machine::Program& program,
                Emitter& emitter) {
  LayerEmission(task, tiling, layout, resources, options, program, emitter).run();
}

}  // namespace fusesim::tile
