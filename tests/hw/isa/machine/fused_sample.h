// SPDX-License-Identifier: Apache-2.0
// A small valid program with every instruction of the fused block, and a value of its own in every field.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/isa/machine/program.h"

namespace fusesim::isa::machine::test {

/// Little-endian bytes of numbers.
template <typename T>
std::vector<std::int8_t> little_endian(const std::vector<T>& numbers) {
  std::vector<std::int8_t> bytes;
  for (const T number : numbers) {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes.push_back(static_cast<std::int8_t>(number >> (8 * i) & 0xff));
  }
  return bytes;
}

/// One group of 2 input, 3 middle and 2 output channels, kernel 3x3 with stride 2 on tiles of 2x4, with a residual and
/// the other buffer's tile loaded meanwhile. Instructions: 0 - 3 load, 4 tile, 5 predict, 6 accumulate.
inline Program fused_sample() {
  Program p;
  p.network = "fused sample";
  p.core.array = {.rows = 2, .cols = 4};
  p.core.activations = {.bytes = 1024, .banks = 4, .width = 2, .ports = 1};
  p.core.weights = {.bytes = 512, .banks = 4, .width = 1, .ports = 1};
  p.core.outputs = {.bytes = 256, .banks = 4, .width = 4, .ports = 1};
  p.core.fused = {.present = true,
                  .tile_rows = 4,
                  .tile_columns = 2,
                  .mode = FusedMode::elastic,
                  .lanes = 5,
                  .adders = 3,
                  .queue_depth = 7,
                  .adder_bits = 19,
                  .ladders = 2,
                  .mask_channels = 33,
                  .mask_positions = 65,
                  .level_channels = 6,
                  .tile_bytes = 130,
                  .tile_port_bytes = 9,
                  .list_bytes_per_cycle = 10,
                  .list_fifo_bytes = 77,
                  .composer_terms_per_cycle = 4,
                  .output_lanes = 8};
  p.layers = {"block"};

  // No lanes at all, and nothing but null terms, each list's last.
  std::vector<std::uint16_t> records;
  for (const std::uint32_t round : {2U, 1U}) {
    for (std::uint32_t i = 0; i < round; ++i) records.insert(records.end(), {0, 1, 2, 3, 4, 5, 6, 7, 8});
    for (std::uint32_t i = 0; i < round; ++i) records.insert(records.end(), {0, 0});
  }
  const std::vector<std::uint32_t> terms(2 * (9 * 3 + 1), 1U << 28);
  p.sections = {{"in", Role::input, 0x100, 400, {}},
                {"records", Role::lists, 0x400, 66, little_endian(records)},
                {"terms", Role::lists, 0x500, 224, little_endian(terms)},
                {"parameters", Role::constant, 0x600, 24, {}},
                {"out", Role::output, 0x700, 16, {}}};
  Load map, predictor, lists, parameters;
  map.dram = 0x100;
  map.run_bytes = 400;
  predictor.dram = 0x400;
  predictor.pad = Pad::weights;
  predictor.address = 2;
  predictor.run_bytes = 66;
  lists.dram = 0x500;
  lists.pad = Pad::weights;
  lists.address = 100;
  lists.run_bytes = 224;
  parameters.dram = 0x600;
  parameters.pad = Pad::weights;
  parameters.address = 333;
  parameters.run_bytes = 24;

  FusedTile tile;
  tile.geometry = {.channels = 2,
                   .middle = 3,
                   .kernel = 3,
                   .stride = 2,
                   .region_rows = 8,
                   .region_columns = 3,
                   .pad_top = 1,
                   .pad_left = 2,
                   .out_rows = 4,
                   .out_columns = 2};
  tile.buffer = 1;
  tile.input = {21, 200, 20};
  tile.zero_point = -17;
  for (std::size_t i = 0; i < 15; ++i) tile.thresholds[i] = static_cast<std::int16_t>(-128 + 16 * i);
  tile.thresholds[14] = 128;
  FusedPredict predict;
  predict.buffer = 1;
  predict.geometry = tile.geometry;
  predict.round_channels = 2;
  predict.lists = 2;
  predict.lists_bytes = 66;
  predict.lists_dram = 0x400;
  FusedAccumulate accumulate;
  accumulate.buffer = 1;
  accumulate.geometry = tile.geometry;
  accumulate.out_channels = 2;
  accumulate.lists = 100;
  accumulate.lists_bytes = 224;
  accumulate.lists_dram = 0x500;
  accumulate.expand_bias_shift = 3;
  accumulate.depthwise_bias_shift = 14;
  accumulate.parameters = 333;
  accumulate.zero_out = 4;
  accumulate.lowest = -100;
  accumulate.highest = 101;
  accumulate.output = {5, 50, 7};
  accumulate.residual = FusedResidual{.map = {6, 60, 8},
                                      .zero_a = 9,
                                      .zero_b = 10,
                                      .zero_out = 11,
                                      .multiplier_a = -12,
                                      .multiplier_b = 13,
                                      .shift = 14,
                                      .lowest = -15,
                                      .highest = 16};
  accumulate.next = tile;
  accumulate.next->buffer = 0;
  accumulate.next->geometry.region_rows = 7;
  accumulate.next->geometry.out_rows = 3;
  accumulate.next->geometry.pad_top = 0;
  accumulate.next->input = {22, 201, 23};
  accumulate.next->zero_point = 99;
  p.instructions = {{map},
                    {predictor},
                    {lists},
                    {parameters},
                    {tile, {1, 0, 0, 0}},
                    {predict, {2, 0, 0, 0}, 0, {{Pad::weights, 2, 66}}},
                    {accumulate, {4, 0, 0, 0}, 0, {{Pad::weights, 100, 224}}}};
  return p;
}

/// The same with input and parameters; it can be run.
inline Program fused_sample_with_values() {
  Program p = fused_sample();
  p.sections[0].values.assign(p.sections[0].bytes, 1);
  p.sections[3].values = little_endian<std::uint32_t>({5, 1U << 20, 12, 6, 1U << 21, 13});
  return p;
}

}  // namespace fusesim::isa::machine::test
