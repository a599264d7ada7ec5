// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/archon_session.h"

#include <array>
#include <optional>
#include <ostream>

#include "hw/isa/write_file.h"
#include "sim/study/archon.h"
#include "sim/sweep/progress.h"
#include "sim/sweep/study_journal.h"

namespace fusesim::sweep {

namespace {

/// A line a network: the others are for files.
report::Table totals_only(const report::Table& table) {
  report::Table totals(table.title(), table.columns());
  for (const auto& row : table.rows()) {
    if (std::get<std::string>(row[1]) == "total") totals.add_row(row);
  }
  for (const std::string& note : table.notes()) totals.add_note(note);
  return totals;
}

}  // namespace

Ending run_archon_session(const Request& request, std::ostream& out, std::ostream& messages, bool messages_is_terminal,
                          const std::atomic<bool>& stop) {
  const std::filesystem::path& directory = request.out_directory;
  const std::filesystem::path partial = directory / "archon_points.partial.csv";
  std::optional<StudyJournal> journal;
  if (!directory.empty()) {
    journal.emplace(directory);
    journal->file().tell_damage(messages);
  }
  study::Measured measured;
  {
    std::optional<ProgressBar> bar;
    if (messages_is_terminal) bar.emplace(messages);
    study::MeasureOptions options;
    options.stop = [&stop] { return stop.load(); };
    if (bar) options.progress = [&bar](std::size_t done, std::size_t total) { bar->update(done, total); };
    if (journal) {
      options.find = [&journal](const study::Point& point) { return journal->find(point); };
      options.keep = [&journal](const auto& point, const auto& result) { journal->append(point, result); };
    }
    measured = study::measure_all(options);
  }
  if (!measured.complete()) {
    if (journal) isa::write_file(partial, report::text_of(study::points_report(measured), report::Format::csv));
    messages << interrupted_line(measured.results.size(), study::points().size(),
                                 journal ? partial : std::filesystem::path());
    return Ending::interrupted;
  }

  const report::Table multiplications = study::multiplications_report(measured);
  const std::array<std::pair<std::string, report::Table>, 5> tables{
      {{"archon_cycles", study::cycles_report(measured)},
       {"archon_multiplications", multiplications},
       {"archon_survival", study::survival_report(measured)},
       {"archon_arrays", study::arrays_report(measured)},
       {"archon_points", study::points_report(measured)}}};
  if (!directory.empty()) {
    for (const auto& [name, table] : tables) {
      isa::write_file(directory / (name + ".csv"), report::text_of(table, report::Format::csv));
      isa::write_file(directory / (name + ".json"), report::text_of(table, report::Format::json));
    }
    std::filesystem::remove(partial);
  }
  if (request.format != report::Format::table) {
    out << report::text_of(tables[4].second, request.format);
    return Ending::finished;
  }
  out << report::text_of(tables[0].second, request.format) << '\n'
      << report::text_of(totals_only(multiplications), request.format) << '\n'
      << report::text_of(tables[2].second, request.format) << '\n'
      << report::text_of(tables[3].second, request.format);
  return Ending::finished;
}

}  // namespace fusesim::sweep
