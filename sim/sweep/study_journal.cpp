// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/study_journal.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace fusesim::sweep {

namespace {

constexpr std::string_view heading =
    "# finished points of the comparison with the ARCHON study; delete this file to compute them again\n"
    "# cycles:causes:dram_bytes:peak_weight_bytes:counters version point digest\n";

/// All figures, in the order in which they stand joined by colons.
std::vector<std::uint64_t*> fields(study::Result& result) {
  std::vector<std::uint64_t*> all{&result.cycles};
  for (std::uint64_t& cause : result.causes) all.push_back(&cause);
  fused::Counters& c = result.fused;
  all.insert(all.end(), {&result.dram_bytes, &result.peak_weight_bytes, &c.words, &c.terms, &c.list_stalls,
                         &c.queue_stalls, &c.output_stalls, &c.survivors, &c.products, &c.live_products,
                         &c.predictor_additions, &c.composer_products});
  return all;
}
static_assert(sizeof(study::Result) == (1 + control::machine::cause_count + 2 + 10) * sizeof(std::uint64_t),
              "fields() names every figure of a result");

std::string description(const study::Point& point) {
  return fmt::format("{} {}", study::figures_version, study::describe(point));
}

}  // namespace

StudyJournal::StudyJournal(const std::filesystem::path& directory)
    : file_(directory, "archon_journal.txt", heading, [this](std::string_view line) { return read(line); }) {}

bool StudyJournal::read(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return false;
  study::Result result;
  const char* at = line.data();
  const char* const end = line.data() + space;
  for (std::uint64_t* field : fields(result)) {
    if (field != &result.cycles && (at == end || *at++ != ':')) return false;
    const auto [after, error] = std::from_chars(at, end, *field);
    if (error != std::errc{}) return false;
    at = after;
  }
  if (at != end) return false;
  results_.insert_or_assign(std::string(line.substr(space + 1)), result);
  return true;
}

std::optional<study::Result> StudyJournal::find(const study::Point& point) const {
  const auto found = results_.find(description(point));
  if (found == results_.end()) return std::nullopt;
  return found->second;
}

void StudyJournal::append(const study::Point& point, const study::Result& result) {
  study::Result copy = result;
  std::string figures;
  for (const std::uint64_t* field : fields(copy)) figures += fmt::format("{}{}", figures.empty() ? "" : ":", *field);
  file_.append(figures + " " + description(point));
}

}  // namespace fusesim::sweep
