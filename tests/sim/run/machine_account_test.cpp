// SPDX-License-Identifier: Apache-2.0
#include "sim/run/machine_account.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <random>

namespace fusesim::run {
namespace {

using control::machine::InstructionRecord;
using control::machine::Record;
using isa::machine::Compute;
using isa::machine::Instruction;
using isa::machine::Load;
using isa::machine::Program;
using isa::machine::Role;
using isa::machine::Store;
using isa::machine::Vector;

/// What a run could have left: only sums and names matter here.
struct Finished {
  Program program;
  Record record;
};

Finished random_run(std::mt19937& random) {
  const auto upto = [&](std::uint64_t most) { return std::uniform_int_distribution<std::uint64_t>(0, most)(random); };
  Finished run;
  const std::size_t layers = 1 + upto(4);
  for (std::size_t l = 0; l < layers; ++l) run.program.layers.push_back("layer" + std::to_string(l));
  run.record.layer_causes.resize(layers);
  for (auto& causes : run.record.layer_causes) {
    for (std::size_t c = 0; c < causes.size(); ++c) run.record.causes[c] += causes[c] = upto(1000);
  }
  for (const std::uint64_t cycles : run.record.causes) run.record.cycles += cycles;
  for (std::uint64_t i = upto(40); i-- > 0;) {
    Instruction instruction;
    InstructionRecord record;
    record.start = upto(5000);
    record.end = record.start + upto(300);
    for (auto* bytes : {&record.read_bytes, &record.written_bytes}) {
      for (std::uint64_t& of_pad : *bytes) of_pad = upto(99);
    }
    switch (upto(3)) {
      case 0:
        instruction.work = Load{};
        record.dram_bytes = upto(5000);
        run.record.dram_bytes_read += record.dram_bytes;
        break;
      case 1:
        instruction.work = Compute{};
        record.macs = upto(5000);
        record.folds = upto(5);
        break;
      case 2:
        instruction.work = Vector{};
        break;
      default:
        instruction.work = Store{};
        record.dram_bytes = upto(5000);
        run.record.dram_bytes_written += record.dram_bytes;
    }
    instruction.layer = static_cast<std::uint32_t>(upto(layers - 1));
    run.program.instructions.push_back(instruction);
    run.record.instructions.push_back(record);
  }
  return run;
}

TEST(MachineAccount, OfLayersAddsUpToTheRun) {
  std::mt19937 random(7);
  isa::machine::CoreConfig core;
  core.array.rows = 5;
  core.array.cols = 7;
  for (int repeat = 0; repeat < 300; ++repeat) {
    const Finished run = random_run(random);
    const MachineAccount account = make_account(run.program, core, run.record, {});
    ASSERT_EQ(account.layers.size(), run.program.layers.size());
    MachineLayer sum;
    for (std::size_t l = 0; l < account.layers.size(); ++l) {
      const MachineLayer& layer = account.layers[l];
      EXPECT_EQ(layer.name, run.program.layers[l]);
      EXPECT_EQ(layer.causes, run.record.layer_causes[l]);
      std::uint64_t cycles = 0, first = UINT64_MAX, last = 0, macs = 0, loaded = 0, vector = 0;
      for (const std::uint64_t cause : layer.causes) cycles += cause;
      for (std::size_t i = 0; i < run.program.instructions.size(); ++i) {
        if (run.program.instructions[i].layer != l) continue;
        const InstructionRecord& record = run.record.instructions[i];
        first = std::min(first, record.start);
        last = std::max(last, record.end);
        macs += record.macs;
        if (std::holds_alternative<Load>(run.program.instructions[i].work)) loaded += record.dram_bytes;
        if (std::holds_alternative<Vector>(run.program.instructions[i].work)) vector += record.end - record.start;
      }
      EXPECT_EQ(layer.cycles, cycles);
      EXPECT_EQ(layer.start, first == UINT64_MAX ? 0 : first);
      EXPECT_EQ(layer.end, last);
      EXPECT_EQ(layer.macs, macs);
      EXPECT_EQ(layer.dram_bytes_read, loaded);
      EXPECT_EQ(layer.vector_cycles, vector);
      EXPECT_DOUBLE_EQ(layer.utilization * 35.0 * static_cast<double>(cycles), static_cast<double>(macs));
      EXPECT_FALSE(layer.digest);
      sum.cycles += layer.cycles;
      sum.instructions += layer.instructions;
      sum.folds += layer.folds;
      sum.macs += layer.macs;
      sum.vector_cycles += layer.vector_cycles;
      sum.sram_bytes_read += layer.sram_bytes_read;
      sum.sram_bytes_written += layer.sram_bytes_written;
      sum.dram_bytes_read += layer.dram_bytes_read;
      sum.dram_bytes_written += layer.dram_bytes_written;
    }
    const MachineLayer& total = account.total;
    EXPECT_EQ(total.cycles, sum.cycles);
    EXPECT_EQ(total.cycles, run.record.cycles);
    EXPECT_EQ(total.causes, run.record.causes);
    EXPECT_EQ(total.instructions, sum.instructions);
    EXPECT_EQ(total.instructions, run.program.instructions.size());
    EXPECT_EQ(total.folds, sum.folds);
    EXPECT_EQ(total.macs, sum.macs);
    EXPECT_EQ(total.vector_cycles, sum.vector_cycles);
    EXPECT_EQ(total.sram_bytes_read, sum.sram_bytes_read);
    EXPECT_EQ(total.sram_bytes_written, sum.sram_bytes_written);
    EXPECT_EQ(total.dram_bytes_read, sum.dram_bytes_read);
    EXPECT_EQ(total.dram_bytes_written, sum.dram_bytes_written);
  }
}

TEST(MachineAccount, LayersSayHowTheyLieOnTheArray) {
  Finished run;
  run.program.layers = {"conv", "add"};
  Instruction compute;
  compute.work.emplace<Compute>().dataflow = isa::Dataflow::fuse_column;
  run.program.instructions.push_back(compute);
  std::get<Compute>(compute.work).lines_per_row = 4;
  run.program.instructions.push_back(compute);
  run.program.instructions.push_back({.work = Vector{}, .layer = 1});
  run.record.instructions.resize(3);
  run.record.layer_causes.resize(2);
  const MachineAccount account = make_account(run.program, {}, run.record, {});
  EXPECT_EQ(account.layers[0].dataflow, isa::Dataflow::fuse_column);
  EXPECT_EQ(account.layers[0].lines_per_row, 4u);
  EXPECT_EQ(account.layers[1].dataflow, std::nullopt);
  EXPECT_EQ(account.layers[1].dram_bytes_per_cycle(), std::nullopt) << "no cycle is booked on it";
  EXPECT_EQ(account.layers[1].macs_per_dram_byte(), std::nullopt) << "no byte is";
}

TEST(MachineAccount, ProductsOfTheFusedUnitCountInUtilizationAsMacsDo) {
  Finished run;
  run.program.layers = {"conv", "block"};
  run.program.instructions = {{.work = Compute{}}, {.work = isa::machine::FusedAccumulate{}, .layer = 1}};
  run.record.instructions.resize(2);
  run.record.instructions[0].macs = 350;
  run.record.instructions[1].fused.products = 700;
  run.record.layer_causes = {{100}, {50}};
  run.record.causes = {150};
  run.record.cycles = 150;
  isa::machine::CoreConfig core;
  core.array.rows = 5;
  core.array.cols = 7;
  const MachineAccount account = make_account(run.program, core, run.record, {});
  EXPECT_DOUBLE_EQ(account.layers[0].utilization, 0.1);
  EXPECT_DOUBLE_EQ(account.layers[1].utilization, 0.4);
  EXPECT_DOUBLE_EQ(account.total.utilization, 0.2);
  EXPECT_EQ(account.layers[1].macs, 0U);
}

/// Stores of one layer that overlap and come in any order: every byte counts once, by address.
TEST(MachineAccount, DigestIsOfWhatALayerStoredByAddress) {
  Finished run;
  run.program.layers = {"a", "b", "none"};
  run.program.sections = {{.name = "in", .role = Role::input, .address = 0, .bytes = 100},
                          {.name = "x", .role = Role::intermediate, .address = 128, .bytes = 60},
                          {.name = "y", .role = Role::output, .address = 192, .bytes = 40}};
  std::vector<std::vector<std::int8_t>> tensors(3);
  std::mt19937 random(3);
  for (std::size_t s = 0; s < tensors.size(); ++s) {
    tensors[s].resize(run.program.sections[s].bytes);
    for (std::int8_t& value : tensors[s]) value = static_cast<std::int8_t>(random());
  }
  const auto store = [&](std::uint32_t layer, std::uint64_t address, std::uint32_t bytes,
                         std::array<std::uint32_t, 3> counts, std::array<std::uint64_t, 3> strides) {
    Store work;
    work.dram = address;
    work.run_bytes = bytes;
    work.counts = counts;
    work.dram_strides = strides;
    run.program.instructions.push_back({.work = work, .layer = layer});
  };
  store(0, 192 + 20, 5, {2, 1, 1}, {10, 0, 0});  // y 20..24, 30..34
  store(0, 128, 2, {2, 3, 2}, {4, 10, 30});      // x: 2 bytes at 0 4 10 14 20 24 30 34 40 44 50 54
  store(0, 128 + 21, 4, {1, 1, 1}, {});          // x 21..24, of which 21 and 24 again
  store(1, 192, 40, {1, 1, 1}, {});
  run.record.instructions.resize(4);
  run.record.layer_causes.resize(3);
  const MachineAccount account = make_account(run.program, {}, run.record, tensors);

  std::vector<bool> stored(60);
  for (const std::size_t at : {0, 4, 10, 14, 20, 24, 30, 34, 40, 44, 50, 54}) stored[at] = stored[at + 1] = true;
  for (std::size_t at = 21; at < 25; ++at) stored[at] = true;
  std::vector<std::int8_t> bytes;
  for (std::size_t at = 0; at < stored.size(); ++at) {
    if (stored[at]) bytes.push_back(tensors[1][at]);
  }
  for (const std::size_t at : {20, 21, 22, 23, 24, 30, 31, 32, 33, 34}) bytes.push_back(tensors[2][at]);
  const std::uint64_t first = XXH3_64bits(bytes.data(), bytes.size());
  const std::uint64_t second = XXH3_64bits(tensors[2].data(), tensors[2].size());
  EXPECT_EQ(account.layers[0].digest, first);
  EXPECT_EQ(account.layers[1].digest, second);
  EXPECT_EQ(account.layers[2].digest, std::nullopt);
  const std::uint64_t both[] = {first, second};
  EXPECT_EQ(account.total.digest, XXH3_64bits(both, sizeof both));
}

TEST(MachineAccount, RowHitsAreOfAllBursts) {
  Finished run;
  EXPECT_EQ(make_account(run.program, {}, run.record, {}).row_hit_rate, std::nullopt);
  run.record.statistics = {{"dram", {{"row_hits", "", "", 6}, {"row_misses", "", "", 1}, {"row_conflicts", "", "", 3}}},
                           {"load DMA", {{"bursts", "", "", 99}}}};
  EXPECT_EQ(make_account(run.program, {}, run.record, {}).row_hit_rate, 0.6);
}

}  // namespace
}  // namespace fusesim::run
