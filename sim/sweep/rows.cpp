// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fusesim::sweep {

double utilization(const Point& point, const Result& result) {
  return static_cast<double>(result.macs) /
         (static_cast<double>(point.rows) * static_cast<double>(point.cols) * static_cast<double>(result.cycles));
}

std::vector<Row> make_rows(const std::vector<Point>& points, const Results& results) {
  const auto speedup = [&](const Point& over, const Result& result) -> std::optional<double> {
    const auto found = results.find(describe(over));
    if (found == results.end()) return std::nullopt;
    return static_cast<double>(found->second.cycles) / static_cast<double>(result.cycles);
  };
  std::vector<Row> rows;
  rows.reserve(points.size());
  for (const Point& point : points) {
    const auto found = results.find(describe(point));
    if (found == results.end()) throw std::logic_error("make_rows: no result for " + describe(point));
    Row row{point, found->second, speedup(reference(point, DepthwiseMapping::column), found->second), {}, 0};
    if (!point.formula) row.speedup_over_row = speedup(reference(point, DepthwiseMapping::row), row.result);
    row.utilization = utilization(point, row.result);
    rows.push_back(std::move(row));
  }
  return rows;
}

namespace {

using control::machine::Cause;

template <typename T>
report::Cell cell_if(bool present, T value) {
  report::Cell cell;
  if (present) cell = std::move(value);
  return cell;
}

}  // namespace

report::Table to_report(const std::vector<Row>& rows) {
  // Columns that say nothing when every memory is ideal are left out of a terminal's table.
  const bool ideal =
      std::none_of(rows.begin(), rows.end(), [](const Row& row) { return row.point.hardware.memory.has_value(); });
  report::Table table(
      "Cycles and speedups",
      {{"network", "", "Name in the zoo; input as published"},
       {"variant", "", "Which depthwise layers are replaced by FuSe layers"},
       {"rows", "PEs", "Rows of the array"},
       {"cols", "PEs", "Columns of the array"},
       {"model", "", "simulated, or a published formula (docs/models.md)"},
       {"fuse_links", "", "Row broadcast wires present; without them FuSe layers run as depthwise layers"},
       {"accumulators", "", "Accumulators of a processing element"},
       {"folds", "", "serial: a fold starts when the last one has left; pipelined: as early as the hardware allows"},
       {"dw_mapping", "", "How depthwise layers lie on the array"},
       {"cycles", "", "From the first operand to the last result"},
       {"speedup", "x",
        "Over the baseline network, column depthwise, no FuSe links, same array, model, accumulators and folds", 2},
       {"utilization", "", "Useful macs / (rows * cols * cycles), 0 to 1", 4},
       {"packing", "", "Several lines of a FuSe layer share an array row"},
       {"speedup_over_row", "x", "As speedup, with the baseline's depthwise layers mapped by row", 2},
       {"compute_cycles", "", "Cycles in which sums grow"},
       {"fill_cycles", "", "Cycles in which operands only travel"},
       {"drain_cycles", "", "Cycles in which sums only leave"},
       {"idle_cycles", "", "Cycles in which nothing moves, on ideal memory"},
       {"macs", "", "Useful multiply-accumulates", 3, true},
       {"dram", "", "none: ideal memory, the array alone; fixed-N: N GB/s; else a DRAM channel", 3, ideal},
       {"scratchpads", "", "Bytes for activations/weights/outputs", 3, ideal},
       {"conflict_cycles", "", "Cycles in which the array is held for scratchpad banks", 3, ideal},
       {"load_cycles", "", "Cycles in which the array is empty, in the end because of a load", 3, ideal},
       {"vector_cycles", "", "... because of the vector unit", 3, ideal},
       {"store_cycles", "", "... because of a store", 3, ideal},
       {"control_cycles", "", "... because instructions are fetched or decoded", 3, ideal},
       {"dram_bytes_read", "bytes", "Loaded", 3, true},
       {"dram_bytes_written", "bytes", "Stored", 3, true}});
  for (const Row& row : rows) {
    const Point& p = row.point;
    const bool simulated = !p.formula;
    const auto text = [&](std::string_view value) { return cell_if(simulated, std::string(value)); };
    const std::optional<MachineResult>& machine = row.result.machine;
    const auto cause = [&](Cause which) { return machine ? machine->causes[static_cast<std::size_t>(which)] : 0; };
    array::CycleBreakdown parts = row.result.breakdown.value_or(array::CycleBreakdown{});
    if (machine) parts = {cause(Cause::compute), cause(Cause::fill), cause(Cause::drain), 0};
    const auto part = [&](std::uint64_t cycles) {
      return cell_if(row.result.breakdown.has_value() || machine.has_value(), cycles);
    };
    const auto count = [&](std::uint64_t value) { return cell_if(machine.has_value(), value); };
    table.add_row({p.network,
                   p.variant,
                   std::uint64_t{p.rows},
                   std::uint64_t{p.cols},
                   std::string(model_name(p)),
                   p.fuse_links,
                   text(name(p.hardware.accumulators)),
                   text(name(p.hardware.folds)),
                   text(name(p.hardware.dw_mapping)),
                   row.result.cycles,
                   cell_if(row.speedup.has_value(), row.speedup.value_or(0)),
                   row.utilization,
                   cell_if(simulated, p.hardware.packing),
                   cell_if(row.speedup_over_row.has_value(), row.speedup_over_row.value_or(0)),
                   part(parts.compute),
                   part(parts.fill),
                   part(parts.drain),
                   cell_if(row.result.breakdown.has_value(), parts.idle),
                   row.result.macs,
                   text(name(p.hardware.memory)),
                   cell_if(machine.has_value(), p.hardware.memory ? config::text(p.hardware.memory->scratchpads) : ""),
                   count(cause(Cause::conflict)),
                   count(cause(Cause::load)),
                   count(cause(Cause::vector)),
                   count(cause(Cause::store)),
                   count(cause(Cause::control)),
                   count(machine ? machine->dram_bytes_read : 0),
                   count(machine ? machine->dram_bytes_written : 0)});
  }
  table.add_note(
      "speedup: the baseline network with column depthwise and no FuSe links, on the same array, model, accumulators "
      "and "
      "folds, over this row.");
  table.add_note(
      "speedup_over_row: the same with the baseline's depthwise layers mapped by row, which needs no hardware.");
  if (ideal) {
    table.add_note(
        "Simulated rows time the array alone: memory and the operators between array layers cost nothing here.");
    table.add_note("compute + fill + drain + idle = cycles; formulas know no such parts.");
  } else {
    table.add_note(
        "Rows with dram none time the array alone: memory and the operators between array layers cost nothing there.");
    table.add_note(
        "Other rows run the network from DRAM to DRAM at 1000 MHz, references too; compute + fill + drain + conflict + "
        "load "
        "+ vector + store + control = cycles.");
  }
  table.add_note(ideal ? fmt::format("Figures of {}.", model_version)
                       : fmt::format("Figures of {} and {}.", model_version, machine_version));
  return table;
}

}  // namespace fusesim::sweep
