// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/paper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "sim/sweep/figures.h"
#include "sim/sweep/rows.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::sweep {

namespace {

constexpr std::uint32_t published_side = 64;
constexpr std::array<std::uint32_t, 4> figure_sides{32, 64, 128, 256};
constexpr std::array<std::string_view, 2> figure_variants{"fuse_full", "fuse_half"};

constexpr HardwareOptions serial{isa::Accumulators::single, isa::FoldOverlap::serial, DepthwiseMapping::column, false};
constexpr HardwareOptions single{isa::Accumulators::single, isa::FoldOverlap::pipelined, DepthwiseMapping::column,
                                 false};
constexpr HardwareOptions pingpong{isa::Accumulators::pingpong, isa::FoldOverlap::pipelined, DepthwiseMapping::column,
                                   false};

HardwareOptions packed(HardwareOptions options) {
  options.packing = true;
  return options;
}

HardwareOptions mapped(HardwareOptions options, DepthwiseMapping mapping) {
  options.dw_mapping = mapping;
  return options;
}

Point simulated(std::string_view network, std::string_view variant, std::uint32_t side, HardwareOptions hardware) {
  return {std::string(network), std::string(variant), side, side, true, std::nullopt, hardware};
}

Point formula(std::string_view network, std::string_view variant, std::uint32_t side, analytic::Model model) {
  return {std::string(network), std::string(variant), side, side, true, model, {}};
}

/// The simulated points behind a line, in the order of its fields from `serial` on.
std::array<Point, 7> simulated_points(std::string_view network, std::string_view variant, std::uint32_t side) {
  const HardwareOptions row = mapped(pingpong, DepthwiseMapping::row);
  const HardwareOptions broadcast = mapped(pingpong, DepthwiseMapping::broadcast);
  return {simulated(network, variant, side, serial),
          simulated(network, variant, side, single),
          simulated(network, variant, side, pingpong),
          simulated(network, variant, side, packed(pingpong)),
          simulated(network, "baseline", side, row),
          simulated(network, "baseline", side, broadcast),
          simulated(network, "baseline", side, packed(broadcast))};
}

std::array<Point, 2> formula_points(std::string_view network, std::string_view variant, std::uint32_t side) {
  return {formula(network, variant, side, analytic::Model::authors_2020),
          formula(network, variant, side, analytic::Model::authors_released)};
}

/// Names of the networks in the paper, in its order.
std::vector<std::string> paper_networks() {
  std::vector<std::string> networks;
  for (const zoo::PublishedRow& row : zoo::published_rows()) {
    if (networks.empty() || networks.back() != row.network) networks.emplace_back(row.network);
  }
  return networks;
}

/// "6.76" has two, "1" none.
int decimals(const std::string& published) {
  const std::size_t dot = published.find('.');
  return dot == std::string::npos ? 0 : static_cast<int>(published.size() - dot - 1);
}

/// The authors' table mixes figures that were cut (5.165 printed 5.1) with figures
/// that were rounded (4.083 printed 4.1), so either counts.
bool agrees(double ours, const std::string& published) {
  const double scale = std::pow(10.0, decimals(published));
  const double printed = std::round(std::stod(published) * scale);
  return std::floor(ours * scale) == printed || std::round(ours * scale) == printed;
}

PaperLine make_line(const std::string& network, const std::string& variant, std::uint32_t side,
                    const Results& results) {
  const auto cycles = [&](const Point& point) {
    const auto found = results.find(describe(point));
    if (found == results.end()) throw std::logic_error("compare_with_paper: no result for " + describe(point));
    return static_cast<double>(found->second.cycles);
  };
  const auto speedup = [&](const Point& point) {
    return cycles(reference(point, DepthwiseMapping::column)) / cycles(point);
  };
  const auto formulas = formula_points(network, variant, side);
  const auto points = simulated_points(network, variant, side);
  PaperLine line;
  line.network = network;
  line.variant = variant;
  line.side = side;
  line.authors_2020 = speedup(formulas[0]);
  line.authors_released = speedup(formulas[1]);
  line.serial = speedup(points[0]);
  line.single = speedup(points[1]);
  line.pingpong = speedup(points[2]);
  line.pingpong_packed = speedup(points[3]);
  line.baseline_row = speedup(points[4]);
  line.baseline_broadcast = speedup(points[5]);
  line.baseline_broadcast_packed = speedup(points[6]);
  return line;
}

}  // namespace

std::vector<Point> paper_points() {
  std::vector<Point> points;
  const auto add = [&](std::string_view network, std::string_view variant, std::uint32_t side) {
    for (const Point& point : formula_points(network, variant, side)) points.push_back(point);
    for (const Point& point : simulated_points(network, variant, side)) points.push_back(point);
  };
  for (const zoo::PublishedRow& row : zoo::published_rows()) add(row.network, row.variant, published_side);
  for (const std::string& network : paper_networks()) {
    for (const std::string_view variant : figure_variants) {
      for (const std::uint32_t side : figure_sides) add(network, variant, side);
    }
  }
  return with_references(points);
}

PaperComparison compare_with_paper(const Results& results) {
  PaperComparison comparison;
  for (const zoo::PublishedRow& row : zoo::published_rows()) {
    PaperLine line = make_line(std::string(row.network), std::string(row.variant), published_side, results);
    line.published = std::string(row.speedup.substr(0, row.speedup.find('x')));
    line.matches_published = agrees(line.authors_2020, *line.published);
    comparison.table.push_back(std::move(line));
  }
  for (const std::string& network : paper_networks()) {
    for (const std::string_view variant : figure_variants) {
      for (const std::uint32_t side : figure_sides) {
        comparison.by_size.push_back(make_line(network, std::string(variant), side, results));
      }
    }
  }
  return comparison;
}

namespace {

struct Ratio {
  const char* name;
  const char* description;
  double PaperLine::*value;
};

constexpr std::array ratios{
    Ratio{"authors_2020", "Formula authors-2020, no hardware behind it (docs/models.md)", &PaperLine::authors_2020},
    Ratio{"authors_released", "Formula authors-released, no hardware behind it", &PaperLine::authors_released},
    Ratio{"sim_serial", "Simulated, one accumulator, a fold starts when the last one has left the array",
          &PaperLine::serial},
    Ratio{"sim_single", "Simulated, one accumulator, folds pipelined", &PaperLine::single},
    Ratio{"sim_pingpong", "Simulated, two accumulators, folds pipelined", &PaperLine::pingpong},
    Ratio{"sim_packed", "As sim_pingpong, several lines of a FuSe layer in an array row", &PaperLine::pingpong_packed},
    Ratio{"base_row", "As sim_pingpong, the baseline network itself, depthwise mapped by row: no extra hardware",
          &PaperLine::baseline_row},
    Ratio{"base_bcast", "As sim_pingpong, the baseline network itself, depthwise on the FuSe broadcast wires",
          &PaperLine::baseline_broadcast},
    Ratio{"base_bcast_packed", "As base_bcast, several lines of a depthwise layer in an array row",
          &PaperLine::baseline_broadcast_packed},
};

report::Table empty_report(std::string title) {
  std::vector<report::Column> columns{{"network", "", "Name in the zoo"},
                                      {"variant", "", "Which depthwise layers are replaced by FuSe layers"},
                                      {"rows", "", "Rows of the array"},
                                      {"cols", "", "Columns of the array"},
                                      {"published", "", "Printed in the paper"}};
  for (const Ratio& ratio : ratios) columns.push_back({ratio.name, "", ratio.description, 2});
  columns.push_back(
      {"authors_2020_matches", "", "authors_2020, cut or rounded to the digits printed, is published", 0, true});
  return {std::move(title), std::move(columns)};
}

void add_line(report::Table& table, const PaperLine& line, report::Cell published) {
  std::vector<report::Cell> cells{line.network, line.variant, std::uint64_t{line.side}, std::uint64_t{line.side},
                                  std::move(published)};
  for (const Ratio& ratio : ratios) cells.emplace_back(line.*ratio.value);
  cells.emplace_back();
  if (line.published) cells.back() = line.matches_published;
  table.add_row(std::move(cells));
}

void explain_columns(report::Table& table) {
  table.add_note(
      "Every figure: cycles of the unmodified baseline network with column depthwise over cycles of the line, both "
      "under "
      "the column's own model.");
  for (const Ratio& ratio : ratios) table.add_note(fmt::format("  {:<17}  {}.", ratio.name, ratio.description));
  table.add_note("base_* need no change of the network and no retraining, and are the same for all its variants.");
  table.add_note("Simulated figures time the array alone: memory and the operators between array layers cost nothing.");
  table.add_note(fmt::format("Figures of {}.", model_version));
}

/// Why a published figure is not what its formula gives.
void explain_difference(report::Table& table, const PaperComparison& comparison, const PaperLine& line) {
  std::string note = fmt::format(
      "* {} {}: printed {}x, but authors-2020 gives {:.4f} and authors-released {:.4f}: neither is {} when cut or "
      "rounded.",
      line.network, line.variant, *line.published, line.authors_2020, line.authors_released, *line.published);
  const auto half = std::find_if(comparison.table.begin(), comparison.table.end(), [&](const PaperLine& other) {
    return other.network == line.network && other.variant == "fuse_half_50";
  });
  if (half != comparison.table.end() && agrees(half->authors_2020, *line.published)) {
    note += fmt::format(" The paper's other speedups do match; {}x is its next line's, {:.4f}, cut short.",
                        *line.published, half->authors_2020);
  }
  table.add_note(std::move(note));
}

}  // namespace

report::Table speedup_report(const PaperComparison& comparison) {
  report::Table table = empty_report("FuSeConv (DATE 2021), speedup at 64x64: published, two formulas, and simulated");
  for (const PaperLine& line : comparison.table) {
    add_line(table, line, (line.matches_published ? "" : "*") + line.published.value_or("") + "x");
  }
  for (const PaperLine& line : comparison.table) {
    if (!line.matches_published) explain_difference(table, comparison, line);
  }
  explain_columns(table);
  return table;
}

report::Table size_report(const PaperComparison& comparison) {
  report::Table table = empty_report("FuSeConv's array-size figure, and the same for Half FuSe: the same columns");
  for (const PaperLine& line : comparison.by_size) add_line(table, line, {});
  return table;
}

report::Table joint_report(const PaperComparison& comparison) {
  report::Table table = empty_report("FuSeConv (DATE 2021), speedups: published, two formulas, and simulated");
  for (const PaperLine& line : comparison.table)
    add_line(table, line, report::Fixed{std::stod(*line.published), decimals(*line.published)});
  for (const PaperLine& line : comparison.by_size) {
    if (line.side != published_side) add_line(table, line, {});
  }
  for (const PaperLine& line : comparison.table) {
    if (!line.matches_published) explain_difference(table, comparison, line);
  }
  explain_columns(table);
  return table;
}

LineFigure size_figure(const PaperComparison& comparison) {
  LineFigure figure;
  figure.title =
      "Speedup over the baseline network (column depthwise)\n"
      "simulated: pipelined folds, two accumulators, no packing";
  figure.x_label = "rows and columns of the array";
  figure.y_label = "speedup";
  struct Line {
    const char *label, *variant;
    double PaperLine::*value;
  };
  // base_* are the same for every variant of a network.
  constexpr std::array lines{
      Line{"FuSe Half, simulated", "fuse_half", &PaperLine::pingpong},
      Line{"FuSe Half, formula authors-2020", "fuse_half", &PaperLine::authors_2020},
      Line{"unchanged, broadcast depthwise, simulated", "fuse_full", &PaperLine::baseline_broadcast},
      Line{"FuSe Full, simulated", "fuse_full", &PaperLine::pingpong},
      Line{"FuSe Full, formula authors-2020", "fuse_full", &PaperLine::authors_2020}};
  for (const std::string& network : paper_networks()) {
    LineFigure::Panel panel{network, {}};
    for (const auto& [label, variant, value] : lines) {
      Series series{label, {}};
      for (const PaperLine& line : comparison.by_size) {
        if (line.network == network && line.variant == variant) series.points.emplace_back(line.side, line.*value);
      }
      panel.series.push_back(std::move(series));
    }
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

BarFigure cycles_figure(const Results& results) {
  BarFigure figure;
  figure.title =
      "Where the cycles go at 64x64; above each bar its cycles and the share of the multipliers in use\n"
      "simulated, pipelined folds, ping-pong accumulators";
  figure.y_label = "thousand cycles";
  figure.part_labels = {"compute", "fill", "drain", "idle"};
  for (const std::string& network : paper_networks()) {
    BarFigure::Panel panel{network, {}};
    const std::array<std::pair<std::string, Point>, 5> bars{
        {{"baseline, column", simulated(network, "baseline", published_side, pingpong)},
         {"baseline, row", simulated(network, "baseline", published_side, mapped(pingpong, DepthwiseMapping::row))},
         {"baseline, broadcast",
          simulated(network, "baseline", published_side, mapped(pingpong, DepthwiseMapping::broadcast))},
         {"FuSe Full", simulated(network, "fuse_full", published_side, pingpong)},
         {"FuSe Half", simulated(network, "fuse_half", published_side, pingpong)}}};
    for (const auto& [label, point] : bars) {
      const Result& result = results.at(describe(point));
      panel.bars.push_back(cycles_bar(label, result, utilization(point, result)));
    }
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

}  // namespace fusesim::sweep
