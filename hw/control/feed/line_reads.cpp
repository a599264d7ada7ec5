// SPDX-License-Identifier: Apache-2.0
// In a cycle every feeder that reads does so at the same offset from where its task starts. A stretch of stream in
// which the offset moves by the same step costs at most `width` different things, by where in a word the offset lies:
// it is as many of each as it has cycles at that place.
// Between stretches offsets jump, mostly farther than a word, and then every reader needs a new word. And when a cycle
// in which all feeders need a word of their own is free of conflicts, so is any part of it, and words need only be
// counted.
#include "hw/control/feed/line_reads.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace fusesim::control {

LineReads::LineReads(const isa::machine::Compute& compute, const FoldPlan& plan,
                     const isa::machine::ScratchpadConfig& pad, std::uint32_t feeders)
    : map_(compute.input),
      per_task_(plan.lines_per_task()),
      tasks_per_channel_(plan.tasks_per_channel()),
      tap_lines_(plan.tap_lines()),
      output_lines_(plan.lines()),
      filters_per_channel_(compute.geometry.out_channels / compute.geometry.groups),
      plan_(plan),
      words_(pad.width),
      load_(pad, feeders),
      places_(pad.width),
      free_(pad.width),
      reader_places_(pad.width),
      known_(pad.width) {
  const isa::ConvGeometry& g = compute.geometry;
  std::int64_t taps = 0, dilation = 0;
  if (compute.dataflow == isa::Dataflow::fuse_column) {
    lines_ = g.in_width, line_step_ = 1;
    line_stride_ = g.stride_width, line_dilation_ = g.dilation_width, line_pad_ = g.pad_left;
    length_ = g.in_height, element_step_ = map_.line_pitch;
    stride_ = g.stride_height, pad_ = g.pad_top, taps = g.kernel_height, dilation = g.dilation_height;
  } else {
    lines_ = g.in_height, line_step_ = map_.line_pitch;
    line_stride_ = g.stride_height, line_dilation_ = g.dilation_height, line_pad_ = g.pad_top;
    length_ = g.in_width, element_step_ = 1;
    stride_ = g.stride_width, pad_ = g.pad_left, taps = g.kernel_width, dilation = g.dilation_width;
  }
  // Positions of a line that some output reads; a stride may leave its end out.
  length_ = std::min(length_, stride_ * (plan.line_outputs() - 1) + dilation * (taps - 1) + 1 - pad_);
  distance_ = stride_ * plan.pitch();
  shift_ = stride_ * element_step_;
  period_ = static_cast<std::uint32_t>(pad.width / std::gcd<std::int64_t>(pad.width, shift_));
}

void LineReads::set_columns(std::uint64_t col_base, std::uint32_t cols) {
  const RowStream stream = plan_.stream(cols);
  const std::int64_t base = static_cast<std::int64_t>(col_base) * stride_ - pad_;
  stream_length_ = stream.length();
  stretches_.clear();
  for (std::uint32_t m = 0; m < stream_length_; ++m) {
    std::int64_t along = base + stream.position(m);
    std::int64_t line = 0;
    if (along < 0) continue;
    if (per_task_ > 1) {
      line = along / distance_;
      along -= line * distance_;
    }
    if (along >= length_) continue;  // What comes after a task's last line is further on, too.
    const std::int64_t byte = along * element_step_;
    if (!stretches_.empty()) {
      Stretch& last = stretches_.back();
      if (last.cycle + last.cycles == m && last.line == line && last.byte == byte + last.cycles * shift_) {
        ++last.cycles;
        continue;
      }
    }
    stretches_.push_back({m, 1, line, byte});
  }
}

std::uint32_t LineReads::place(std::uint64_t task) const {
  const std::uint64_t channel = task / tasks_per_channel_ / filters_per_channel_;
  return static_cast<std::uint32_t>(words_.place(map_.address + channel * map_.channel_pitch));
}

void LineReads::find_tasks(std::uint64_t first, std::uint32_t count) {
  tasks_.resize(count);
  std::fill(places_.begin(), places_.end(), 0);
  std::uint64_t channel = first / tasks_per_channel_;
  auto task = static_cast<std::uint32_t>(first % tasks_per_channel_);
  const std::uint64_t first_plane = channel / filters_per_channel_;
  first_line_ = last_line_ = std::int64_t{task} * per_task_;
  for (Task& row : tasks_) {
    row.line = std::int64_t{task} * per_task_;
    row.start = static_cast<std::int64_t>((channel / filters_per_channel_ - first_plane) * map_.channel_pitch) +
                row.line * line_stride_ * line_step_;
    row.held = -1;
    first_line_ = std::min(first_line_, row.line);
    last_line_ = std::max(last_line_, row.line);
    ++places_[static_cast<std::size_t>(words_.place(static_cast<std::uint64_t>(row.start)))];
    if (++task == tasks_per_channel_) {
      task = 0;
      ++channel;
    }
  }
  plane_place_ = place(first);
  past_.clear();
  held_known_ = 0;
  std::fill(free_.begin(), free_.end(), 0);
}

bool LineReads::reads(const Task& task, std::int64_t line, std::uint32_t tap_line) const {
  const std::int64_t output = task.line + line;
  const std::int64_t input = output * line_stride_ + tap_line * line_dilation_ - line_pad_;
  return output < output_lines_ && input >= 0 && input < lines_;
}

void LineReads::find_readers(std::int64_t line, std::uint32_t tap_line) {
  std::fill(known_.begin(), known_.end(), Known{});
  // What holds for the first and the last line holds for those between.
  all_read_ = reads({0, first_line_, 0}, line, tap_line) && reads({0, last_line_, 0}, line, tap_line);
  if (all_read_) return;
  readers_.clear();
  std::fill(reader_places_.begin(), reader_places_.end(), 0);
  for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
    if (!reads(tasks_[i], line, tap_line)) continue;
    readers_.push_back(i);
    ++reader_places_[static_cast<std::size_t>(words_.place(static_cast<std::uint64_t>(tasks_[i].start)))];
  }
}

/// Whether what any feeder holds is at least a word away from `offset`.
bool LineReads::far_from_held(std::int64_t offset) const {
  return std::all_of(past_.begin(), past_.end(),
                     [&](const Past& past) { return std::abs(past.end - offset) >= words_.width(); });
}

/// Brings the tasks' `held` up to date.
void LineReads::find_held() {
  for (; held_known_ < past_.size(); ++held_known_) {
    const Past& past = past_[held_known_];
    for (Task& task : tasks_) {
      if (reads(task, past.line, past.tap_line)) task.held = task.start + past.end;
    }
  }
}

/// Whether all tasks at once, readers or not, would need different words of which no two meet at a port.
bool LineReads::free_at(std::size_t place) {
  constexpr std::uint8_t no = 1, yes = 2;
  if (free_[place] == 0) {
    load_.clear();
    for (const Task& task : tasks_) load_.request(words_.of(static_cast<std::int64_t>(place) + task.start));
    const CycleCost all = load_.cost();
    free_[place] = all.extra == 0 && all.words == tasks_.size() ? yes : no;
  }
  return free_[place] == yes;
}

/// Every reader needs its word.
CycleCost LineReads::all_cost(std::int64_t offset) {
  const std::size_t place = place_at(offset);
  if (free_at(place)) return {static_cast<std::uint32_t>(all_read_ ? tasks_.size() : readers_.size()), 0};
  Known& known = known_[place];
  if (!known.all) {
    load_.clear();
    auto request = [&](const Task& task) { load_.request(words_.of(static_cast<std::int64_t>(place) + task.start)); };
    if (all_read_) {
      for (const Task& task : tasks_) request(task);
    } else {
      for (const std::uint32_t i : readers_) request(tasks_[i]);
    }
    known.all = true;
    known.all_cost = load_.cost();
  }
  return known.all_cost;
}

/// Readers hold what lies shift_ bytes further up.
CycleCost LineReads::shifted_cost(std::int64_t offset) {
  if (shift_ >= words_.width()) return all_cost(offset);
  const std::size_t at = place_at(offset);
  const auto place = static_cast<std::int64_t>(at);
  auto needs = [&](std::int64_t start) { return words_.of(place + start + shift_) != words_.of(place + start); };
  Known& known = known_[at];
  if (known.shifted) return known.shifted_cost;
  known.shifted = true;
  if (free_at(at)) {
    const std::vector<std::uint32_t>& places = all_read_ ? places_ : reader_places_;
    CycleCost cost;
    for (std::uint32_t start = 0; start < words_.width(); ++start) {
      if (needs(start)) cost.words += places[start];
    }
    return known.shifted_cost = cost;
  }
  load_.clear();
  auto request = [&](const Task& task) {
    if (needs(task.start)) load_.request(words_.of(place + task.start));
  };
  if (all_read_) {
    for (const Task& task : tasks_) request(task);
  } else {
    for (const std::uint32_t i : readers_) request(tasks_[i]);
  }
  return known.shifted_cost = load_.cost();
}

/// Readers hold whatever they read last.
CycleCost LineReads::held_cost(std::int64_t offset) {
  find_held();
  load_.clear();
  auto request = [&](const Task& task) {
    const std::int64_t word = words_.of(plane_place_ + task.start + offset);
    if (task.held < 0 || words_.of(plane_place_ + task.held) != word) load_.request(word);
  };
  if (all_read_) {
    for (const Task& task : tasks_) request(task);
  } else {
    for (const std::uint32_t i : readers_) request(tasks_[i]);
  }
  return load_.cost();
}

EdgeCost LineReads::cost(std::uint64_t first, std::uint32_t count) {
  find_tasks(first, count);
  EdgeCost cost;
  for (std::uint32_t tap_line = 0; tap_line < tap_lines_; ++tap_line) {
    std::int64_t line = -1;  // In hand; -1: none.
    std::int64_t line_offset = 0;
    for (const Stretch& stretch : stretches_) {
      if (line != stretch.line) {
        line = stretch.line;
        line_offset = (line * line_stride_ + tap_line * line_dilation_ - line_pad_) * line_step_;
        find_readers(line, tap_line);
      }
      const std::int64_t offset = line_offset + stretch.byte;
      const std::size_t cycle = std::size_t{tap_line} * stream_length_ + stretch.cycle;
      // `now` in `times` cycles from the stretch's `from`-th on, a period apart.
      auto add = [&](std::uint32_t from, std::uint32_t times, CycleCost now) {
        cost.words += std::uint64_t{times} * now.words;
        if (now.extra == 0) return;
        if (cost.extra.empty()) cost.extra.resize(std::size_t{tap_lines_} * stream_length_);
        for (std::uint32_t i = 0; i < times; ++i) cost.extra[cycle + from + std::size_t{i} * period_] = now.extra;
      };
      add(0, 1, far_from_held(offset) ? all_cost(offset) : held_cost(offset));
      for (std::uint32_t from = 1; from <= std::min(period_, stretch.cycles - 1); ++from) {
        add(from, 1 + (stretch.cycles - 1 - from) / period_, shifted_cost(offset - from * shift_));
      }
      past_.push_back({line, tap_line, offset - (stretch.cycles - 1) * shift_});
    }
  }
  return cost;
}

}  // namespace fusesim::control
