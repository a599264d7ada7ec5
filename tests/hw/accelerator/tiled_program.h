// SPDX-License-Identifier: Apache-2.0
// Programs as a compiler makes them: layers cut into bands of lines, two buffers of each kind, so that loads, the
// array, the vector unit and stores are under way at once and DMA and vector unit meet at the scratchpads' ports.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "hw/isa/machine/program.h"
#include "tests/support/random_instruction.h"

namespace fusesim::accelerator::test {

class TiledProgram {
 public:
  TiledProgram(fusesim::test::Random& random, const isa::ArrayConfig& array) : random_(random) {
    program_.network = "tiled";
    isa::machine::CoreConfig& core = program_.core;
    core.array = array;
    core.activations = {.bytes = 0, .banks = random.between(1, 9), .width = 1U << random.between(0, 3), .ports = 1};
    core.weights = {.bytes = 0, .banks = random.between(1, 9), .width = 1U << random.between(0, 3), .ports = 2};
    core.outputs = {.bytes = 0, .banks = array.cols + random.between(0, 2), .width = 4, .ports = 1};
    core.vector = {.lanes = random.between(1, 9), .latency = random.between(0, 6)};
    core.control = {.fetch_cycles = random.between(0, 9),
                    .decode_cycles = random.between(1, 3),
                    .queue_depth = random.between(1, 8)};
  }

  /// `layers` of them, each from the tensor of the one before; a convolution and requantization, or a pool.
  isa::machine::Program make(std::uint32_t layers) {
    height_ = random_.between(3, 12);
    width_ = random_.between(1, 9);
    channels_ = random_.between(1, 6);
    source_ = section(isa::machine::Role::input, bytes());
    for (layer_ = 0; layer_ < layers; ++layer_) {
      program_.layers.push_back("layer" + std::to_string(layer_));
      stored_before_ = given_[3];
      if (random_.chance(0.75)) {
        convolution();
      } else {
        pool();
      }
    }
    program_.sections[source_].role = isa::machine::Role::output;
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
      auto& config = pad == Pad::activations ? program_.core.activations
                     : pad == Pad::weights   ? program_.core.weights
                                             : program_.core.outputs;
      const std::uint64_t row = config.row_bytes();
      config.bytes = std::max<std::uint64_t>(1, (2 * kHalf + row - 1) / row) * row;
    }
    return program_;
  }

 private:
  using Pad = isa::machine::Pad;
  using Waits = isa::machine::Waits;
  /// Of a scratchpad, for the even and the odd bands or layers. In the outputs scratchpad sums come first.
  static constexpr std::uint32_t kHalf = 8192, kResult = 4096, kParameters = 4096;

  /// An instruction's place in its queue, counted from 1; 0 is none.
  using Token = std::uint32_t;
  struct Band {
    Token compute = 0, vector = 0, store = 0;
  };

  [[nodiscard]] std::uint32_t bytes() const { return channels_ * height_ * width_; }

  std::size_t section(isa::machine::Role role, std::uint64_t size) {
    const std::uint64_t address = program_.dram_bytes() + random_.between(0, 99);
    isa::machine::Section made{
        .name = "section" + std::to_string(program_.sections.size()), .role = role, .address = address, .bytes = size};
    if (role == isa::machine::Role::input || role == isa::machine::Role::constant) {
      made.values.resize(size);
      for (std::int8_t& value : made.values) value = random_.int8();
    }
    program_.sections.push_back(made);
    return program_.sections.size() - 1;
  }

  template <typename Work>
  Token add(const Work& work, const Waits& waits) {
    program_.instructions.push_back({.work = work, .waits = waits, .layer = layer_});
    return ++given_[static_cast<std::size_t>(program_.instructions.back().queue())];
  }
  void release(Pad pad, std::uint32_t address, std::uint32_t size) {
    program_.instructions.back().releases.push_back({pad, address, size});
  }

  /// Lines [first, first + count) of the tensor before, one channel after the other.
  Token load_lines(std::uint32_t first, std::uint32_t count, std::uint32_t address, std::uint32_t line_pitch,
                   std::uint32_t channel_pitch, const Waits& waits) {
    isa::machine::Load load;
    load.dram = program_.sections[source_].address + std::uint64_t{first} * width_;
    load.address = address;
    load.run_bytes = width_;
    load.counts = {count, channels_, 1};
    load.dram_strides = {width_, std::uint64_t{height_} * width_, 0};
    load.pad_strides = {line_pitch, channel_pitch, 0};
    return add(load, waits);
  }

  /// Lines [first, first + count) of the result, `channels` x count x `width` dense at `address`.
  Token store_lines(std::size_t target, std::uint32_t first, std::uint32_t count, std::uint32_t channels,
                    std::uint32_t height, std::uint32_t width, std::uint32_t address, Token vector) {
    isa::machine::Store store;
    store.dram = program_.sections[target].address + std::uint64_t{first} * width;
    store.pad = Pad::outputs;
    store.address = address;
    store.run_bytes = width * count;
    store.counts = {channels, 1, 1};
    store.dram_strides = {std::uint64_t{height} * width, 0, 0};
    store.pad_strides = {width * count, 0, 0};
    const Token token = add(store, {0, 0, vector, 0});
    release(Pad::outputs, address, channels * count * width);
    return token;
  }

  [[nodiscard]] const Band& before(std::uint32_t back) const {
    return bands_[(bands_given_ + bands_.size() - back) % bands_.size()];
  }

  void convolution() {
    isa::ConvGeometry g;
    g.in_channels = channels_;
    g.in_width = width_;
    const auto dataflow = static_cast<isa::Dataflow>(random_.between(0, program_.core.array.fuse_links ? 5 : 2));
    const bool dense = dataflow == isa::Dataflow::gemm;
    g.out_channels = dense ? random_.between(1, 9) : channels_;
    g.groups = dense ? 1 : channels_;
    const std::uint32_t pad = random_.between(0, 1);
    g.kernel_height =
        dataflow == isa::Dataflow::fuse_row ? 1 : random_.between(pad + 1, std::min(3U, height_ + 2 * pad));
    g.kernel_width = dataflow == isa::Dataflow::fuse_column ? 1 : random_.between(1, std::min(3U, width_));
    const std::uint32_t pad_lines = g.kernel_height > pad ? pad : 0;
    g.stride_height = random_.between(1, 2);
    g.stride_width = random_.between(1, 2);
    g.out_width = (width_ - g.kernel_width) / g.stride_width + 1;
    const std::uint32_t out_height = (height_ + 2 * pad_lines - g.kernel_height) / g.stride_height + 1;
    const std::uint32_t taps = (channels_ / g.groups) * g.kernel_height * g.kernel_width;

    // Weights and parameters, while the layer before last is the last to have used the place.
    const std::uint32_t weights = layer_ % 2 * kHalf;
    isa::machine::Load load;
    load.pad = Pad::weights;
    load.dram = program_.sections[section(isa::machine::Role::constant, std::uint64_t{taps} * g.out_channels)].address;
    load.address = weights;
    load.run_bytes = g.out_channels;
    const std::uint32_t pitch = g.out_channels + random_.between(0, 2);
    load.counts = {taps, 1, 1};
    load.dram_strides = {g.out_channels, 0, 0};
    load.pad_strides = {pitch, 0, 0};
    add(load, {0, layer_tokens_[layer_ % 2].compute, 0, 0});
    load.dram = program_.sections[parameters(g.out_channels)].address;
    load.address = weights + kParameters;
    load.run_bytes = g.out_channels * isa::machine::channel_parameter_bytes;
    load.counts = {1, 1, 1};
    const Token constants = add(load, {0, 0, layer_tokens_[layer_ % 2].vector, 0});

    const std::size_t target =
        section(isa::machine::Role::intermediate, std::uint64_t{g.out_channels} * out_height * g.out_width);
    const std::uint32_t lines = random_.between(1, std::min(out_height, 4U));
    for (std::uint32_t first = 0; first < out_height; first += lines) {
      const std::uint32_t count = std::min(lines, out_height - first);
      const std::int64_t top = std::int64_t{first} * g.stride_height - pad_lines;
      const std::int64_t bottom = std::int64_t{first + count - 1} * g.stride_height - pad_lines + g.kernel_height;
      g.pad_top = static_cast<std::uint32_t>(std::max<std::int64_t>(0, -top));
      g.pad_bottom = static_cast<std::uint32_t>(std::max<std::int64_t>(0, bottom - height_));
      g.in_height = static_cast<std::uint32_t>(bottom - top) - g.pad_top - g.pad_bottom;
      g.out_height = count;
      const std::uint32_t half = bands_given_ % 2 * kHalf;
      const std::uint32_t line_pitch = width_ + random_.between(0, 2);
      const std::uint32_t channel_pitch = line_pitch * g.in_height + random_.between(0, 3);
      const std::uint32_t sums = 4 * g.out_channels * count * g.out_width;
      // The vector unit read the place at a pool, the array at a convolution.
      const Token loaded = load_lines(static_cast<std::uint32_t>(top) + g.pad_top, g.in_height, half, line_pitch,
                                      channel_pitch, {0, before(2).compute, before(2).vector, stored_before_});
      isa::machine::Compute compute;
      compute.dataflow = dataflow;
      compute.geometry = g;
      compute.lines_per_row = random_.between(1, isa::densest_packing(dataflow, g, program_.core.array.cols).lines);
      compute.pad_value = random_.int8();
      compute.input = {half, channel_pitch, line_pitch};
      compute.weights = weights;
      compute.weights_pitch = pitch;
      compute.output = half;
      Band band;
      band.compute = add(compute, {std::max(loaded, constants), 0, before(2).vector, 0});
      release(Pad::activations, half, channel_pitch * channels_);
      if (first + count == out_height) release(Pad::weights, weights, pitch * taps);
      isa::machine::Vector vector;
      vector.channels = g.out_channels;
      vector.height = count;
      vector.width = g.out_width;
      vector.a = {Pad::outputs, half, 4 * count * g.out_width, 4 * g.out_width};
      vector.result = {Pad::outputs, half + kResult, count * g.out_width, g.out_width};
      vector.zero_out = random_.int8();
      vector.parameters = weights + kParameters;
      band.vector = add(vector, {constants, band.compute, 0, before(2).store});
      release(Pad::outputs, half, sums);
      if (first + count == out_height) {
        release(Pad::weights, weights + kParameters, g.out_channels * isa::machine::channel_parameter_bytes);
      }
      band.store =
          store_lines(target, first, count, g.out_channels, out_height, g.out_width, half + kResult, band.vector);
      finish(band);
    }
    layer_tokens_[layer_ % 2] = before(1);
    source_ = target;
    channels_ = g.out_channels;
    height_ = out_height;
    width_ = g.out_width;
  }

  /// The largest of lines of 1 x up to 3 elements.
  void pool() {
    const std::uint32_t kernel = random_.between(1, std::min(3U, width_));
    const std::uint32_t width = width_ - kernel + 1;
    const std::size_t target = section(isa::machine::Role::intermediate, std::uint64_t{channels_} * height_ * width);
    const std::uint32_t lines = random_.between(1, std::min(height_, 4U));
    for (std::uint32_t first = 0; first < height_; first += lines) {
      const std::uint32_t count = std::min(lines, height_ - first);
      const std::uint32_t half = bands_given_ % 2 * kHalf;
      const Token loaded = load_lines(first, count, half, width_, width_ * count,
                                      {0, before(2).compute, before(2).vector, stored_before_});
      isa::machine::Vector vector;
      vector.kind = isa::machine::VectorKind::max_pool;
      vector.channels = channels_;
      vector.height = count;
      vector.width = width;
      vector.a = {Pad::activations, half, width_ * count, width_};
      vector.result = {Pad::outputs, half + kResult, width * count, width};
      vector.window.in_height = count;
      vector.window.in_width = width_;
      vector.window.kernel_width = kernel;
      Band band = before(1);
      band.vector = add(vector, {loaded, 0, 0, before(2).store});
      release(Pad::activations, half, width_ * count * channels_);
      band.store = store_lines(target, first, count, channels_, height_, width, half + kResult, band.vector);
      finish(band);
    }
    layer_tokens_[layer_ % 2] = before(1);
    source_ = target;
    width_ = width;
  }

  void finish(const Band& band) { bands_[bands_given_++ % bands_.size()] = band; }

  std::size_t parameters(std::uint32_t channels) {
    const std::size_t index =
        section(isa::machine::Role::constant, std::uint64_t{channels} * isa::machine::channel_parameter_bytes);
    auto& values = program_.sections[index].values;
    const auto put = [&](std::size_t at, std::uint32_t value) {
      for (std::size_t i = 0; i < 4; ++i) values[at + i] = static_cast<std::int8_t>(value >> 8 * i & 0xff);
    };
    for (std::size_t at = 0; at < values.size(); at += isa::machine::channel_parameter_bytes) {
      put(at, random_.between(0, 10000));
      put(at + 4, (1U << 30) + random_.between(0, 1U << 29));
      put(at + 8, random_.between(34, 38));
    }
    return index;
  }

  fusesim::test::Random& random_;
  isa::machine::Program program_;
  std::uint32_t layer_ = 0;
  std::uint32_t height_ = 1, width_ = 1, channels_ = 1;  ///< Of the tensor that the next layer reads,
  std::size_t source_ = 0;                               ///< and its section.
  Waits given_{};
  Token stored_before_ = 0;      ///< Stores up to the end of the layer before.
  std::array<Band, 3> bands_{};  ///< The last ones.
  std::uint32_t bands_given_ = 0;
  std::array<Band, 2> layer_tokens_{};  ///< Last band of the last even and odd layer.
};

}  // namespace fusesim::accelerator::test
