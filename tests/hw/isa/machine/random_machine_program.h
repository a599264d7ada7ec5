// SPDX-License-Identifier: Apache-2.0
// Small valid machine programs that use every instruction, dataflow and option; the same seed gives the same program.
// With fused blocks about half of their operators are such blocks; without, programs have no fused unit.
// They can be run: every byte is written before it is read, every token that order needs is waited for, nothing waits
// for a later instruction, and buffers are released by their last user before they are used again.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "hw/isa/machine/fused_lists.h"
#include "hw/isa/machine/program.h"

namespace fusesim::isa::machine::test {

class RandomMachineProgram {
 public:
  explicit RandomMachineProgram(std::uint32_t seed, bool fused = false) : random_(seed), fused_(fused) {}
  /// On a machine with this unit, which must hold 8 middle channels, and regions and tiles of a 8x8 map of 6 channels;
  /// what feeds its lists is random.
  RandomMachineProgram(std::uint32_t seed, const FusedConfig& unit) : random_(seed), fused_(true), unit_(unit) {}

  /// Without `values` input and constants are left empty, as in a program made for timing only.
  Program make(bool values) {
    program_.network = text();
    make_core();
    const std::uint32_t count = upto(5);
    for (std::uint32_t i = 0; i < count; ++i) {
      layer_ = i;
      program_.layers.push_back(text() + std::to_string(i));
      add_operator();
    }
    program_.sections[maps_.back().section].role = Role::output;
    if (fused_ && !unit_) finish_fused_unit();
    for (const Pad pad : kPads) {
      ScratchpadConfig& config = pad_config(pad);
      const std::uint64_t row = config.row_bytes();
      config.bytes = row * std::max<std::uint64_t>(1, (top_[index(pad)] + row - 1) / row) + row * (upto(3) - 1);
    }
    if (values) fill_sections();
    return program_;
  }

 private:
  static constexpr Pad kPads[] = {Pad::activations, Pad::weights, Pad::outputs};
  static constexpr std::uint32_t kBudget = 3000;  ///< Bytes of a scratchpad from which on buffers are used again.

  /// A tensor in DRAM, and the token that says it is there.
  struct DramMap {
    std::size_t section;
    std::uint32_t channels, height, width;
    Waits ready;
  };
  /// Bytes of a scratchpad, and who used them last.
  struct Buffer {
    Pad pad;
    std::uint32_t address, bytes;
    std::size_t last_user;
  };
  /// A map in a scratchpad.
  struct PadMap {
    VectorOperand at;
    std::uint32_t channels, height, width;
    std::size_t buffer;
    Waits ready;
  };

  static std::size_t index(Pad pad) { return static_cast<std::size_t>(pad); }

  /// 1 .. n.
  std::uint32_t upto(std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(1, n)(random_); }
  bool chance(std::uint32_t one_in) { return upto(one_in) == 1; }
  std::int8_t int8() { return static_cast<std::int8_t>(static_cast<std::int32_t>(upto(256)) - 129); }

  std::string text() {
    static constexpr char letters[] = "ab.0_ \"\\#=\xc3\xa9";
    std::string result;
    for (std::uint32_t i = upto(8); i > 1; --i) result += letters[upto(sizeof letters - 1) - 1];
    return result;
  }

  ScratchpadConfig& pad_config(Pad pad) {
    return pad == Pad::activations ? program_.core.activations
           : pad == Pad::weights   ? program_.core.weights
                                   : program_.core.outputs;
  }

  void make_core() {
    CoreConfig& core = program_.core;
    core.array.rows = upto(12);
    core.array.cols = upto(12);
    core.array.accumulators = chance(2) ? Accumulators::single : Accumulators::pingpong;
    core.array.folds = chance(2) ? FoldOverlap::serial : FoldOverlap::pipelined;
    core.array.fuse_links = !chance(4);
    core.array.broadcast_stages = core.array.fuse_links ? upto(core.array.cols) - 1 : 0;
    for (const Pad pad : kPads) {
      pad_config(pad).banks = upto(9);
      pad_config(pad).width = 1U << (upto(4) - 1);
      pad_config(pad).ports = upto(3);
    }
    core.outputs.banks = core.array.cols + upto(3) - 1;
    core.outputs.width = 4;
    core.vector = {.lanes = upto(9), .latency = upto(9) - 1};
    core.control = {.fetch_cycles = upto(9) - 1, .decode_cycles = upto(3), .queue_depth = upto(4)};
    if (unit_) {
      take_unit();
    } else if (fused_) {
      make_fused_unit();
    }
  }

  void take_unit() {
    CoreConfig& core = program_.core;
    core.fused = *unit_;
    core.array.rows = unit_->tile_rows;
    core.array.cols = unit_->tile_columns;
    core.array.broadcast_stages = 0;
    core.outputs.banks = core.array.cols + upto(3) - 1;
    core.fused.list_bytes_per_cycle = chance(2) ? 0 : upto(60);
    core.fused.list_fifo_bytes = widest_word_bytes(core.fused) + upto(60) - 1;
    core.fused.composer_terms_per_cycle = upto(core.fused.lanes);
  }

  /// But for what depends on the blocks.
  void make_fused_unit() {
    FusedConfig& fused = program_.core.fused;
    const std::uint32_t pes = program_.core.array.rows * program_.core.array.cols;
    fused = {.present = true, .adder_bits = 18 + upto(6)};
    do fused.tile_rows = upto(pes);
    while (pes % fused.tile_rows != 0);
    fused.tile_columns = pes / fused.tile_rows;
    fused.mode = chance(3) ? FusedMode::fixed : FusedMode::elastic;
    fused.lanes = upto(chance(2) ? 4 : 12);
    fused.adders = fused.mode == FusedMode::fixed ? fused.lanes : upto(fused.lanes);
    fused.queue_depth = fused.mode == FusedMode::fixed ? 0 : fused.lanes + upto(chance(2) ? 3 : 30) - 1;
    fused.ladders = upto(4);
    fused.mask_channels = fused.tile_bytes = fused.level_channels = 1;
    fused.mask_positions = pes;
    fused.tile_port_bytes = upto(chance(2) ? 3 : 12);
    fused.list_bytes_per_cycle = chance(2) ? 0 : upto(60);
    fused.list_fifo_bytes = widest_word_bytes(fused) + upto(60) - 1;
    fused.composer_terms_per_cycle = upto(fused.lanes);
    fused.output_lanes = upto(pes);
  }

  void finish_fused_unit() {
    FusedConfig& fused = program_.core.fused;
    fused.mask_channels += upto(3) - 1;
    fused.mask_positions += upto(3) - 1;
    fused.level_channels += upto(3) - 1;
    fused.tile_bytes += upto(3) - 1;
  }

  // DRAM

  std::size_t add_section(Role role, std::uint64_t bytes) {
    const std::uint64_t address = program_.dram_bytes() + upto(70) - 1;
    program_.sections.push_back({text() + std::to_string(program_.sections.size()), role, address, bytes, {}});
    return program_.sections.size() - 1;
  }

  DramMap new_input(std::uint32_t channels, std::uint32_t height, std::uint32_t width) {
    const std::size_t section = add_section(Role::input, std::uint64_t{channels} * height * width);
    return {section, channels, height, width, {}};
  }

  DramMap any_map() {
    if (maps_.empty() || chance(3)) return new_input(upto(6), upto(8), upto(8));
    return maps_[upto(static_cast<std::uint32_t>(maps_.size())) - 1];
  }

  void fill_sections() {
    for (Section& section : program_.sections) {
      if (section.role != Role::input && section.role != Role::constant) continue;
      section.values.resize(section.bytes);
      for (std::int8_t& value : section.values) value = int8();
    }
    // Parameters that make use of the whole range of results.
    for (const std::size_t index : parameter_sections_) {
      Section& section = program_.sections[index];
      for (std::size_t at = 0; at < section.bytes; at += channel_parameter_bytes) {
        put(section, at, static_cast<std::int32_t>(upto(20001)) - 10001);
        put(section, at + 4, static_cast<std::int32_t>((1U << 30) + upto(1U << 29)));
        put(section, at + 8, static_cast<std::int32_t>(35 + upto(5)));
      }
    }
  }

  static void put(Section& section, std::size_t at, std::int32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
      section.values[at + i] = static_cast<std::int8_t>(static_cast<std::uint32_t>(value) >> (8 * i) & 0xff);
    }
  }

  // Scratchpads

  std::size_t allocate(Pad pad, std::uint64_t bytes, std::uint32_t alignment = 1) {
    std::uint32_t& next = next_[index(pad)];
    next += upto(5) - 1;
    next = (next + alignment - 1) / alignment * alignment;
    buffers_.push_back({pad, next, static_cast<std::uint32_t>(bytes), 0});
    next += static_cast<std::uint32_t>(bytes);
    top_[index(pad)] = std::max(top_[index(pad)], next);
    return buffers_.size() - 1;
  }

  /// A place for a map, with gaps between lines and channels now and then.
  PadMap place(Pad pad, std::uint32_t element, std::uint32_t channels, std::uint32_t height, std::uint32_t width) {
    PadMap map{{}, channels, height, width, 0, {}};
    map.at.pad = pad;
    map.at.line_pitch = element * (width + (chance(3) ? upto(3) : 0));
    map.at.channel_pitch = map.at.line_pitch * height + element * (chance(3) ? upto(5) : 0);
    if (chance(5)) {  // lines of the channels side by side
      map.at.channel_pitch = element * width;
      map.at.line_pitch = map.at.channel_pitch * channels;
    }
    const std::uint64_t bytes = std::uint64_t{channels - 1} * map.at.channel_pitch +
                                std::uint64_t{height - 1} * map.at.line_pitch + std::uint64_t{element} * width;
    map.buffer = allocate(pad, bytes, element);
    map.at.address = buffers_[map.buffer].address;
    return map;
  }

  // Instructions

  /// Adds an instruction that starts after `waits` and what made room for its buffers; returns the token it gives.
  template <typename Work>
  Waits add(const Work& work, Waits waits, std::initializer_list<std::size_t> buffers) {
    Instruction instruction{work, {}, layer_, {}};
    const auto queue = static_cast<std::size_t>(instruction.queue());
    for (std::size_t i = 0; i < queue_count; ++i) instruction.waits[i] = std::max(waits[i], room_[i]);
    for (const std::size_t buffer : buffers) buffers_[buffer].last_user = program_.instructions.size();
    program_.instructions.push_back(instruction);
    Waits token{};
    token[queue] = ++counts_[queue];
    return token;
  }

  static Waits both(const Waits& a, const Waits& b) {
    Waits waits{};
    for (std::size_t i = 0; i < queue_count; ++i) waits[i] = std::max(a[i], b[i]);
    return waits;
  }

  PadMap load_map(const DramMap& source) {
    PadMap map = place(Pad::activations, 1, source.channels, source.height, source.width);
    Load load;
    load.dram = program_.sections[source.section].address;
    load.pad = map.at.pad;
    load.address = map.at.address;
    load.run_bytes = source.width;
    load.counts = {source.height, source.channels, 1};
    load.dram_strides = {source.width, std::uint64_t{source.height} * source.width, upto(2) - 1};
    load.pad_strides = {map.at.line_pitch, map.at.channel_pitch, upto(2) - 1};
    map.ready = add(load, source.ready, {map.buffer});
    return map;
  }

  void store_map(const PadMap& map) {
    const std::size_t section = add_section(Role::intermediate, std::uint64_t{map.channels} * map.height * map.width);
    Store store;
    store.dram = program_.sections[section].address;
    store.pad = map.at.pad;
    store.address = map.at.address;
    store.run_bytes = map.width;
    store.counts = {map.height, map.channels, 1};
    store.dram_strides = {map.width, std::uint64_t{map.height} * map.width, 0};
    store.pad_strides = {map.at.line_pitch, map.at.channel_pitch, 0};
    const Waits ready = add(store, map.ready, {map.buffer});
    maps_.push_back({section, map.channels, map.height, map.width, ready});
  }

  /// Constants in rows of `row` bytes, `pitch` apart in the scratchpad.
  std::size_t load_constants(std::uint32_t rows, std::uint32_t row, std::uint32_t pitch, Pad pad, Waits& ready) {
    const std::size_t section = add_section(Role::constant, std::uint64_t{rows} * row);
    const std::size_t buffer = allocate(pad, std::uint64_t{rows - 1} * pitch + row);
    Load load;
    load.dram = program_.sections[section].address;
    load.pad = pad;
    load.address = buffers_[buffer].address;
    load.run_bytes = row;
    load.counts[chance(2) ? 0 : 2] = rows;
    load.dram_strides = {row, 0, row};
    load.pad_strides = {pitch, 0, pitch};
    ready = both(ready, add(load, {}, {buffer}));
    return buffer;
  }

  ConvGeometry random_geometry(Dataflow dataflow, const DramMap& input) {
    ConvGeometry g;
    g.in_channels = input.channels;
    g.in_height = input.height;
    g.in_width = input.width;
    if (dataflow == Dataflow::gemm) {
      do g.groups = upto(input.channels);
      while (input.channels % g.groups != 0);
      g.out_channels = g.groups * upto(g.groups == 1 ? 13 : 3);
    } else {
      g.groups = g.out_channels = input.channels;
    }
    const auto axis = [&](std::uint32_t in, bool one, std::uint32_t& kernel, std::uint32_t& stride,
                          std::uint32_t& dilation, std::uint32_t& before, std::uint32_t& after) {
      before = upto(3) - 1;
      after = upto(3) - 1;
      stride = upto(3);
      dilation = upto(2);
      kernel = one ? 1 : upto(std::min(3U, (in + before + after - 1) / dilation + 1));
      return (in + before + after - dilation * (kernel - 1) - 1) / stride + 1;
    };
    g.out_height = axis(g.in_height, dataflow == Dataflow::fuse_row, g.kernel_height, g.stride_height,
                        g.dilation_height, g.pad_top, g.pad_bottom);
    g.out_width = axis(g.in_width, dataflow == Dataflow::fuse_column, g.kernel_width, g.stride_width, g.dilation_width,
                       g.pad_left, g.pad_right);
    return g;
  }

  Vector pass(VectorKind kind, const PadMap& a, const PadMap& result) {
    Vector work;
    work.kind = kind;
    work.channels = result.channels;
    work.height = result.height;
    work.width = result.width;
    work.a = a.at;
    work.result = result.at;
    if (kind != VectorKind::requantize && kind != VectorKind::max_pool) {
      work.zero_a = int8();
      work.multiplier_a = static_cast<std::int32_t>(upto((1U << 31) - 1));
      work.shift = static_cast<std::int32_t>(29 + upto(3));
    }
    if (kind == VectorKind::add || kind == VectorKind::scale) work.zero_b = int8();
    if (kind == VectorKind::add) work.multiplier_b = static_cast<std::int32_t>(upto((1U << 31) - 1));
    if (kind == VectorKind::scale) work.shift += 7;
    if (kind != VectorKind::max_pool) work.zero_out = int8();
    if (chance(3)) {
      const auto [lowest, highest] = std::minmax({int8(), int8()});
      work.lowest = lowest;
      work.highest = highest;
    }
    return work;
  }

  PadMap result_place(std::uint32_t channels, std::uint32_t height, std::uint32_t width) {
    return place(chance(2) ? Pad::activations : Pad::outputs, 1, channels, height, width);
  }

  PadMap convolve(const DramMap& source) {
    const PadMap input = load_map(source);
    Compute work;
    work.dataflow = static_cast<Dataflow>(upto(program_.core.array.fuse_links ? 6 : 3) - 1);
    work.geometry = random_geometry(work.dataflow, source);
    const ConvGeometry& g = work.geometry;
    work.lines_per_row = upto(densest_packing(work.dataflow, g, program_.core.array.cols).lines);
    work.pad_value = int8();
    work.input = {input.at.address, input.at.channel_pitch, input.at.line_pitch};
    Waits ready = input.ready;
    work.weights_pitch = g.out_channels + (chance(3) ? upto(3) : 0);
    const std::size_t weights = load_constants(g.in_channels / g.groups * g.kernel_height * g.kernel_width,
                                               g.out_channels, work.weights_pitch, Pad::weights, ready);
    work.weights = buffers_[weights].address;
    PadMap sums{{}, g.out_channels, g.out_height, g.out_width, 0, {}};
    sums.at.line_pitch = 4 * g.out_width;
    sums.at.channel_pitch = sums.at.line_pitch * g.out_height;
    sums.buffer = allocate(Pad::outputs, std::uint64_t{sums.at.channel_pitch} * g.out_channels, 4);
    sums.at.address = work.output = buffers_[sums.buffer].address;
    sums.ready = add(work, ready, {input.buffer, weights, sums.buffer});

    ready = sums.ready;
    const std::size_t parameters =
        load_constants(g.out_channels, channel_parameter_bytes, channel_parameter_bytes, Pad::weights, ready);
    parameter_sections_.push_back(program_.sections.size() - 1);
    PadMap result = result_place(g.out_channels, g.out_height, g.out_width);
    Vector vector = pass(VectorKind::requantize, sums, result);
    vector.parameters = buffers_[parameters].address;
    result.ready = add(vector, ready, {sums.buffer, parameters, result.buffer});
    return result;
  }

  PadMap pool(const PadMap& input) {
    Window window{.in_height = input.height, .in_width = input.width};
    const auto axis = [&](std::uint32_t in, std::uint32_t& kernel, std::uint32_t& stride, std::uint32_t& pad) {
      kernel = upto(3);
      stride = upto(3);
      pad = upto(kernel) - 1;
      return upto((in + pad - 1) / stride + 1);
    };
    std::uint32_t height = axis(input.height, window.kernel_height, window.stride_height, window.pad_top);
    std::uint32_t width = axis(input.width, window.kernel_width, window.stride_width, window.pad_left);
    if (chance(4)) {  // global
      window = {.in_height = input.height,
                .in_width = input.width,
                .kernel_height = input.height,
                .kernel_width = input.width};
      height = width = 1;
    }
    PadMap result = result_place(input.channels, height, width);
    Vector work = pass(chance(2) ? VectorKind::max_pool : VectorKind::average_pool, input, result);
    work.window = window;
    result.ready = add(work, input.ready, {input.buffer, result.buffer});
    return result;
  }

  PadMap rescale(const PadMap& input) {
    PadMap result = result_place(input.channels, input.height, input.width);
    Vector work = pass(VectorKind::rescale, input, result);
    Waits ready = input.ready;
    if (chance(2)) {
      const std::size_t table = load_constants(1, table_bytes, table_bytes, Pad::weights, ready);
      work.has_table = true;
      work.table = buffers_[table].address;
      result.ready = add(work, ready, {input.buffer, table, result.buffer});
    } else {
      result.ready = add(work, ready, {input.buffer, result.buffer});
    }
    return result;
  }

  PadMap sum(const PadMap& a) {
    const PadMap b = load_map(new_input(a.channels, a.height, a.width));
    PadMap result = result_place(a.channels, a.height, a.width);
    Vector work = pass(VectorKind::add, a, result);
    work.b = b.at;
    result.ready = add(work, both(a.ready, b.ready), {a.buffer, b.buffer, result.buffer});
    return result;
  }

  PadMap scale(const PadMap& a) {
    const PadMap gate = load_map(new_input(a.channels, 1, 1));
    PadMap result = result_place(a.channels, a.height, a.width);
    Vector work = pass(VectorKind::scale, a, result);
    work.b = gate.at;
    result.ready = add(work, both(a.ready, gate.ready), {a.buffer, gate.buffer, result.buffer});
    return result;
  }

  PadMap vector_operator(const PadMap& input) {
    switch (upto(4)) {
      case 1:
        return pool(input);
      case 2:
        return rescale(input);
      case 3:
        return sum(input);
      default:
        return scale(input);
    }
  }

  // Fused blocks

  std::int32_t around_zero(std::uint32_t most) {
    return static_cast<std::int32_t>(upto(2 * most + 1)) - static_cast<std::int32_t>(most) - 1;
  }

  /// Bytes of lists in DRAM and in the weights scratchpad.
  struct Lists {
    std::uint64_t dram = 0;
    std::size_t buffer = 0;
  };
  Lists load_lists(const std::vector<std::uint8_t>& bytes, std::uint32_t alignment, Waits& ready) {
    const std::size_t section = add_section(Role::lists, bytes.size());
    program_.sections[section].values.assign(bytes.begin(), bytes.end());
    Lists lists{program_.sections[section].address, allocate(Pad::weights, bytes.size(), alignment)};
    Load load;
    load.dram = lists.dram;
    load.pad = Pad::weights;
    load.address = buffers_[lists.buffer].address;
    load.run_bytes = static_cast<std::uint32_t>(bytes.size());
    ready = both(ready, add(load, {}, {lists.buffer}));
    return lists;
  }

  FusedSum random_sum(std::uint32_t inputs, std::uint32_t spread) {
    FusedSum sum;
    sum.falling = chance(3);
    for (std::uint32_t i = 0; i < inputs; ++i) {
      if (!chance(3)) sum.lanes.push_back({static_cast<std::uint16_t>(i), chance(2)});
    }
    sum.mask = static_cast<std::int16_t>(around_zero(spread));
    for (std::int16_t& level : sum.levels) level = static_cast<std::int16_t>(around_zero(2 * spread));
    std::sort(sum.levels.begin(), sum.levels.end());
    if (sum.falling) std::reverse(sum.levels.begin(), sum.levels.end());
    return sum;
  }

  FusedPredictor random_predictor(const FusedListShape& shape) {
    FusedPredictor predictor;
    for (std::uint32_t m = 0; m < shape.middle; ++m) {
      predictor.expand.push_back(random_sum(shape.channels, 8));
      predictor.depthwise.push_back(random_sum(shape.taps(), 6));
    }
    return predictor;
  }

  /// Small enough for every sum.
  FusedFactors random_factors(const FusedListShape& shape) {
    FusedFactors factors;
    const std::uint32_t sparsity = upto(3);
    const auto fill = [&](auto& elements, std::size_t count, std::uint32_t most) {
      elements.resize(count);
      for (auto& element : elements) {
        if (chance(sparsity)) element = static_cast<std::remove_reference_t<decltype(element)>>(around_zero(most));
      }
    };
    fill(factors.expand, std::size_t{shape.middle} * shape.channels, 3);
    fill(factors.depthwise, std::size_t{shape.middle} * shape.taps(), 3);
    fill(factors.project, std::size_t{shape.out_channels} * shape.middle, 3);
    fill(factors.expand_bias, shape.middle, 30);
    fill(factors.depthwise_bias, shape.middle, 30);
    return factors;
  }

  struct FusedAxis {
    std::uint32_t in = 0, pad = 0, out = 0;
  };
  FusedAxis fused_axis(std::uint32_t in, std::uint32_t kernel, std::uint32_t stride) {
    FusedAxis axis{in, upto(kernel) - 1, 0};
    axis.out = (in + axis.pad - 1) / stride + 1;
    if (chance(3)) axis.out = upto(axis.out);
    return axis;
  }
  /// The part of the input that outputs [first, first + count) look at; where it begins, how long it is, and padding.
  static std::array<std::uint32_t, 3> cut(const FusedAxis& axis, std::uint32_t kernel, std::uint32_t stride,
                                          std::uint32_t first, std::uint32_t count) {
    const std::uint32_t from = first * stride, to = (first + count - 1) * stride + kernel;  // In the padded map.
    const std::uint32_t begin = from > axis.pad ? from - axis.pad : 0;
    return {begin, std::min(axis.in, to - axis.pad) - begin, from < axis.pad ? axis.pad - from : 0};
  }

  /// What its groups have in common. Results of a group follow one another, or alternate with other groups'.
  struct FusedBlock {
    PadMap input;
    std::optional<PadMap> residual;
    FusedListShape shape;
    std::uint32_t groups = 1;
    FusedAxis rows, columns;
    std::uint32_t round = 1;
    bool shuffled = false;
    FusedTile tile;
    FusedAccumulate accumulate;
  };

  PadMap fused_block(const DramMap& source) {
    FusedConfig& fused = program_.core.fused;
    FusedBlock block;
    block.input = load_map(source);
    const std::uint32_t kernel = upto(3), stride = upto(2);
    do block.groups = upto(source.channels);
    while (source.channels % block.groups != 0);
    const FusedListShape& shape = block.shape = {source.channels / block.groups, upto(8), kernel, upto(5)};
    block.rows = fused_axis(source.height, kernel, stride);
    block.columns = fused_axis(source.width, kernel, stride);
    block.round = upto(unit_ ? std::min(shape.middle, unit_->level_channels) : shape.middle);
    block.shuffled = chance(2);
    const std::uint32_t out_channels = block.groups * shape.out_channels;
    fused.mask_channels = std::max(fused.mask_channels, shape.middle);
    fused.level_channels = std::max(fused.level_channels, block.round);

    PadMap result = place(Pad::outputs, 1, out_channels, block.rows.out, block.columns.out);
    if (chance(3)) block.residual = load_map(new_input(out_channels, block.rows.out, block.columns.out));
    block.tile.geometry = {.channels = shape.channels, .middle = shape.middle, .kernel = kernel, .stride = stride};
    block.tile.zero_point = int8();
    for (std::int16_t& threshold : block.tile.thresholds) threshold = static_cast<std::int16_t>(upto(257) - 129);
    std::sort(block.tile.thresholds.begin(), block.tile.thresholds.end());

    FusedAccumulate& accumulate = block.accumulate;
    accumulate.zero_out = int8();
    const auto [lowest, highest] = std::minmax({int8(), int8()});
    if (chance(3)) accumulate.lowest = lowest, accumulate.highest = highest;
    accumulate.expand_bias_shift = upto(4) - 1;
    accumulate.depthwise_bias_shift = upto(7) - 1;
    if (block.residual) {
      accumulate.residual = FusedResidual{.map = {},
                                          .zero_a = int8(),
                                          .zero_b = int8(),
                                          .zero_out = int8(),
                                          .multiplier_a = around_zero(1U << 29),
                                          .multiplier_b = around_zero(1U << 29),
                                          .shift = static_cast<std::int32_t>(27 + upto(3)),
                                          .lowest = lowest,
                                          .highest = highest};
    }
    const Waits ready = both(block.input.ready, block.residual ? block.residual->ready : Waits{});
    for (std::uint32_t group = 0; group < block.groups; ++group) fused_group(block, group, result, ready);
    return result;
  }

  /// One accumulate's share of a group's output channels.
  struct Share {
    std::uint32_t first = 0;
    FusedSource source = FusedSource::lists;
    FusedListShape shape;
    Lists lists;
    std::uint32_t bytes = 0;
    std::size_t parameters = 0;
  };

  void fused_group(const FusedBlock& block, std::uint32_t group, PadMap& result, Waits ready) {
    const FusedListShape& shape = block.shape;
    const FusedAxis &rows = block.rows, &columns = block.columns;
    FusedConfig& fused = program_.core.fused;
    const std::vector<std::uint8_t> records = encode_predictor(random_predictor(shape), shape, block.round);
    const Lists predictor = load_lists(records, 2, ready);
    std::vector<Share> shares;
    for (std::uint32_t first = 0; first < shape.out_channels;) {
      Share share{first, chance(3) ? FusedSource::factors : FusedSource::lists, shape, {}, 0, 0};
      share.shape.out_channels = upto(shape.out_channels - first);
      const FusedFactors factors = random_factors(share.shape);
      const std::vector<std::uint8_t> bytes = share.source == FusedSource::factors
                                                  ? encode_factors(factors, share.shape)
                                                  : encode_terms(compose(factors, share.shape), share.shape);
      share.lists = load_lists(bytes, 4, ready);
      share.bytes = static_cast<std::uint32_t>(bytes.size());
      share.parameters = load_constants(share.shape.out_channels, channel_parameter_bytes, channel_parameter_bytes,
                                        Pad::weights, ready);
      parameter_sections_.push_back(program_.sections.size() - 1);
      shares.push_back(share);
      first += share.shape.out_channels;
    }

    struct Place {
      std::uint32_t row = 0, column = 0;
    };
    std::vector<Place> places;
    for (std::uint32_t y = 0; y < rows.out; y += fused.tile_rows) {
      for (std::uint32_t x = 0; x < columns.out; x += fused.tile_columns) places.push_back({y, x});
    }
    const auto tile_at = [&](std::size_t index) {
      const Place& at = places[index];
      FusedTile next = block.tile;
      FusedGeometry& g = next.geometry;
      next.buffer = static_cast<std::uint8_t>(index % 2);
      g.out_rows = std::min(fused.tile_rows, rows.out - at.row);
      g.out_columns = std::min(fused.tile_columns, columns.out - at.column);
      const auto [y, height, top] = cut(rows, g.kernel, g.stride, at.row, g.out_rows);
      const auto [x, width, left] = cut(columns, g.kernel, g.stride, at.column, g.out_columns);
      g.region_rows = height, g.region_columns = width, g.pad_top = top, g.pad_left = left;
      next.input = {block.input.at.address + group * shape.channels * block.input.at.channel_pitch +
                        y * block.input.at.line_pitch + x,
                    block.input.at.channel_pitch, block.input.at.line_pitch};
      fused.mask_positions = std::max(fused.mask_positions, g.positions());
      fused.tile_bytes = std::max(fused.tile_bytes, g.channels * g.positions());
      return next;
    };
    const auto map_at = [&](const PadMap& map, const Place& at, const Share& share) -> FusedMap {
      const std::uint32_t channel =
          block.shuffled ? share.first * block.groups + group : group * shape.out_channels + share.first;
      return {map.at.address + channel * map.at.channel_pitch + at.row * map.at.line_pitch + at.column,
              map.at.channel_pitch * (block.shuffled ? block.groups : 1), map.at.line_pitch};
    };
    bool loaded = false;
    for (std::size_t index = 0; index < places.size(); ++index) {
      const FusedTile here = tile_at(index);
      if (!loaded) ready = both(ready, add(here, ready, {block.input.buffer}));
      FusedPredict predict;
      predict.buffer = here.buffer;
      predict.geometry = here.geometry;
      predict.round_channels = block.round;
      predict.lists = buffers_[predictor.buffer].address;
      predict.lists_bytes = static_cast<std::uint32_t>(records.size());
      predict.lists_dram = predictor.dram;
      add(predict, ready, {predictor.buffer});
      for (const Share& share : shares) {
        FusedAccumulate work = block.accumulate;
        work.buffer = here.buffer;
        work.geometry = here.geometry;
        work.source = share.source;
        work.out_channels = share.shape.out_channels;
        work.lists = buffers_[share.lists.buffer].address;
        work.lists_bytes = share.bytes;
        work.lists_dram = share.lists.dram;
        work.parameters = buffers_[share.parameters].address;
        work.output = map_at(result, places[index], share);
        if (block.residual) work.residual->map = map_at(*block.residual, places[index], share);
        loaded = &share == &shares.back() && index + 1 < places.size() && !chance(4);
        if (loaded) work.next = tile_at(index + 1);
        result.ready = add(work, ready, {block.input.buffer, share.lists.buffer, share.parameters, result.buffer});
        if (block.residual) buffers_[block.residual->buffer].last_user = program_.instructions.size() - 1;
      }
    }
  }

  /// An operator from DRAM to DRAM, with a second one between, now and then, that stays on the chip.
  void add_operator() {
    if (*std::max_element(std::begin(next_), std::end(next_)) > kBudget) {
      room_ = counts_;  // what follows writes where everything before has been
      std::fill(std::begin(next_), std::end(next_), 0);
    }
    buffers_.clear();
    const DramMap source = any_map();
    PadMap result = fused_ && chance(2) ? fused_block(source)
                    : chance(4)         ? vector_operator(load_map(source))
                                        : convolve(source);
    while (chance(2)) result = vector_operator(result);
    store_map(result);
    for (const Buffer& buffer : buffers_) {
      program_.instructions[buffer.last_user].releases.push_back({buffer.pad, buffer.address, buffer.bytes});
    }
  }

  std::mt19937 random_;
  bool fused_;
  std::optional<FusedConfig> unit_;
  Program program_;
  std::uint32_t layer_ = 0;
  std::vector<DramMap> maps_;
  std::vector<std::size_t> parameter_sections_;
  std::vector<Buffer> buffers_;  ///< Of the operator being made.
  std::uint32_t next_[pad_count] = {}, top_[pad_count] = {};
  Waits counts_{}, room_{};
};

inline Program random_machine_program(std::uint32_t seed, bool values = true) {
  return RandomMachineProgram(seed).make(values);
}

/// On a machine with a fused unit of any kind, or of this one.
inline Program random_fused_program(std::uint32_t seed, bool values = true) {
  return RandomMachineProgram(seed, true).make(values);
}
inline Program random_fused_program(std::uint32_t seed, const FusedConfig& unit) {
  return RandomMachineProgram(seed, unit).make(true);
}

}  // namespace fusesim::isa::machine::test
