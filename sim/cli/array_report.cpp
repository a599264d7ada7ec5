// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/array_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "hw/isa/names.h"
#include "sim/cli/units.h"

namespace fusesim::cli {
namespace {

std::string hex(std::uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

void print_json(std::ostream& out, const isa::Program& program, const run::Result& result, const std::string& fidelity,
                bool values, double mhz) {
  using nlohmann::ordered_json;
  auto breakdown = [](const control::CycleBreakdown& b) {
    return ordered_json{{"compute", b.compute}, {"fill", b.fill}, {"drain", b.drain}, {"idle", b.idle}};
  };
  ordered_json layers = ordered_json::array();
  for (const run::LayerResult& layer : result.layers) {
    ordered_json entry{{"name", layer.name},
                       {"dataflow", isa::name(layer.dataflow)},
                       {"lines_per_row", layer.lines_per_row},
                       {"start", layer.timing.start},
                       {"end", layer.timing.end},
                       {"cycles", layer.timing.cycles.total()},
                       {"folds", layer.timing.folds},
                       {"macs", layer.timing.macs},
                       {"utilization", layer.utilization},
                       {"breakdown", breakdown(layer.timing.cycles)}};
    if (values) entry["digest"] = hex(layer.digest);
    layers.push_back(std::move(entry));
  }
  const isa::ArrayConfig& array = program.array;
  ordered_json document{{"network", program.network},
                        {"array", isa::describe(array)},
                        {"rows", array.rows},
                        {"cols", array.cols},
                        {"accumulators", isa::name_in(isa::accumulator_names(), array.accumulators)},
                        {"folds", isa::name_in(isa::fold_overlap_names(), array.folds)},
                        {"fuse_links", array.fuse_links},
                        {"broadcast_stages", array.broadcast_stages},
                        {"memory", "ideal"},
                        {"frequency_mhz", mhz},
                        {"fidelity", fidelity},
                        {"cycles", result.cycles},
                        {"macs", result.macs},
                        {"utilization", result.utilization},
                        {"breakdown", breakdown(result.breakdown)}};
  if (values) document["digest"] = hex(result.digest);
  document["layers"] = std::move(layers);
  out << document.dump(2) << '\n';
}

report::Table layer_table(const isa::Program& program, const run::Result& result, const std::string& fidelity,
                          bool values, double mhz, bool with_total) {
  report::Table table(
      fmt::format("{} on {}, {} fidelity, ideal memory", program.network, isa::describe(program.array), fidelity),
      {{"layer", "", "Layer"},
       {"dataflow", "", "How the layer is laid on the array"},
       {"lines_per_row", "", "Image lines side by side in an array row (row packing)"},
       {"start", "cycle", "First operand enters"},
       {"end", "cycle", "Last sum has left"},
       {"cycles", "", "Cycles booked on the layer: from its start to the next layer's"},
       {"folds", "", "Times the array was filled"},
       {"macs", "", "Useful multiply-accumulates"},
       {"utilization", "", "macs / (rows * cols * cycles)", 4},
       {"compute", "cycles", "Sums grow"},
       {"fill", "cycles", "Operands are on their way to their PEs"},
       {"drain", "cycles", "Sums move down and nothing else happens"},
       {"idle", "cycles", "Nothing moves"},
       {"digest", "", "XXH3 of the layer's int32 sums", 3, true}});
  auto row = [&](const std::string& label, const std::string& dataflow, report::Cell lines, std::uint64_t start,
                 std::uint64_t end, std::uint64_t folds, std::uint64_t macs, double use,
                 const control::CycleBreakdown& b, std::uint64_t digest) {
    table.add_row({label, dataflow, lines, start, end, b.total(), folds, macs, use, b.compute, b.fill, b.drain, b.idle,
                   values ? report::Cell{hex(digest)} : report::Cell{}});
  };
  std::uint64_t folds = 0;
  for (const run::LayerResult& layer : result.layers) {
    row(layer.name, isa::name(layer.dataflow), std::uint64_t{layer.lines_per_row}, layer.timing.start, layer.timing.end,
        layer.timing.folds, layer.timing.macs, layer.utilization, layer.timing.cycles, layer.digest);
    folds += layer.timing.folds;
  }
  if (with_total) {
    row("total", "", {}, 0, result.cycles, folds, result.macs, result.utilization, result.breakdown, result.digest);
    table.add_note(fmt::format("{} cycles, {} at {} MHz. compute + fill + drain + idle = cycles.", result.cycles,
                               duration(result.cycles, mhz), mhz));
    if (values) table.add_note("Digest of all sums: " + hex(result.digest));
  }
  return table;
}

}  // namespace

void print_run(std::ostream& out, report::Format format, const isa::Program& program, const run::Result& result,
               const std::string& fidelity, bool values, double mhz) {
  if (format == report::Format::json) {
    print_json(out, program, result, fidelity, values, mhz);
  } else {
    const bool with_total = format == report::Format::table;
    report::write(out, layer_table(program, result, fidelity, values, mhz, with_total), format);
  }
}

}  // namespace fusesim::cli
