// SPDX-License-Identifier: Apache-2.0
// The laws once more, one cycle after the other, with tables instead of formulas: who is at the door, which fold is
// fed, which words its feeders hold, how long the banks need, what each fold on the array is doing.
#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "hw/array/delay.h"
#include "hw/control/feed/array_instruction.h"
#include "hw/control/feed/fold_addresses.h"
#include "tests/hw/control/array_unit/script.h"

namespace fusesim::test {

namespace {

using control::machine::Cause;
using isa::machine::Compute;
using isa::machine::Pad;

struct OnArray {
  std::uint32_t instruction = 0;
  std::size_t stay = 0;  ///< Index into Outcome::folds.
  array::FoldShape shape;
  array::FoldTimes times;  ///< Array-local.
};

/// Bit sets of Cause.
unsigned activity(const OnArray& fold, const isa::ArrayConfig& config, std::uint64_t local) {
  const unsigned compute = 1, fill = 2, drain = 4;
  if (local < fold.times.start || local >= fold.times.end) return 0;
  const std::uint64_t t = local - fold.times.start;
  const std::uint32_t last = fold.shape.cols - 1;
  if (fold.shape.kind == array::FoldKind::gemm) {
    if (t == 0) return fill;
    return t < fold.shape.feed + fold.shape.rows + array::hop_delay(config, last) ? compute : drain;
  }
  const std::uint64_t spread = array::wire_delay(config, last);
  for (const array::CycleSpan& burst : fold.shape.taps) {
    if (t >= burst.begin + 1 && t < burst.end + 1 + spread) return compute;
  }
  return t <= fold.shape.feed + spread ? fill : drain;
}

/// The feeders of one edge and the words in their registers.
struct Feeders {
  const control::EdgeAddresses* edge = nullptr;
  std::map<std::uint32_t, std::int64_t> holds;

  /// Words requested in cycle t.
  std::set<std::int64_t> request(std::uint32_t t, std::uint32_t width) {
    std::set<std::int64_t> words;
    for (std::uint32_t i = 0; i < edge->feeders; ++i) {
      const std::int64_t address = edge->cycle(t)[i];
      if (address == control::no_address) continue;
      const std::int64_t word = address / width;
      if (const auto held = holds.find(i); held != holds.end() && held->second == word) continue;
      holds[i] = word;
      words.insert(word);
    }
    return words;
  }
};

}  // namespace

Outcome walk(const Script& script) {
  Outcome outcome;
  const isa::machine::CoreConfig& core = script.program.core;
  const auto count = static_cast<std::uint32_t>(script.issues.size());
  outcome.records.resize(count);
  outcome.booked.resize(count);
  array::FoldScheduler law(core.array);
  std::vector<control::FoldPlan> plans;
  for (const isa::machine::Instruction& instruction : script.program.instructions)
    plans.emplace_back(control::array_instruction(std::get<Compute>(instruction.work)), core.array);

  std::vector<std::uint64_t> completed_at(count, UINT64_MAX), left;
  for (const control::FoldPlan& plan : plans) left.push_back(plan.folds());
  std::uint32_t next_issue = 0, next_instruction = 0;  // the next fold to start is `next_fold` of `next_instruction`
  std::uint64_t next_fold = 0, last_start = 0, local = 0, empty = 0;
  std::vector<OnArray> on_array;
  control::FoldAddresses addresses;
  Feeders left_edge, other_edge;
  std::uint64_t fed_from = 0, fed_until = 0;
  std::uint32_t edges_left = 0, newest = 0;
  std::vector<std::uint64_t> empty_before;
  for (std::uint64_t now = 0;; ++now) {
    // Decisions.
    while (outcome.completed.size() < count && completed_at[outcome.completed.size()] <= now) {
      const auto done = static_cast<std::uint32_t>(outcome.completed.size());
      outcome.completed.push_back({done, completed_at[done]});
    }
    const bool ready = outcome.started.size() == next_issue && (next_issue == 0 || last_start < now);
    outcome.ready.push_back(ready);
    empty_before.push_back(empty);
    outcome.empty.push_back(empty);
    outcome.empty_earlier.push_back(empty_before[earlier_than(now)]);
    if (next_issue < count && ready && now >= script.issues[next_issue].not_before) {
      const Issue& issue = script.issues[next_issue];
      if (!issue.after || (completed_at[*issue.after] <= now && now - completed_at[*issue.after] >= issue.delay))
        outcome.issued.push_back({next_issue++, now});
    }
    if (outcome.completed.size() == count) break;

    // A local cycle begins.
    if (edges_left == 0) {
      edges_left = 1;
      if (next_instruction < next_issue) {
        const control::FoldPlan& plan = plans[next_instruction];
        const control::Fold fold = plan.fold(next_fold);
        if (law.next_start(fold.shape) <= local) {
          if (next_fold == 0) {
            newest = next_instruction;
            last_start = outcome.records[newest].start = now;
            outcome.started.push_back({newest, now});
          }
          on_array.push_back({newest, outcome.folds.size(), fold.shape, law.add(fold.shape, local)});
          outcome.folds.push_back({newest, next_fold, now, 0});
          addresses = control::fold_addresses(std::get<Compute>(script.program.instructions[newest].work), plan, fold);
          left_edge = {&addresses.left, {}};
          other_edge = {&addresses.other, {}};
          fed_from = local;
          fed_until = local + fold.shape.feed;
          if (++next_fold == plan.folds()) {
            next_fold = 0;
            ++next_instruction;
          }
        }
      }
      if (local < fed_until) {
        for (Feeders* feeders : {&left_edge, &other_edge}) {
          const Pad pad = feeders->edge->pad;
          const isa::machine::ScratchpadConfig& config = core.pad(pad);
          std::map<std::int64_t, std::uint32_t> load;
          for (const std::int64_t word : feeders->request(static_cast<std::uint32_t>(local - fed_from), config.width)) {
            const std::uint32_t in_bank = ++load[word % config.banks];
            edges_left = std::max(edges_left, (in_bank + config.ports - 1) / config.ports);
            outcome.records[newest].read_bytes[static_cast<std::size_t>(pad)] += config.width;
          }
        }
      }
    }

    // Where the cycle went.
    unsigned doing = 0;
    for (const OnArray& fold : on_array) doing |= activity(fold, core.array, local);
    if (doing == 0) {
      ++empty;
    } else {
      const Cause cause = edges_left > 1 ? Cause::conflict
                          : doing & 1U   ? Cause::compute
                          : doing & 2U   ? Cause::fill
                                         : Cause::drain;
      ++outcome.booked[newest][static_cast<std::size_t>(cause)];
      if (cause == Cause::conflict) ++outcome.records[newest].conflict_cycles;
    }
    if (--edges_left > 0) continue;
    ++local;
    for (const OnArray& fold : on_array) {
      if (fold.times.end != local) continue;
      outcome.folds[fold.stay].end = now + 1;
      --left[fold.instruction];
    }
    std::erase_if(on_array, [&](const OnArray& fold) { return fold.times.end == local; });
    // Tokens are given in order.
    for (std::uint32_t i = 0; i < count && left[i] == 0; ++i) {
      if (completed_at[i] == UINT64_MAX) completed_at[i] = outcome.records[i].end = now + 1;
    }
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const isa::ConvGeometry& g = plans[i].instruction().geometry;
    outcome.records[i].folds = plans[i].folds();
    outcome.records[i].macs = g.macs();
    outcome.records[i].written_bytes[static_cast<std::size_t>(Pad::outputs)] =
        std::uint64_t{4} * g.out_channels * g.out_height * g.out_width;
  }
  return outcome;
}

}  // namespace fusesim::test
