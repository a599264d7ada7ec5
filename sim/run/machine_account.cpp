// SPDX-License-Identifier: Apache-2.0
#include "sim/run/machine_account.h"

#include <xxhash.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace fusesim::run {

namespace {

using isa::machine::Queue;

/// Runs of DRAM bytes, begin and end.
using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

void add_runs(const isa::machine::Transfer& transfer, Runs& runs) {
  for (std::uint32_t k = 0; k < transfer.counts[2]; ++k) {
    for (std::uint32_t j = 0; j < transfer.counts[1]; ++j) {
      for (std::uint32_t i = 0; i < transfer.counts[0]; ++i) {
        const std::uint64_t begin =
            transfer.dram + i * transfer.dram_strides[0] + j * transfer.dram_strides[1] + k * transfer.dram_strides[2];
        runs.emplace_back(begin, begin + transfer.run_bytes);
      }
    }
  }
}

/// Of the bytes in the runs by ascending address, each once.
std::uint64_t digest_of(Runs runs, const isa::machine::Program& program,
                        const std::vector<std::vector<std::int8_t>>& tensors) {
  std::sort(runs.begin(), runs.end());
  std::vector<std::int8_t> bytes;
  std::uint64_t done = 0;
  for (auto [begin, end] : runs) {
    begin = std::max(begin, done);
    if (begin >= end) continue;
    const auto section = std::find_if(program.sections.begin(), program.sections.end(), [&, at = begin](const auto& s) {
      return at >= s.address && at < s.address + s.bytes;
    });
    if (section == program.sections.end()) throw std::logic_error("a store leaves every section");
    const auto& tensor = tensors.at(static_cast<std::size_t>(section - program.sections.begin()));
    const auto first = tensor.begin() + static_cast<std::ptrdiff_t>(begin - section->address);
    bytes.insert(bytes.end(), first, first + static_cast<std::ptrdiff_t>(end - begin));
    done = end;
  }
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t sum(const std::array<std::uint64_t, isa::machine::pad_count>& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
}

void set_utilization(MachineLayer& layer, const isa::ArrayConfig& array) {
  if (layer.cycles == 0) return;
  layer.utilization = static_cast<double>(layer.macs + layer.fused_counters.products) /
                      (static_cast<double>(array.rows) * array.cols * static_cast<double>(layer.cycles));
}

std::optional<double> row_hit_rate(const control::machine::Record& record) {
  std::uint64_t hits = 0, all = 0;
  for (const auto& [unit, statistics] : record.statistics) {
    for (const memory::Statistic& statistic : statistics) {
      if (statistic.name == "row_hits") hits += statistic.value;
      if (statistic.name == "row_hits" || statistic.name == "row_misses" || statistic.name == "row_conflicts") {
        all += statistic.value;
      }
    }
  }
  if (all == 0) return std::nullopt;
  return static_cast<double>(hits) / static_cast<double>(all);
}

/// What one instruction adds to its layer and to the run.
void add(MachineLayer& layer, const isa::machine::Instruction& instruction,
         const control::machine::InstructionRecord& record) {
  if (layer.instructions == 0 || record.start < layer.start) layer.start = record.start;
  layer.end = std::max(layer.end, record.end);
  ++layer.instructions;
  layer.folds += record.folds;
  layer.macs += record.macs;
  layer.sram_bytes_read += sum(record.read_bytes);
  layer.sram_bytes_written += sum(record.written_bytes);
  switch (instruction.queue()) {
    case Queue::load:
      layer.dram_bytes_read += record.dram_bytes;
      break;
    case Queue::store:
      layer.dram_bytes_written += record.dram_bytes;
      break;
    case Queue::vector:
      layer.vector_cycles += record.end - record.start;
      break;
    case Queue::compute: {
      if (const auto* compute = std::get_if<isa::machine::Compute>(&instruction.work)) {
        layer.dataflow = compute->dataflow;
        layer.lines_per_row = std::max(layer.lines_per_row, compute->lines_per_row);
      } else {
        layer.fused = true;
        layer.fused_counters += record.fused;
      }
      break;
    }
  }
}

}  // namespace

std::optional<double> MachineLayer::dram_bytes_per_cycle() const {
  if (cycles == 0) return std::nullopt;
  return static_cast<double>(dram_bytes_read + dram_bytes_written) / static_cast<double>(cycles);
}

std::optional<double> MachineLayer::macs_per_dram_byte() const {
  const std::uint64_t bytes = dram_bytes_read + dram_bytes_written;
  if (bytes == 0) return std::nullopt;
  return static_cast<double>(macs) / static_cast<double>(bytes);
}

MachineAccount make_account(const isa::machine::Program& program, const isa::machine::CoreConfig& core,
                            const control::machine::Record& record,
                            const std::vector<std::vector<std::int8_t>>& tensors) {
  MachineAccount account;
  account.layers.resize(program.layers.size());
  std::vector<Runs> stored(program.layers.size());
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const isa::machine::Instruction& instruction = program.instructions[i];
    add(account.layers.at(instruction.layer), instruction, record.instructions.at(i));
    add(account.total, instruction, record.instructions[i]);
    if (const auto* store = std::get_if<isa::machine::Store>(&instruction.work)) {
      add_runs(*store, stored[instruction.layer]);
    }
  }
  std::vector<std::uint64_t> digests;
  for (std::size_t l = 0; l < account.layers.size(); ++l) {
    MachineLayer& layer = account.layers[l];
    layer.name = program.layers[l];
    layer.causes = record.layer_causes.at(l);
    layer.cycles = std::accumulate(layer.causes.begin(), layer.causes.end(), std::uint64_t{0});
    set_utilization(layer, core.array);
    if (!tensors.empty() && !stored[l].empty()) {
      layer.digest = digest_of(std::move(stored[l]), program, tensors);
      digests.push_back(*layer.digest);
    }
  }
  MachineLayer& total = account.total;
  total.name = "total";
  total.dataflow.reset();
  total.start = 0;
  total.end = total.cycles = record.cycles;
  total.causes = record.causes;
  // As the DMA counted them; the instructions' own bytes are the same by test.
  total.dram_bytes_read = record.dram_bytes_read;
  total.dram_bytes_written = record.dram_bytes_written;
  set_utilization(total, core.array);
  if (!digests.empty()) total.digest = XXH3_64bits(digests.data(), digests.size() * sizeof digests[0]);
  for (std::size_t p = 0; p < account.peak_bytes.size(); ++p) account.peak_bytes[p] = record.pads[p].peak_bytes;
  account.dram_peak_bytes_per_cycle = record.dram_peak_bytes_per_cycle;
  account.row_hit_rate = row_hit_rate(record);
  return account;
}

}  // namespace fusesim::run
