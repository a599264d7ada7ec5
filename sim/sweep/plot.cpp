// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/plot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "hw/isa/write_file.h"

namespace fusesim::sweep {

namespace {

/// Okabe and Ito's colours, told apart with any form of colour blindness; dash and mark differ as well.
constexpr std::array<std::string_view, 8> colours{"#0072B2", "#D55E00", "#009E73", "#E69F00",
                                                  "#CC79A7", "#56B4E9", "#000000", "#8C6D31"};
constexpr std::array<int, 8> marks{7, 5, 9, 13, 6, 4, 8, 12};

/// Text inside a gnuplot string in single quotes.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "''";
    } else if (c == '\n') {
      out += "'.\"\\n\".'";  // Only double quotes know escapes.
    } else {
      out += c;
    }
  }
  return out + "'";
}

/// Where panels and legend stand, in pixels of the SVG and in parts of the whole ("screen" of gnuplot).
struct Layout {
  std::size_t rows, cols;
  unsigned width, height;
  double left, right, bottom, top, gap_x, gap_y;
  bool
      legend_in_last_panel;  ///< A grid with a free corner has room for the legend there; else it stands at the bottom.

  /// `below` pixels under each panel for its axis.
  Layout(std::size_t panels, unsigned panel_height, unsigned below)
      : rows(0),
        cols(panels <= 1   ? 1
             : panels <= 4 ? 2
                           : 3) {
    rows = (panels + cols - 1) / cols;
    legend_in_last_panel = panels < rows * cols;
    const unsigned legend = legend_in_last_panel ? 0 : 60;
    width = static_cast<unsigned>(cols) * (cols == 1 ? 660U : 420U) + 20U;
    height = static_cast<unsigned>(rows) * (panel_height + below + 25U) + legend + 60U;
    left = 85.0 / width;
    right = 1.0 - 15.0 / width;
    bottom = static_cast<double>(below + legend) / height;
    top = 1.0 - 85.0 / height;
    gap_x = 85.0 / width;
    gap_y = static_cast<double>(below + 25U) / height;
  }
};

/// Opens both terminals in turn.
std::string opening(const std::string& name, const std::string& title, const Layout& layout) {
  return fmt::format(
      "do for [kind in \"svg png\"] {{\n"
      "if (kind eq \"svg\") {{\n"
      "set terminal svg size {0},{1} font 'DejaVu Sans,13' background rgb 'white' noenhanced\n"
      "}} else {{\n"
      "set terminal pngcairo size {0},{1} font 'DejaVu Sans,10' background rgb 'white' noenhanced\n"
      "}}\n"
      "set output {2}.'.'.kind\n"
      "set multiplot layout {3},{4} margins screen {5:.4f},{6:.4f},{7:.4f},{8:.4f} spacing screen {9:.4f},{10:.4f} "
      "title "
      "{11} font ',12'\n"
      "set tics nomirror\n"
      "set border 3\n"
      "set grid y linecolor rgb '#dddddd' linetype 1\n",
      layout.width, layout.height, in_quotes(name), layout.rows, layout.cols, layout.left, layout.right, layout.bottom,
      layout.top, layout.gap_x, layout.gap_y, in_quotes(title));
}

/// The first panel draws the legend of all, in the order given or from the last entry to the first.
std::string legend(const Layout& layout, bool first, bool last_to_first) {
  if (!first) return "unset key\n";
  const std::string_view order = last_to_first ? "invert" : "noinvert";
  if (!layout.legend_in_last_panel) {
    return fmt::format("set key at screen 0.5, screen 0.02 center bottom horizontal Left reverse {} width 1\n", order);
  }
  const auto cols = static_cast<double>(layout.cols), rows = static_cast<double>(layout.rows);
  const double panel_width = (layout.right - layout.left - (cols - 1) * layout.gap_x) / cols;
  const double panel_height = (layout.top - layout.bottom - (rows - 1) * layout.gap_y) / rows;
  return fmt::format("set key at screen {:.4f}, screen {:.4f} left center vertical Left reverse {} spacing 1.4\n",
                     layout.right - panel_width, layout.bottom + panel_height / 2, order);
}

/// Room above the highest point, `room` of its height, and a readable bottom.
double ceiling(double highest, double room) {
  return highest > 0 ? highest * (1 + room) : 1.0;
}

/// Text in double quotes of a data block, where a line may not end: gnuplot breaks it at "\n".
std::string on_one_line(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return out;
}

bool is_used(const BarFigure& figure, std::size_t part) {
  return std::any_of(figure.panels.begin(), figure.panels.end(), [&](const auto& panel) {
    return std::any_of(panel.bars.begin(), panel.bars.end(), [&](const auto& bar) { return bar.parts[part] > 0; });
  });
}

}  // namespace

std::string gnuplot_script(const LineFigure& figure, const std::string& name) {
  const Layout layout(figure.panels.size(), 220, 62);
  std::string data, body;
  // One style a label, in order of appearance, and one legend for all panels.
  std::vector<std::string> labels;
  for (const auto& panel : figure.panels) {
    for (const Series& series : panel.series) {
      if (std::find(labels.begin(), labels.end(), series.label) == labels.end()) labels.push_back(series.label);
    }
  }
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    const auto& panel = figure.panels[p];
    double highest = 0;
    std::set<double> sizes;
    std::string plots;
    for (std::size_t l = 0; l < labels.size(); ++l) {
      const std::string style = fmt::format(
          "with linespoints linewidth 2 linecolor rgb '{}' dashtype {} pointtype {} "
          "pointsize 0.8",
          colours[l % colours.size()], l % 4 + 1, marks[l % marks.size()]);
      const auto series =
          std::find_if(panel.series.begin(), panel.series.end(), [&](const Series& s) { return s.label == labels[l]; });
      if (!plots.empty()) plots += ", \\\n ";
      if (series == panel.series.end()) {
        plots += fmt::format("NaN {} title {}", style, in_quotes(labels[l]));  // Keeps its place in the legend.
        continue;
      }
      const std::string block = fmt::format("$panel{}_line{}", p, l);
      data += block + " << EOD\n";
      for (const auto& [x, y] : series->points) {
        data += fmt::format("{} {:.6f}\n", x, y);
        highest = std::max(highest, y);
        sizes.insert(x);
      }
      data += "EOD\n";
      plots += fmt::format("{} using 1:2 {} title {}", block, style, in_quotes(labels[l]));
    }
    if (sizes.empty()) continue;
    std::string ticks;
    for (const double size : sizes) ticks += fmt::format("{}{}", ticks.empty() ? "" : ",", size);
    body += fmt::format(
        "set title {}\nset xlabel {}\nset ylabel {}\nset logscale x 2\nset xtics ({})\nset xrange [{}:{}]\n"
        "set yrange [0:{:.3f}]\n{}plot {}\n",
        in_quotes(panel.title), in_quotes(figure.x_label), in_quotes(figure.y_label), ticks, *sizes.begin() / 1.2,
        *sizes.rbegin() * 1.2, ceiling(highest, 0.12), legend(layout, p == 0, false), plots);
  }
  return "# Drawn by gnuplot: gnuplot " + name + ".gp\n" + data + opening(name, figure.title, layout) + body +
         "unset multiplot\nunset output\n}\n";
}

std::string gnuplot_script(const BarFigure& figure, const std::string& name) {
  const Layout layout(figure.panels.size(), 220, 105);
  std::string data, body;
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    const auto& panel = figure.panels[p];
    const std::string block = fmt::format("$panel{}", p);
    data += block + " << EOD\n";
    double highest = 0;
    std::string ticks;
    for (std::size_t b = 0; b < panel.bars.size(); ++b) {
      const auto& bar = panel.bars[b];
      // Running sums: the parts are drawn from the whole down, each over the one before.
      data += fmt::format("{}", b);
      double sum = 0;
      for (const double part : bar.parts) data += fmt::format(" {:.6f}", sum += part);
      data += " \"" + on_one_line(bar.note) + "\"\n";
      highest = std::max(highest, sum);
      ticks += fmt::format("{}{} {}", ticks.empty() ? "" : ",", in_quotes(bar.label), b);
    }
    data += "EOD\n";
    std::string plots;
    for (std::size_t part = figure.part_labels.size(); part-- > 0;) {
      if (!is_used(figure, part)) continue;
      plots += fmt::format("{} using 1:{} with boxes linecolor rgb '{}' title {}, \\\n ", block, part + 2,
                           colours[part % colours.size()], in_quotes(figure.part_labels[part]));
    }
    plots += fmt::format("{0} using 1:{1}:{2} with labels offset 0,1.4 font ',9' notitle", block,
                         figure.part_labels.size() + 1, figure.part_labels.size() + 2);
    body += fmt::format(
        "set title {}\nset ylabel {}\nset xtics rotate by 35 right font ',10' ({})\nset xrange [-0.6:{}]\n"
        "set yrange [0:{:.3f}]\n{}plot {}\n",
        in_quotes(panel.title), in_quotes(figure.y_label), ticks, static_cast<double>(panel.bars.size()) - 0.4,
        ceiling(highest, 0.25), legend(layout, p == 0, true), plots);
  }
  return "# Drawn by gnuplot: gnuplot " + name + ".gp\n" + data + opening(name, figure.title, layout) +
         "set style fill solid 1.0 noborder\nset boxwidth 0.75\n" + body + "unset multiplot\nunset output\n}\n";
}

namespace {

/// Runs gnuplot on a script inside `directory`.
void run_gnuplot(const std::filesystem::path& directory, const std::string& script) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "gnuplot.log", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  std::string program = "gnuplot", argument = script;
  const std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) throw std::runtime_error("gnuplot is not installed (Debian package gnuplot-nox)");
  if (error != 0) throw std::runtime_error("gnuplot: " + std::generic_category().message(error));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("gnuplot: " + std::generic_category().message(errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::ifstream log(directory / "gnuplot.log");
  std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
  std::replace(text.begin(), text.end(), '\n', ' ');
  throw std::runtime_error("gnuplot failed on " + script + ": " + text);
}

}  // namespace

void draw(const std::string& script, const std::string& name, const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  isa::write_file(directory / (name + ".gp"), script);
  // A folder of its own beside the results: a rename from there is atomic.
  std::string pattern = (directory / ".plot.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error(pattern + ": " + std::generic_category().message(errno));
  }
  const fs::path workshop = pattern;
  try {
    isa::write_file(workshop / (name + ".gp"), script);
    run_gnuplot(workshop, name + ".gp");
    for (const char* kind : {".svg", ".png"}) fs::rename(workshop / (name + kind), directory / (name + kind));
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(workshop, ignored);
    throw;
  }
  fs::remove_all(workshop);
}

}  // namespace fusesim::sweep
