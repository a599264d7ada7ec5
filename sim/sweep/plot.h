// SPDX-License-Identifier: Apache-2.0
// Figures drawn by gnuplot. A figure is a self-contained gnuplot script (data inside), kept beside its SVG and PNG so
// that it can be restyled without a sweep.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fusesim::sweep {

struct Series {
  std::string label;
  std::vector<std::pair<double, double>> points;  ///< (x, y), ascending x.
};

/// Lines over a logarithmic (base 2) axis of array sizes, one panel a network.
struct LineFigure {
  struct Panel {
    std::string title;
    std::vector<Series> series;
  };
  std::string title, x_label, y_label;
  std::vector<Panel> panels;
};

/// Stacked bars, one panel a network. Every bar has as many parts as there are labels; a part that is zero in every bar
/// is left out of the legend.
struct BarFigure {
  struct Bar {
    std::string label;
    std::vector<double> parts;
    std::string note;  ///< Written above the bar, one or two lines.
  };
  struct Panel {
    std::string title;
    std::vector<Bar> bars;
  };
  std::string title, y_label;
  std::vector<std::string> part_labels;
  std::vector<Panel> panels;
};

/// Scripts that write `name`.svg and `name`.png into the working directory. Equal figures give equal bytes.
[[nodiscard]] std::string gnuplot_script(const LineFigure& figure, const std::string& name);
[[nodiscard]] std::string gnuplot_script(const BarFigure& figure, const std::string& name);

/// Writes the script to `directory`/`name`.gp and runs it; the images appear whole or not at all. Throws
/// std::runtime_error when gnuplot is not installed or fails; the script stays.
void draw(const std::string& script, const std::string& name, const std::filesystem::path& directory);

}  // namespace fusesim::sweep
