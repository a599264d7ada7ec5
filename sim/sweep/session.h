// SPDX-License-Identifier: Apache-2.0
// `fusesim sweep` from its request to its files.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include "sim/report/table.h"
#include "sim/sweep/axes.h"

namespace fusesim::sweep {

struct Request {
  std::optional<std::string> paper;  ///< Compare with this paper ("fuseconv", "archon") instead of sweeping `axes`.
  AxesText axes;
  report::Format format = report::Format::table;  ///< Of what goes to standard output.
  /// Columns that go there, separated by commas; empty: the usual ones. Files have all. Not with a paper.
  std::string columns;
  /// Empty: nothing is kept. Else the directory of journal.txt, the figures, and sweep.csv and sweep.json or, for
  /// a paper, paper.csv, paper.json, paper_points.csv and paper_points.json.
  std::filesystem::path out_directory;
  bool figures = true;
  unsigned threads = 0;  ///< 0: all cores.
};

enum class Ending : std::uint8_t { finished, interrupted };

/// Writes the report to `out`; on `messages` one line when it was interrupted or a figure could not be drawn, one that
/// counts the points left out because they cannot be compiled and one that counts the rows without a speedup because
/// their reference cannot, and a progress bar if `messages_is_terminal`. Files appear whole or not at all, and depend
/// on the request alone. A session interrupted while it computes leaves its journal and the finished rows in
/// sweep.partial.csv (or paper_points.partial.csv), which the finished session removes. Throws UsageError for a wrong
/// request, or a directory that holds another sweep, and std::runtime_error when the directory cannot be used or no
/// point can be compiled. For paper "archon" see archon_session.h.
[[nodiscard]] Ending run_session(const Request& request, std::ostream& out, std::ostream& messages,
                                 bool messages_is_terminal, const std::atomic<bool>& stop);

}  // namespace fusesim::sweep
