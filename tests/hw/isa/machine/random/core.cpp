// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/isa/machine/random/core.h"

namespace fusesim::isa::machine::test {

CoreConfig random_core(Dice& dice) {
  CoreConfig core;
  core.array.rows = dice.upto(12);
  core.array.cols = dice.upto(12);
  core.array.accumulators = dice.chance(2) ? Accumulators::single : Accumulators::pingpong;
  core.array.folds = dice.chance(2) ? FoldOverlap::serial : FoldOverlap::pipelined;
  core.array.fuse_links = !dice.chance(4);
  core.array.broadcast_stages = core.array.fuse_links ? dice.upto(core.array.cols) - 1 : 0;
  for (ScratchpadConfig* pad : {&core.activations, &core.weights, &core.outputs}) {
    pad->banks = dice.upto(9);
    pad->width = 1U << (dice.upto(4) - 1);
    pad->ports = dice.upto(3);
  }
  core.outputs.banks = core.array.cols + dice.upto(3) - 1;
  core.outputs.width = 4;
  core.vector = {.lanes = dice.upto(9), .latency = dice.upto(9) - 1};
  core.control = {.fetch_cycles = dice.upto(9) - 1, .decode_cycles = dice.upto(3), .queue_depth = dice.upto(4)};
  return core;
}

void add_random_fused_unit(Dice& dice, CoreConfig& core) {
  FusedConfig& fused = core.fused;
  const std::uint32_t pes = core.array.rows * core.array.cols;
  fused = {.present = true, .adder_bits = 18 + dice.upto(6)};
  do fused.tile_rows = dice.upto(pes);
  while (pes % fused.tile_rows != 0);
  fused.tile_columns = pes / fused.tile_rows;
  fused.mode = dice.chance(3) ? FusedMode::fixed : FusedMode::elastic;
  fused.lanes = dice.upto(dice.chance(2) ? 4 : 12);
  fused.adders = fused.mode == FusedMode::fixed ? fused.lanes : dice.upto(fused.lanes);
  fused.queue_depth = fused.mode == FusedMode::fixed ? 0 : fused.lanes + dice.upto(dice.chance(2) ? 3 : 30) - 1;
  fused.ladders = dice.upto(4);
  fused.mask_channels = fused.tile_bytes = fused.level_channels = 1;
  fused.mask_positions = pes;
  fused.tile_port_bytes = dice.upto(dice.chance(2) ? 3 : 12);
  fused.list_bytes_per_cycle = dice.chance(2) ? 0 : dice.upto(60);
  fused.list_fifo_bytes = widest_word_bytes(fused) + dice.upto(60) - 1;
  fused.composer_terms_per_cycle = dice.upto(fused.lanes);
  fused.output_lanes = dice.upto(pes);
}

void add_fused_unit(Dice& dice, const FusedConfig& unit, CoreConfig& core) {
  core.fused = unit;
  core.array.rows = unit.tile_rows;
  core.array.cols = unit.tile_columns;
  core.array.broadcast_stages = 0;
  core.outputs.banks = core.array.cols + dice.upto(3) - 1;
  core.fused.list_bytes_per_cycle = dice.chance(2) ? 0 : dice.upto(60);
  core.fused.list_fifo_bytes = widest_word_bytes(core.fused) + dice.upto(60) - 1;
  core.fused.composer_terms_per_cycle = dice.upto(core.fused.lanes);
}

void add_spare_storage(Dice& dice, FusedConfig& fused) {
  fused.mask_channels += dice.upto(3) - 1;
  fused.mask_positions += dice.upto(3) - 1;
  fused.level_channels += dice.upto(3) - 1;
  fused.tile_bytes += dice.upto(3) - 1;
}

}  // namespace fusesim::isa::machine::test
