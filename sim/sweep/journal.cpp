// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/journal.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace fusesim::sweep {

namespace {

/// "key cycles macs compute fill drain idle", the point in plain columns, and the digest of it all. Where there is a
/// memory, idle is the other causes and the traffic, joined by colons.
std::string heading() {
  return fmt::format(
      "# finished points of a fusesim sweep; delete this file to compute them again\n"
      "# key cycles macs compute fill drain idle {} digest\n"
      "# with a DRAM, idle is conflict:load:vector:store:control:dram_read:dram_written, and {} follow packing\n",
      plain_columns, plain_memory_columns);
}

/// The causes and counts of a machine's result that stand joined by colons. A sweep's points have no fused unit:
/// predict and stall are 0.
template <typename Machine>
auto joined_fields(Machine& machine) {
  using control::machine::Cause;
  const auto cause = [&machine](Cause which) { return &machine.causes[static_cast<std::size_t>(which)]; };
  return std::array{cause(Cause::conflict), cause(Cause::load),       cause(Cause::vector),       cause(Cause::store),
                    cause(Cause::control),  &machine.dram_bytes_read, &machine.dram_bytes_written};
}

/// "key cycles macs compute fill drain idle", or dashes for the breakdown a formula has not.
std::string payload(std::uint64_t point_key, const Result& result) {
  std::string text = fmt::format("{:016x} {} {}", point_key, result.cycles, result.macs);
  if (result.machine) {
    const auto& causes = result.machine->causes;
    std::string joined;
    for (const std::uint64_t* field : joined_fields(*result.machine)) {
      joined += fmt::format("{}{}", joined.empty() ? "" : ":", *field);
    }
    return text + fmt::format(" {} {} {} {}", causes[0], causes[1], causes[2], joined);
  }
  if (!result.breakdown) return text + " - - - -";
  const array::CycleBreakdown& b = *result.breakdown;
  return text + fmt::format(" {} {} {} {}", b.compute, b.fill, b.drain, b.idle);
}

/// The figures of a payload whose digest was right: only another program could have written anything else. The plain
/// columns after them are for people; the key says the same.
std::optional<std::pair<std::uint64_t, Result>> parse(std::string_view text) {
  std::array<std::string_view, 7> fields;
  for (std::string_view& field : fields) {
    const std::size_t space = text.find(' ');
    field = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  const auto number = [](std::string_view field, int base, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, base);
    return error == std::errc{} && end == field.data() + field.size();
  };
  std::uint64_t point_key = 0;
  Result result;
  if (!number(fields[0], 16, point_key) || !number(fields[1], 10, result.cycles) ||
      !number(fields[2], 10, result.macs)) {
    return std::nullopt;
  }
  if (fields[3] == "-") return std::pair{point_key, result};
  if (fields[6].find(':') != std::string_view::npos) {
    MachineResult& machine = result.machine.emplace();
    std::string_view rest = fields[6];
    for (std::uint64_t* field : joined_fields(machine)) {
      const std::size_t colon = rest.find(':');
      if (!number(rest.substr(0, colon), 10, *field)) return std::nullopt;
      rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
    if (!rest.empty() || !number(fields[3], 10, machine.causes[0]) || !number(fields[4], 10, machine.causes[1]) ||
        !number(fields[5], 10, machine.causes[2])) {
      return std::nullopt;
    }
    return std::pair{point_key, result};
  }
  array::CycleBreakdown breakdown;
  if (!number(fields[3], 10, breakdown.compute) || !number(fields[4], 10, breakdown.fill) ||
      !number(fields[5], 10, breakdown.drain) || !number(fields[6], 10, breakdown.idle)) {
    return std::nullopt;
  }
  result.breakdown = breakdown;
  return std::pair{point_key, result};
}

}  // namespace

Journal::Journal(const std::filesystem::path& directory)
    : file_(directory, "journal.txt", heading(), [this](std::string_view line) {
        const auto entry = parse(line);
        if (entry) results_.insert_or_assign(entry->first, entry->second);
        return entry.has_value();
      }) {}

std::optional<Result> Journal::find(const Point& point) const {
  const auto found = results_.find(key(point));
  if (found == results_.end()) return std::nullopt;
  return found->second;
}

void Journal::append(const Point& point, const Result& result) {
  file_.append(payload(key(point), result) + " " + plain(point));
}

}  // namespace fusesim::sweep
