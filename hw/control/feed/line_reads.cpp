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
      free_(pad.width),
      reader_places_(pad.width) {
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
  task_step_ = per_task_ * line_stride_ * line_step_;
  period_ = words_.period(shift_);
  task_period_ = words_.period(task_step_);
  // Where each channel goes on in the bank in which the one before would, all tasks are a progression of banks. One of
  // whole words comes to banks / gcd(words, banks) different ones before the first comes again.
  const std::int64_t from_progression = std::int64_t{map_.channel_pitch} - tasks_per_channel_ * task_step_;
  if (filters_per_channel_ == 1 && task_period_ == 1 &&
      from_progression % static_cast<std::int64_t>(pad.row_bytes()) == 0)
    tasks_in_different_banks_ =
        pad.banks / static_cast<std::uint32_t>(std::gcd(words_.of(task_step_), std::int64_t{pad.banks}));
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

void LineReads::find_runs(std::uint64_t first, std::uint32_t count) {
  runs_.clear();
  tasks_ = count;
  plane_place_ = place(first);
  std::uint64_t channel = first / tasks_per_channel_;
  auto task = static_cast<std::uint32_t>(first % tasks_per_channel_);
  const std::uint64_t first_plane = channel / filters_per_channel_;
  for (std::uint32_t i = 0; i < count; task = 0, ++channel) {
    const auto plane = static_cast<std::int64_t>((channel / filters_per_channel_ - first_plane) * map_.channel_pitch);
    const std::uint32_t tasks = std::min(count - i, tasks_per_channel_ - task);
    runs_.push_back({i, tasks, plane + task * task_step_, std::int64_t{task} * per_task_});
    i += tasks;
  }
  past_.clear();
  held_known_ = 0;
  std::fill(free_.begin(), free_.end(), 0);
}

/// The tasks of a run that read this tap line of their line: a run themselves, as tasks' lines ascend.
LineReads::Run LineReads::readers(const Run& run, std::int64_t line, std::uint32_t tap_line) const {
  auto ceil_div = [](std::int64_t a, std::int64_t b) { return a <= 0 ? 0 : (a + b - 1) / b; };
  // Output lines for which that is a line of the map.
  const std::int64_t above = line_pad_ - tap_line * line_dilation_;
  const std::int64_t begin = ceil_div(above, line_stride_);
  const std::int64_t end = std::min<std::int64_t>(output_lines_, ceil_div(above + lines_, line_stride_));
  const std::int64_t first = ceil_div(begin - line - run.line, per_task_);
  const std::int64_t last = std::min<std::int64_t>(run.tasks, ceil_div(end - line - run.line, per_task_));
  if (last <= first) return {};
  return {run.first + static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last - first),
          run.start + first * task_step_, run.line + first * per_task_};
}

void LineReads::find_readers(std::int64_t line, std::uint32_t tap_line) {
  readers_.clear();
  reader_count_ = 0;
  std::fill(reader_places_.begin(), reader_places_.end(), 0);
  for (const Run& run : runs_) {
    const Run reading = readers(run, line, tap_line);
    if (reading.tasks == 0) continue;
    readers_.push_back(reading);
    reader_count_ += reading.tasks;
    for (std::uint32_t i = 0; i < std::min(reading.tasks, task_period_); ++i)
      reader_places_[place_of(reading, i)] += 1 + (reading.tasks - 1 - i) / task_period_;
  }
}

/// Whether what any feeder holds is at least a word away from `offset`.
bool LineReads::far_from_held(std::int64_t offset) const {
  return std::all_of(past_.begin(), past_.end(),
                     [&](const Past& past) { return std::abs(past.end - offset) >= words_.width(); });
}

/// Brings `held_` up to date.
void LineReads::find_held() {
  if (held_known_ == 0) held_.assign(tasks_, -1);
  for (; held_known_ < past_.size(); ++held_known_) {
    const Past& past = past_[held_known_];
    for (const Run& run : runs_) {
      const Run reading = readers(run, past.line, past.tap_line);
      for (std::uint32_t i = 0; i < reading.tasks; ++i)
        held_[reading.first + i] = reading.start + i * task_step_ + past.end;
    }
  }
}

/// What it costs that those tasks of `runs` of which `needs(start, task)` read `byte` bytes from their starts.
template <typename Needs>
CycleCost LineReads::cost_of(const std::vector<Run>& runs, std::int64_t byte, Needs needs) {
  load_.clear();
  for (const Run& run : runs) {
    std::int64_t start = run.start;
    for (std::uint32_t i = 0; i < run.tasks; ++i, start += task_step_) {
      if (needs(start, run.first + i)) load_.request(words_.of(byte + start));
    }
  }
  return load_.cost();
}

/// Whether all tasks at once, readers or not, would need different words of which no two meet at a port.
bool LineReads::free_at(std::int64_t place) {
  if (tasks_ <= tasks_in_different_banks_) return true;
  constexpr std::uint8_t no = 1, yes = 2;
  std::uint8_t& known = free_[static_cast<std::size_t>(place)];
  if (known == 0) {
    const CycleCost all = cost_of(runs_, place, [](std::int64_t, std::uint32_t) { return true; });
    known = all.extra == 0 && all.words == tasks_ ? yes : no;
  }
  return known == yes;
}

/// Every reader needs its word.
CycleCost LineReads::all_cost(std::int64_t offset) {
  const std::int64_t place = place_at(offset);
  if (free_at(place)) return {reader_count_, 0};
  return cost_of(readers_, place, [](std::int64_t, std::uint32_t) { return true; });
}

/// Readers hold what lies shift_ bytes further up.
CycleCost LineReads::shifted_cost(std::int64_t offset) {
  if (shift_ >= words_.width()) return all_cost(offset);
  const std::int64_t place = place_at(offset);
  auto needs = [&](std::int64_t start) { return words_.of(place + start + shift_) != words_.of(place + start); };
  if (!free_at(place)) return cost_of(readers_, place, [&](std::int64_t start, std::uint32_t) { return needs(start); });
  CycleCost cost;
  for (std::uint32_t start = 0; start < words_.width(); ++start) {
    if (needs(start)) cost.words += reader_places_[start];
  }
  return cost;
}

/// Readers hold whatever they read last.
CycleCost LineReads::held_cost(std::int64_t offset) {
  find_held();
  return cost_of(readers_, plane_place_ + offset, [&](std::int64_t start, std::uint32_t task) {
    return held_[task] < 0 || words_.of(plane_place_ + held_[task]) != words_.of(plane_place_ + offset + start);
  });
}

EdgeCost LineReads::cost(std::uint64_t first, std::uint32_t count) {
  find_runs(first, count);
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
