// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/emitter.h"

#include <algorithm>
#include <utility>

namespace fusesim::tile {
namespace {

using isa::machine::Instruction;
using isa::machine::Pad;
using isa::machine::queue_count;

/// Whether two sets of runs share a byte.
bool overlap(const DramRuns& a, const DramRuns& b) {
  const auto end = [](const DramRuns& r) { return r.begin + (r.count - 1) * r.stride + r.run; };
  if (a.begin >= end(b) || b.begin >= end(a)) return false;
  if (a.count > 1 && b.count > 1 && a.stride != b.stride) {
    const DramRuns& fewer = a.count <= b.count ? a : b;
    const DramRuns& more = a.count <= b.count ? b : a;
    for (std::uint64_t i = 0; i < fewer.count; ++i) {
      if (overlap({fewer.section, fewer.begin + i * fewer.stride, fewer.run, 1, 0}, more)) return true;
    }
    return false;
  }
  const std::uint64_t stride = a.count > 1 ? a.stride : b.stride;
  if (stride == 0) return true;
  if (a.count > 1 && b.count > 1) {
    // Same stride: run i of one meets run i + k of the other, with k the whole strides between them, or one more.
    const DramRuns& low = a.begin <= b.begin ? a : b;
    const DramRuns& high = a.begin <= b.begin ? b : a;
    const std::uint64_t shift = (high.begin - low.begin) % stride, steps = (high.begin - low.begin) / stride;
    return (shift < low.run && steps < low.count) || (shift + high.run > stride && steps + 1 < low.count);
  }
  const DramRuns& many = a.count > 1 ? a : b;
  const DramRuns& one = a.count > 1 ? b : a;
  // The first run that ends after the beginning of the single one.
  const std::uint64_t index =
      one.begin < many.begin + many.run ? 0 : (one.begin - many.begin - many.run) / many.stride + 1;
  return index < many.count && many.begin + index * many.stride < one.begin + one.run;
}

}  // namespace

void Emitter::raise(Counts& counts, const Counts& to) {
  for (std::size_t q = 0; q < queue_count; ++q) counts[q] = std::max(counts[q], to[q]);
}

std::uint32_t Emitter::last_use(Pad pad, std::uint32_t address, std::uint32_t bytes) const {
  std::uint32_t last = 0;
  for (const Segment& segment : segments_[static_cast<std::size_t>(pad)]) {
    if (segment.begin >= address + bytes) break;
    if (segment.end > address) last = std::max(last, segment.last_use);
  }
  return last;
}

void Emitter::require(const PadAccess& access, Counts& waits) const {
  for (const Segment& segment : segments_[static_cast<std::size_t>(access.pad)]) {
    if (segment.begin >= access.address + access.bytes) break;
    if (segment.end <= access.address) continue;
    raise(waits, segment.writes);
    if (access.writes) raise(waits, segment.reads);
  }
}

void Emitter::require(const DramRuns& read, Counts& waits) const {
  if (read.section >= written_.size()) return;
  const std::vector<Written>& all = written_[read.section];
  // Stores complete in order: the last one that matters stands for those before it.
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const Written& w) { return overlap(w.runs, read); });
  if (last == all.rend()) return;
  std::uint32_t& wait = waits[static_cast<std::size_t>(isa::machine::Queue::store)];
  wait = std::max(wait, last->token);
}

void Emitter::note(const PadAccess& access, std::size_t queue, std::uint32_t token) {
  const auto use = static_cast<std::uint32_t>(program_.instructions.size() + 1);
  std::vector<Segment>& all = segments_[static_cast<std::size_t>(access.pad)];
  const std::uint32_t begin = access.address, end = begin + access.bytes;
  // Cut what reaches across the ends.
  const auto split = [&](std::uint32_t at) {
    const auto place = std::find_if(all.begin(), all.end(), [&](const Segment& s) { return s.end > at; });
    const auto index = place - all.begin();
    if (place == all.end() || place->begin >= at) return index;
    Segment tail = *place;
    tail.begin = at;
    place->end = at;
    all.insert(place + 1, tail);
    return index + 1;
  };
  const auto from = split(begin), to = split(end);
  if (access.writes) {
    // What came before has been waited for: one segment with a new history.
    Segment segment{begin, end, {}, {}, use};
    segment.writes[queue] = token;
    all.erase(all.begin() + from, all.begin() + to);
    all.insert(all.begin() + from, segment);
    return;
  }
  for (auto at = from; at < to; ++at) {
    all[static_cast<std::size_t>(at)].reads[queue] = token;
    all[static_cast<std::size_t>(at)].last_use = use;
  }
}

/// What is known when an instruction starts, but for its waits: all that was when the one before it in its queue did.
/// Where one of them is the fused unit's, and PEs pass from the array to the unit or back, the one before has
/// completed.
Emitter::Counts Emitter::known_before(const Instruction& instruction) const {
  const auto queue = static_cast<std::size_t>(instruction.queue());
  if (at_start_[queue].empty()) return {};
  const bool compute = instruction.queue() == isa::machine::Queue::compute;
  const bool completed = compute && (fused_last_ || instruction.is_fused());
  return completed ? at_end_[queue].back() : at_start_[queue].back();
}

/// The same with its waits, except for what it waits of one queue.
Emitter::Counts Emitter::implied(Counts known, const Counts& waits, std::size_t without) const {
  for (std::size_t q = 0; q < queue_count; ++q) {
    if (q != without && waits[q] > 0) raise(known, at_end_[q][waits[q] - 1]);
  }
  return known;
}

void Emitter::reduce(const Counts& known, Counts& waits) const {
  for (std::size_t q = 0; q < queue_count; ++q) {
    if (waits[q] > 0 && implied(known, waits, q)[q] >= waits[q]) waits[q] = 0;
  }
}

std::uint32_t Emitter::emit(Instruction instruction, std::span<const PadAccess> pads, std::span<const DramRuns> dram) {
  const auto queue = static_cast<std::size_t>(instruction.queue());
  const bool stores = instruction.queue() == isa::machine::Queue::store;
  Counts waits{};
  for (const PadAccess& access : pads) require(access, waits);
  if (!stores) {
    for (const DramRuns& runs : dram) require(runs, waits);
  }
  const Counts before = known_before(instruction);
  reduce(before, waits);

  const Counts start = implied(before, waits, queue_count);
  Counts end = start;
  if (!at_end_[queue].empty()) raise(end, at_end_[queue].back());
  const auto token = static_cast<std::uint32_t>(at_end_[queue].size() + 1);
  end[queue] = token;
  at_start_[queue].push_back(start);
  at_end_[queue].push_back(end);

  for (const PadAccess& access : pads) note(access, queue, token);
  if (stores) {
    for (const DramRuns& runs : dram) {
      if (written_.size() <= runs.section) written_.resize(runs.section + std::size_t{1});
      written_[runs.section].push_back({runs, token});
    }
  }
  if (instruction.queue() == isa::machine::Queue::compute) fused_last_ = instruction.is_fused();
  instruction.waits = waits;
  program_.instructions.push_back(std::move(instruction));
  return static_cast<std::uint32_t>(program_.instructions.size() - 1);
}

void Emitter::release(std::uint32_t instruction, Pad pad, std::uint32_t address, std::uint32_t bytes) {
  program_.instructions[instruction].releases.push_back({pad, address, bytes});
}

}  // namespace fusesim::tile
