// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "hw/isa/nearest.h"
#include "hw/isa/write_file.h"
#include "sim/sweep/archon_session.h"
#include "sim/sweep/figures.h"
#include "sim/sweep/journal.h"
#include "sim/sweep/paper.h"
#include "sim/sweep/progress.h"
#include "sim/sweep/rows.h"
#include "sim/sweep/runner.h"

namespace fusesim::sweep {

namespace {

/// CSV and JSON of one report.
void write_report(const std::filesystem::path& directory, const std::string& name, const report::Table& table) {
  isa::write_file(directory / (name + ".csv"), report::text_of(table, report::Format::csv));
  isa::write_file(directory / (name + ".json"), report::text_of(table, report::Format::json));
}

using Scripts = std::vector<std::pair<std::string, std::string>>;

/// What a kind of sweep makes of its results.
struct Product {
  std::string printed;
  std::vector<std::pair<std::string, report::Table>> files;  ///< By name without ending.
  Scripts figures;
};

void check_paper(const std::string& paper) {
  constexpr std::array<std::string_view, 2> papers{"fuseconv", "archon"};
  if (std::find(papers.begin(), papers.end(), paper) == papers.end()) {
    throw UsageError(fmt::format("--paper: unknown value '{}'{}", paper, names::suggestion(paper, papers)));
  }
}

Product paper_product(const std::vector<Point>& points, const Results& results, report::Format format) {
  const PaperComparison comparison = compare_with_paper(results);
  const report::Table joint = joint_report(comparison);
  Product product;
  product.printed = format == report::Format::table ? report::text_of(speedup_report(comparison), format) + "\n" +
                                                          report::text_of(size_report(comparison), format)
                                                    : report::text_of(joint, format);
  product.files = {{"paper", joint}, {"paper_points", to_report(make_rows(points, results))}};
  product.figures = {{"paper_speedup_by_size", gnuplot_script(size_figure(comparison), "paper_speedup_by_size")},
                     {"paper_cycles", gnuplot_script(cycles_figure(results), "paper_cycles")}};
  return product;
}

/// The columns that were asked for.
report::Table chosen(const report::Table& table, const std::string& columns) {
  if (columns.empty()) return table;
  std::vector<std::string> names;
  for (const std::string_view name : split("--columns", columns)) names.emplace_back(name);
  try {
    return table.select(names);
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("--columns: {}", error.what()));
  }
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

Product sweep_product(const Expansion& expansion, const Results& results, const Request& request) {
  const std::vector<Row> rows = make_rows(expansion.points, results);
  report::Table table = to_report(rows);
  for (const auto& [rule, count] : expansion.skipped) {
    table.add_note(fmt::format("Left out {}: {}.", counted(count, "combination"), rule));
  }
  Product product;
  product.printed = report::text_of(chosen(table, request.columns), request.format);
  product.files = {{"sweep", table}};
  product.figures = sweep_figures(rows);
  return product;
}

/// Refuses a directory that holds another sweep's tables and figures, which would be replaced without a word; they stay
/// until the user removes them. A paper's files have names of their own.
void claim(const std::filesystem::path& directory, const Expansion& expansion) {
  std::string request = "# the points of sweep.csv; another sweep needs another --out\n";
  const bool with_memory = std::any_of(expansion.points.begin(), expansion.points.end(),
                                       [](const Point& point) { return point.hardware.memory.has_value(); });
  request += fmt::format("# {}{}{}\n", plain_columns, with_memory ? " " : "", with_memory ? plain_memory_columns : "");
  for (const Point& point : expansion.points) request += plain(point) + "\n";
  const std::filesystem::path path = directory / "sweep.points.txt";
  std::ifstream file(path, std::ios::binary);
  if (!file) return isa::write_file(path, request);
  const std::string held{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (held == request) return;
  throw UsageError(fmt::format("--out: {} holds another sweep; choose another directory, or delete {} to replace it",
                               directory.string(), path.string()));
}

/// The rows of a sweep that can be told already: their points are finished, their references too or infeasible.
std::vector<Row> finished_rows(const std::vector<Point>& points, const RunOutcome& outcome) {
  const auto settled = [&outcome](const Point& point) {
    return outcome.results.contains(describe(point)) || outcome.infeasible.contains(describe(point));
  };
  std::vector<Point> finished;
  for (const Point& point : points) {
    const std::vector<Point> needed = with_references({point});
    if (outcome.results.contains(describe(point)) && std::all_of(needed.begin(), needed.end(), settled)) {
      finished.push_back(point);
    }
  }
  return make_rows(finished, outcome.results);
}

/// Takes the points that cannot be compiled out of the expansion, and says so, and which rows have no speedup for lack
/// of a reference. Throws std::runtime_error when no point is left.
void leave_out_infeasible(Expansion& expansion, const RunOutcome& outcome, std::ostream& messages) {
  if (outcome.infeasible.empty()) return;
  const auto reason = [&outcome](const Point& point) -> const std::string* {
    const auto found = outcome.infeasible.find(describe(point));
    return found == outcome.infeasible.end() ? nullptr : &found->second;
  };
  std::vector<Point>& points = expansion.points;
  const auto first = std::find_if(points.begin(), points.end(), reason);
  if (first != points.end()) {
    const std::string why = fmt::format("{}: {}", in_words(*first), *reason(*first));
    const auto count = std::erase_if(points, reason);
    if (points.empty()) throw std::runtime_error("no point of this sweep can be compiled; the first is " + why);
    expansion.skipped["the network cannot be compiled for the machine"] += count;
    messages << fmt::format("fusesim: Left out {} that cannot be compiled; the first is {}\n",
                            counted(count, "combination"), why);
  }
  std::size_t without = 0;
  std::string why;
  for (const Point& point : points) {
    const std::vector<Point> needed = with_references({point});
    const auto missing = std::find_if(needed.begin(), needed.end(), reason);
    if (missing == needed.end()) continue;
    if (without++ == 0) why = fmt::format("{}: {}", in_words(*missing), *reason(*missing));
  }
  if (without > 0) {
    messages << fmt::format("fusesim: {} without a speedup, because the baseline cannot be compiled; the first is {}\n",
                            counted(without, "row"), why);
  }
}

/// False when told to stop before the last figure; without gnuplot the figures are left out and the rest stands.
bool draw_all(const Scripts& figures, const std::filesystem::path& directory, std::ostream& messages,
              const std::atomic<bool>& stop) {
  for (const auto& [name, script] : figures) {
    if (stop) return false;
    try {
      draw(script, name, directory);
    } catch (const std::runtime_error& error) {
      if (stop) return false;  // The interrupt key reaches gnuplot too.
      messages << "fusesim: figures are not drawn: " << error.what() << '\n';
      return true;
    }
  }
  return true;
}

}  // namespace

Ending run_session(const Request& request, std::ostream& out, std::ostream& messages, bool messages_is_terminal,
                   const std::atomic<bool>& stop) {
  Expansion expansion;
  std::vector<Point> points;
  if (request.paper) {
    check_paper(*request.paper);
    if (*request.paper == "archon") return run_archon_session(request, out, messages, messages_is_terminal, stop);
    points = paper_points();
  } else {
    static_cast<void>(chosen(to_report({}), request.columns));  // A mistake is told before hours of work, not after.
    expansion = expand(parse_axes(request.axes));
    points = with_references(expansion.points);
  }
  std::optional<Journal> journal;
  if (!request.out_directory.empty()) journal.emplace(request.out_directory);
  if (journal && !request.paper) claim(request.out_directory, expansion);
  if (journal) journal->file().tell_damage(messages);
  std::optional<ProgressBar> bar;
  if (messages_is_terminal) bar.emplace(messages);

  RunOptions options;
  options.threads = request.threads;
  options.journal = journal ? &*journal : nullptr;
  options.stop = &stop;
  if (bar) options.progress = [&bar](std::size_t done, std::size_t total) { bar->update(done, total); };
  const RunOutcome outcome = run(points, options);
  bar.reset();
  const std::string table_name = request.paper ? "paper_points" : "sweep";
  const std::filesystem::path partial = request.out_directory / (table_name + ".partial.csv");
  if (outcome.missing > 0) {
    const std::size_t settled = outcome.results.size() + outcome.infeasible.size();
    if (journal) {
      const auto rows = finished_rows(request.paper ? points : expansion.points, outcome);
      isa::write_file(partial, report::text_of(to_report(rows), report::Format::csv));
    }
    messages << interrupted_line(settled, settled + outcome.missing, journal ? partial : std::filesystem::path());
    return Ending::interrupted;
  }
  leave_out_infeasible(expansion, outcome, messages);
  const Product product = request.paper ? paper_product(points, outcome.results, request.format)
                                        : sweep_product(expansion, outcome.results, request);
  if (journal) {
    for (const auto& [name, table] : product.files) write_report(request.out_directory, name, table);
    std::filesystem::remove(partial);
    if (request.figures && !draw_all(product.figures, request.out_directory, messages, stop)) {
      messages << fmt::format("fusesim: interrupted while drawing; the same command with --out {} draws the rest\n",
                              request.out_directory.string());
      return Ending::interrupted;
    }
  }
  out << product.printed;
  return Ending::finished;
}

}  // namespace fusesim::sweep
