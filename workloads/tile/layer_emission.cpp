// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/layer_emission.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "workloads/tile/map_transfer.h"
#include "workloads/tile/slots.h"

namespace fusesim::tile {
namespace {

using isa::machine::Instruction;
using isa::machine::Load;
using isa::machine::Pad;
using isa::machine::Store;

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

  static MapBox lines_of(const TensorPlace& place, std::uint32_t channel, std::uint32_t channels, std::uint32_t row,
                         std::uint32_t rows, std::uint32_t width) {
    return {.place = place,
            .map_width = width,
            .channel = channel,
            .channels = channels,
            .row = row,
            .rows = rows,
            .columns = width};
  }

  void load_map(const MapBox& box, std::uint32_t address) {
    const PadAccess access{Pad::activations, address, map_bytes_, true};
    const DramRuns runs = lines_around(box);
    emit({.work = Load{transfer_of(box, program_, Pad::activations, address, pitches_)}}, {&access, 1}, &runs);
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
      load_map(lines_of(input, block.in_begin, block.in_count, band.in_begin, band.in_count, g_.in_width), at);
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
      MapBox box = lines_of(task_.output, channels.to, channels.members, band.begin, band.count, g_.out_width);
      box.step = channels.stride;
      box.groups = channels.groups;
      last = emit({.work = Store{transfer_of(box, program_, Pad::outputs, address, dense)}}, {&access, 1}, runs);
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
