// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace fusesim::sweep {

namespace {

/// Everything of a point but network, variant and array: one figure each.
std::string mode_file_name(const Point& p) {
  std::string name(model_name(p));
  if (!p.formula) {
    name += fmt::format("_{}_{}_{}", sweep::name(p.hardware.folds), sweep::name(p.hardware.accumulators),
                        sweep::name(p.hardware.dw_mapping));
    if (p.hardware.packing) name += "_packed";
    if (p.hardware.memory) {
      std::string sizes = config::text(p.hardware.memory->scratchpads);
      std::replace(sizes.begin(), sizes.end(), '/', '-');
      name += "_" + sweep::name(p.hardware.memory) + "_" + sizes;
    }
  }
  return p.fuse_links ? name : name + "_nolinks";
}

std::string mode_title(const Point& p) {
  std::string title(model_name(p));
  if (!p.formula) {
    title += fmt::format(", {} folds, {} accumulators, {} depthwise{}", name(p.hardware.folds),
                         name(p.hardware.accumulators), name(p.hardware.dw_mapping),
                         p.hardware.packing ? ", packed rows" : "");
    if (p.hardware.memory) {
      title +=
          fmt::format(", {}, scratchpads {}", name(p.hardware.memory), config::text(p.hardware.memory->scratchpads));
    }
  }
  return p.fuse_links ? title : title + ", no FuSe links";
}

template <typename Panels>
typename Panels::value_type& panel_of(Panels& panels, const std::string& title) {
  const auto found = std::find_if(panels.begin(), panels.end(), [&](const auto& p) { return p.title == title; });
  if (found != panels.end()) return *found;
  panels.push_back({title, {}});
  return panels.back();
}

LineFigure speedup_figure(const std::vector<const Row*>& rows) {
  LineFigure figure;
  figure.title = "Speedup over the baseline network (column depthwise)\n" + mode_title(rows.front()->point);
  figure.x_label = "rows and columns of the array";
  figure.y_label = "speedup";
  for (const Row* row : rows) {
    if (row->point.rows != row->point.cols || !row->speedup) continue;
    auto& panel = panel_of(figure.panels, row->point.network);
    auto series = std::find_if(panel.series.begin(), panel.series.end(),
                               [&](const Series& s) { return s.label == row->point.variant; });
    if (series == panel.series.end()) {
      panel.series.push_back({row->point.variant, {}});
      series = std::prev(panel.series.end());
    }
    series->points.emplace_back(row->point.rows, *row->speedup);
  }
  for (auto& panel : figure.panels) {
    for (Series& series : panel.series) std::sort(series.points.begin(), series.points.end());
  }
  return figure;
}

/// Everything of a point with a fixed memory but network, variant and bandwidth: one figure each.
struct BandwidthMode {
  std::string file_name, title;
};

BandwidthMode bandwidth_mode(const Row& row) {
  Point others = row.point;
  const std::string sizes = config::text(others.hardware.memory->scratchpads);
  others.hardware.memory.reset();
  std::string file_sizes = sizes;
  std::replace(file_sizes.begin(), file_sizes.end(), '/', '-');
  return {fmt::format("bandwidth_{}_{}_{}x{}", mode_file_name(others), file_sizes, others.rows, others.cols),
          fmt::format("Speedup over the baseline, {}x{}, scratchpads {}\n{}", others.rows, others.cols, sizes,
                      mode_title(others))};
}

LineFigure bandwidth_figure(const std::vector<const Row*>& rows) {
  LineFigure figure;
  figure.title = bandwidth_mode(*rows.front()).title;
  figure.x_label = "GB/s that the memory moves";
  figure.y_label = "speedup";
  for (const Row* row : rows) {
    if (!row->speedup) continue;
    auto& panel = panel_of(figure.panels, row->point.network);
    auto series = std::find_if(panel.series.begin(), panel.series.end(),
                               [&](const Series& s) { return s.label == row->point.variant; });
    if (series == panel.series.end()) {
      panel.series.push_back({row->point.variant, {}});
      series = std::prev(panel.series.end());
    }
    series->points.emplace_back(row->point.hardware.memory->gigabytes_per_second, *row->speedup);
  }
  for (auto& panel : figure.panels) {
    for (Series& series : panel.series) std::sort(series.points.begin(), series.points.end());
  }
  return figure;
}

bool spans_sizes(const LineFigure& figure) {
  return std::any_of(figure.panels.begin(), figure.panels.end(), [](const auto& panel) {
    return std::any_of(panel.series.begin(), panel.series.end(), [](const Series& s) { return s.points.size() > 1; });
  });
}

std::vector<std::string> part_labels(const Result& result) {
  if (!result.machine) return {"compute", "fill", "drain", "idle"};
  std::vector<std::string> labels;
  for (std::uint32_t cause = 0; cause < control::machine::cause_count; ++cause) {
    labels.emplace_back(control::machine::name(static_cast<control::machine::Cause>(cause)));
  }
  return labels;
}

BarFigure cycles_figure_of(const std::vector<const Row*>& rows) {
  const auto is_64 = [](const Row* row) { return row->point.rows == 64 && row->point.cols == 64; };
  const auto chosen = std::find_if(rows.begin(), rows.end(), is_64);
  const Point& array = (chosen == rows.end() ? rows.front() : *chosen)->point;
  BarFigure figure;
  figure.title =
      fmt::format("Where the cycles go at {}x{}; above each bar its cycles and the share of the multipliers in use\n{}",
                  array.rows, array.cols, mode_title(array));
  figure.y_label = "thousand cycles";
  figure.part_labels = part_labels(rows.front()->result);
  for (const Row* row : rows) {
    if (row->point.rows != array.rows || row->point.cols != array.cols) continue;
    panel_of(figure.panels, row->point.network)
        .bars.push_back(cycles_bar(row->point.variant, row->result, row->utilization));
  }
  return figure;
}

}  // namespace

BarFigure::Bar cycles_bar(const std::string& label, const Result& result, double utilization) {
  const auto thousands = [](std::uint64_t cycles) { return static_cast<double>(cycles) / 1000.0; };
  std::vector<double> parts;
  if (result.machine) {
    for (const std::uint64_t cycles : result.machine->causes) parts.push_back(thousands(cycles));
  } else {
    const array::CycleBreakdown& b = result.breakdown.value();
    parts = {thousands(b.compute), thousands(b.fill), thousands(b.drain), thousands(b.idle)};
  }
  return {label, std::move(parts), fmt::format("{:.0f}\n{:.0f} %", thousands(result.cycles), 100 * utilization)};
}

std::vector<std::pair<std::string, std::string>> sweep_figures(const std::vector<Row>& rows) {
  std::map<std::string, std::vector<const Row*>> modes;
  for (const Row& row : rows) modes[mode_file_name(row.point)].push_back(&row);
  std::vector<std::pair<std::string, std::string>> scripts;
  for (const auto& [mode, members] : modes) {
    const LineFigure speedups = speedup_figure(members);
    if (spans_sizes(speedups)) {
      const std::string name = "speedup_" + mode;
      scripts.emplace_back(name, gnuplot_script(speedups, name));
    }
    if (!members.front()->point.formula) {
      const std::string name = "cycles_" + mode;
      scripts.emplace_back(name, gnuplot_script(cycles_figure_of(members), name));
    }
  }
  std::map<std::string, std::vector<const Row*>> by_bandwidth;
  for (const Row& row : rows) {
    const std::optional<Memory>& memory = row.point.hardware.memory;
    if (memory && memory->standard == "fixed") by_bandwidth[bandwidth_mode(row).file_name].push_back(&row);
  }
  for (const auto& [name, members] : by_bandwidth) {
    const LineFigure figure = bandwidth_figure(members);
    if (spans_sizes(figure)) scripts.emplace_back(name, gnuplot_script(figure, name));
  }
  return scripts;
}

}  // namespace fusesim::sweep
