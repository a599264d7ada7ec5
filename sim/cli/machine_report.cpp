// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/machine_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>
#include <vector>

#include "hw/isa/machine/unstored.h"
#include "hw/isa/names.h"
#include "sim/cli/units.h"
#include "sim/config/keys.h"
#include "sim/config/scratchpads.h"

namespace fusesim::cli {

namespace {

using control::machine::Cause;
using control::machine::cause_count;
using run::MachineLayer;

struct Machine {
  const config::MachineConfig& config;
  isa::machine::CoreConfig core;
};

template <typename T>
report::Cell cell(const std::optional<T>& value) {
  return value ? report::Cell{*value} : report::Cell{};
}

std::string hex(std::uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

std::string dataflow_of(const MachineLayer& layer) {
  if (layer.fused) return "fused";
  return layer.dataflow ? isa::name(*layer.dataflow) : "vector";
}

double gigabytes_per_second(double bytes_per_cycle, const config::MachineConfig& machine) {
  return bytes_per_cycle * machine.frequency_mhz / 1000;
}

/// "gemm, depthwise_column": the mappings a program uses.
std::string dataflows(const run::MachineAccount& account) {
  std::set<isa::Dataflow> used;
  bool packed = false;
  for (const MachineLayer& layer : account.layers) {
    if (layer.dataflow) used.insert(*layer.dataflow);
    packed = packed || layer.lines_per_row > 1;
  }
  std::vector<std::string> names;
  for (const isa::Dataflow dataflow : used) names.emplace_back(isa::name(dataflow));
  if (account.total.fused) names.emplace_back("fused");
  return fmt::format("{}{}", fmt::join(names, ", "), packed ? ", packed rows" : "");
}

std::string title(const std::string& network, const Machine& machine) {
  return fmt::format("{} on {}, {} MHz, scratchpads {}, {}", network, isa::describe(machine.core.array),
                     machine.config.frequency_mhz, config::text(config::scratchpads(machine.core)),
                     describe_memory(machine.config.memory));
}

/// What the fused unit does is shown on a terminal where there is some of it.
std::vector<report::Column> run_columns(bool fused) {
  return {
      {"layer", "", "Layer"},
      {"dataflow", "",
       "How the layer lies on the array; fused: a predicted block on the fused unit; vector: on the vector unit alone"},
      {"lines_per_row", "", "Image lines side by side in an array row (row packing)", 3, true},
      {"start", "cycle", "First of its instructions starts", 3, true},
      {"end", "cycle", "Last of its instructions has ended", 3, true},
      {"cycles", "", "Cycles booked on the layer; layers add up to the run"},
      {"compute", "", "Sums grow"},
      {"fill", "", "Operands are on their way to their PEs"},
      {"drain", "", "Sums move down and nothing else happens"},
      {"conflict", "", "The array is held for scratchpad banks"},
      {"predict", "", "The fused unit predicts ReLUs", 3, !fused},
      {"stall", "", "The fused unit waits for room in its queues, for results to leave or for lists", 3, !fused},
      {"load", "", "The array is empty, in the end because a load is under way"},
      {"vector", "", "... because the vector unit is at work"},
      {"store", "", "... because a store is under way"},
      {"control", "", "... because instructions are fetched or decoded"},
      {"utilization", "", fused ? "(macs + products) / (rows * cols * cycles)" : "macs / (rows * cols * cycles)", 4},
      {"instructions", "", "Loads, array and vector instructions, stores", 3, true},
      {"folds", "", "Times the array was filled", 3, true},
      {"macs", "", "Useful multiply-accumulates", 3, true},
      {"words", "", "Broadcast in the fused unit", 3, true},
      {"products", "", "Multiplications by composed weights", 3, true},
      {"survivors", "", "Terms that masks let pass: additions of the fused unit's sums", 3, true},
      {"list_stalls", "", "Cycles of stall for which lists are the cause", 3, true},
      {"queue_stalls", "", "... full queues of survivors", 3, true},
      {"output_stalls", "", "... results that wait to leave", 3, true},
      {"vector_cycles", "", "Cycles in which the vector unit works on the layer", 3, true},
      {"sram_read_bytes", "bytes", "Read from all scratchpads", 3, true},
      {"sram_written_bytes", "bytes", "Written to all scratchpads", 3, true},
      {"dram_read_bytes", "bytes", "Loaded", 3, true},
      {"dram_written_bytes", "bytes", "Stored", 3, true},
      {"dram_kb", "kB", "Loaded and stored, in 1000 bytes", 1},
      {"dram_rate", "B/cycle", "Bytes loaded and stored / cycles", 2},
      {"dram_gbps", "GB/s", "The same in 10^9 bytes a second", 3, true},
      {"intensity", "MAC/B", "macs / DRAM bytes", 1, true},
      {"digest", "", "XXH3 of the bytes that the layer's stores left in DRAM, by address", 3, true}};
}

std::vector<report::Cell> run_row(const MachineLayer& layer, const config::MachineConfig& machine, bool is_total) {
  std::vector<report::Cell> row{layer.name,
                                is_total ? std::string() : dataflow_of(layer),
                                std::uint64_t{layer.lines_per_row},
                                layer.start,
                                layer.end,
                                layer.cycles};
  for (std::uint32_t c = 0; c < cause_count; ++c) row.emplace_back(layer.causes[c]);
  const std::optional<double> rate = layer.dram_bytes_per_cycle();
  std::optional<double> gbps;
  if (rate) gbps = gigabytes_per_second(*rate, machine);
  const std::uint64_t bytes = layer.dram_bytes_read + layer.dram_bytes_written;
  row.insert(row.end(), {layer.utilization,
                         layer.instructions,
                         layer.folds,
                         layer.macs,
                         layer.fused_counters.words,
                         layer.fused_counters.products,
                         layer.fused_counters.survivors,
                         layer.fused_counters.list_stalls,
                         layer.fused_counters.queue_stalls,
                         layer.fused_counters.output_stalls,
                         layer.vector_cycles,
                         layer.sram_bytes_read,
                         layer.sram_bytes_written,
                         layer.dram_bytes_read,
                         layer.dram_bytes_written,
                         static_cast<double>(bytes) / 1000,
                         cell(rate),
                         cell(gbps),
                         cell(layer.macs_per_dram_byte()),
                         layer.digest ? report::Cell{hex(*layer.digest)} : report::Cell{}});
  return row;
}

report::Table run_table(const isa::machine::Program& program, const Machine& machine,
                        const run::MachineAccount& account, const std::string& fidelity, bool with_total) {
  const MachineLayer& total = account.total;
  report::Table table(title(program.network, machine) + ", " + fidelity + " fidelity", run_columns(total.fused));
  for (const MachineLayer& layer : account.layers) table.add_row(run_row(layer, machine.config, false));
  if (!with_total) return table;
  table.add_row(run_row(total, machine.config, true));
  table.add_note(fmt::format("{} cycles, {}. compute + ... + control = cycles, of every layer and of the run.",
                             total.cycles, duration(total.cycles, machine.config.frequency_mhz)));
  table.add_note(
      "The array holds folds: compute, fill, drain, conflict. It is empty because of: load, vector, store, "
      "control.");
  if (total.fused) {
    const fused::Counters& c = total.fused_counters;
    table.add_note(fmt::format(
        "The fused unit has work: also predict, stall ({} for lists, {} for queues, {} for results). {} words, {} "
        "products, {} survivors; utilization counts products as it does macs.",
        c.list_stalls, c.queue_stalls, c.output_stalls, c.words, c.products, c.survivors));
  }
  table.add_note("Dataflows: " + dataflows(account) + ".");
  const double rate = total.dram_bytes_per_cycle().value_or(0);
  table.add_note(fmt::format(
      "DRAM: {} read, {} written; {:.2f} of {:.2f} B/cycle, {:.2f} of {:.2f} GB/s ({:.1f} %){}.",
      amount(total.dram_bytes_read), amount(total.dram_bytes_written), rate, account.dram_peak_bytes_per_cycle,
      gigabytes_per_second(rate, machine.config),
      gigabytes_per_second(account.dram_peak_bytes_per_cycle, machine.config),
      100 * rate / account.dram_peak_bytes_per_cycle,
      account.row_hit_rate ? fmt::format("; {:.1f} % of bursts hit an open row", 100 * *account.row_hit_rate) : ""));
  table.add_note(fmt::format(
      "Scratchpads held at most {} of {} bytes of activations, {} of {} of weights, {} of {} of outputs; {} read "
      "and {} written.",
      account.peak_bytes[0], machine.core.activations.bytes, account.peak_bytes[1], machine.core.weights.bytes,
      account.peak_bytes[2], machine.core.outputs.bytes, amount(total.sram_bytes_read),
      amount(total.sram_bytes_written)));
  table.add_note(fmt::format("The vector unit works in {} cycles ({:.1f} %).", total.vector_cycles,
                             100 * static_cast<double>(total.vector_cycles) / static_cast<double>(total.cycles)));
  if (total.digest) table.add_note("Digest of all results: " + hex(*total.digest));
  return table;
}

nlohmann::ordered_json layer_json(const MachineLayer& layer, const config::MachineConfig& machine) {
  using nlohmann::ordered_json;
  ordered_json causes;
  for (std::uint32_t c = 0; c < cause_count; ++c) {
    causes[control::machine::name(static_cast<Cause>(c))] = layer.causes[c];
  }
  const std::optional<double> rate = layer.dram_bytes_per_cycle(), intensity = layer.macs_per_dram_byte();
  ordered_json json{{"cycles", layer.cycles},
                    {"causes", std::move(causes)},
                    {"instructions", layer.instructions},
                    {"folds", layer.folds},
                    {"macs", layer.macs},
                    {"utilization", layer.utilization},
                    {"vector_cycles", layer.vector_cycles},
                    {"sram_read_bytes", layer.sram_bytes_read},
                    {"sram_written_bytes", layer.sram_bytes_written},
                    {"dram_read_bytes", layer.dram_bytes_read},
                    {"dram_written_bytes", layer.dram_bytes_written}};
  if (layer.fused) {
    const fused::Counters& c = layer.fused_counters;
    json["fused"] = {{"words", c.words},
                     {"terms", c.terms},
                     {"list_stalls", c.list_stalls},
                     {"queue_stalls", c.queue_stalls},
                     {"output_stalls", c.output_stalls},
                     {"survivors", c.survivors},
                     {"products", c.products},
                     {"live_products", c.live_products},
                     {"predictor_additions", c.predictor_additions},
                     {"composer_products", c.composer_products}};
  }
  if (rate) {
    json["dram_bytes_per_cycle"] = *rate;
    json["dram_gbps"] = gigabytes_per_second(*rate, machine);
  }
  if (intensity) json["macs_per_dram_byte"] = *intensity;
  if (layer.digest) json["digest"] = hex(*layer.digest);
  return json;
}

nlohmann::ordered_json machine_json(const Machine& machine) {
  const isa::ArrayConfig& array = machine.core.array;
  nlohmann::ordered_json json{{"array", isa::describe(array)},
                              {"rows", array.rows},
                              {"cols", array.cols},
                              {"accumulators", isa::name_in(isa::accumulator_names(), array.accumulators)},
                              {"folds", isa::name_in(isa::fold_overlap_names(), array.folds)},
                              {"fuse_links", array.fuse_links},
                              {"broadcast_stages", array.broadcast_stages},
                              {"memory", describe_memory(machine.config.memory)},
                              {"frequency_mhz", machine.config.frequency_mhz}};
  for (const isa::machine::Pad pad :
       {isa::machine::Pad::activations, isa::machine::Pad::weights, isa::machine::Pad::outputs}) {
    const isa::machine::ScratchpadConfig& config = machine.core.pad(pad);
    json["scratchpads"][isa::machine::name(pad)] = {
        {"bytes", config.bytes}, {"banks", config.banks}, {"width", config.width}, {"ports", config.ports}};
  }
  return json;
}

void print_json(std::ostream& out, const isa::machine::Program& program, const Machine& machine,
                const run::MachineAccount& account, const std::string& fidelity) {
  using nlohmann::ordered_json;
  ordered_json document{{"network", program.network}};
  document.update(machine_json(machine));
  document["dataflows"] = dataflows(account);
  document["fidelity"] = fidelity;
  document.update(layer_json(account.total, machine.config));
  document["dram_peak_bytes_per_cycle"] = account.dram_peak_bytes_per_cycle;
  document["dram_peak_gbps"] = gigabytes_per_second(account.dram_peak_bytes_per_cycle, machine.config);
  if (account.row_hit_rate) document["row_hit_rate"] = *account.row_hit_rate;
  for (std::uint32_t p = 0; p < isa::machine::pad_count; ++p) {
    document["peak_bytes"][isa::machine::name(static_cast<isa::machine::Pad>(p))] = account.peak_bytes[p];
  }
  ordered_json layers = ordered_json::array();
  for (const MachineLayer& layer : account.layers) {
    ordered_json entry{{"name", layer.name},
                       {"dataflow", dataflow_of(layer)},
                       {"lines_per_row", layer.lines_per_row},
                       {"start", layer.start},
                       {"end", layer.end}};
    entry.update(layer_json(layer, machine.config));
    layers.push_back(std::move(entry));
  }
  document["layers"] = std::move(layers);
  out << document.dump(2) << '\n';
}

}  // namespace

std::string describe_memory(const accelerator::MemoryConfig& memory) {
  if (memory.standard != "fixed") return memory.standard;
  return fmt::format("fixed {} GB/s after {} ns", memory.fixed_gigabytes_per_second, memory.fixed_latency_ns);
}

void print_run(std::ostream& out, report::Format format, const isa::machine::Program& program,
               const config::MachineConfig& machine, const run::MachineAccount& account, const std::string& fidelity) {
  const Machine resolved{machine, config::core_of(machine)};
  if (format == report::Format::json) {
    print_json(out, program, resolved, account, fidelity);
  } else {
    report::write(out, run_table(program, resolved, account, fidelity, format == report::Format::table), format);
  }
}

void warn_of_unstored(const std::string& file, const isa::machine::Program& program) {
  for (const isa::machine::Unstored& unstored : isa::machine::unstored_outputs(program)) {
    const isa::machine::Section& section = program.sections[unstored.section];
    std::cerr << fmt::format(
        "fusesim: {}: section {} ({}) is output, but {} of its {} bytes are never stored; look whether the program is "
        "cut short\n",
        file, unstored.section, section.name, unstored.bytes, section.bytes);
  }
}

void print_plan(std::ostream& out, report::Format format, const tile::Compiled& compiled,
                const config::MachineConfig& machine) {
  const bool fused = std::any_of(compiled.layers.begin(), compiled.layers.end(),
                                 [](const tile::LayerPlan& layer) { return layer.words > 0; });
  report::Table table("Plan of " + title(compiled.program.network, {machine, config::core_of(machine)}),
                      {{"layer", "", "Layer"},
                       {"macs", "", "Useful multiply-accumulates"},
                       {"tiles", "", "Pieces that the layer is cut into"},
                       {"loop_order", "", "What the outer loop goes over (docs/compiler.md)"},
                       {"load_bytes", "bytes", "To be read from DRAM"},
                       {"store_bytes", "bytes", "To be written to DRAM"},
                       {"list_bytes", "bytes", "Of load_bytes: lists and records of predicted blocks", 3, !fused},
                       {"words", "", "Broadcast in the fused unit", 3, !fused},
                       {"products", "", "Multiplications by composed weights", 3, !fused},
                       {"estimated_cycles", "", "Of the cost model that chose the tiling", 0},
                       {"estimated_stall", "", "Of these, cycles in which the array would wait for memory", 0}});
  tile::LayerPlan total;
  for (const tile::LayerPlan& layer : compiled.layers) {
    table.add_row({layer.name, layer.macs, std::uint64_t{layer.tiles}, layer.loop_order, layer.load_bytes,
                   layer.store_bytes, layer.list_bytes, layer.words, layer.products, layer.estimated_cycles,
                   layer.estimated_stall});
    total.macs += layer.macs;
    total.tiles += layer.tiles;
    total.load_bytes += layer.load_bytes;
    total.store_bytes += layer.store_bytes;
    total.list_bytes += layer.list_bytes;
    total.words += layer.words;
    total.products += layer.products;
    total.estimated_cycles += layer.estimated_cycles;
    total.estimated_stall += layer.estimated_stall;
  }
  if (format == report::Format::table) {
    table.add_row({"total", total.macs, std::uint64_t{total.tiles}, "", total.load_bytes, total.store_bytes,
                   total.list_bytes, total.words, total.products, total.estimated_cycles, total.estimated_stall});
    table.add_note("Bytes are what the DMA will count, exactly; cycles are what the compiler believes.");
  }
  report::write(out, table, format);
}

}  // namespace fusesim::cli
