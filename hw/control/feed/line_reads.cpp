// SPDX-License-Identifier: Apache-2.0
// Within a stretch of stream in which every feeder moves down its line by the same step, a cycle differs from the one
// before only in where in a word the common place lies: at most `width` different costs. A line is entered with
// whatever words the feeders hold; that cycle is worked out feeder by feeder.
#include "hw/control/feed/line_reads.h"

#include <algorithm>

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
      shifted_(pad.width),
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
  window_ = stride_ * (plan.line_outputs() - 1) + dilation * (taps - 1) + 1 - pad_;
  length_ = std::min(length_, window_);
  distance_ = stride_ * plan.pitch();
}

void LineReads::set_columns(std::uint64_t col_base, std::uint32_t cols) {
  const RowStream stream = plan_.stream(cols);
  const std::int64_t base = static_cast<std::int64_t>(col_base) * stride_ - pad_;
  steps_.assign(stream.length(), {});
  for (std::uint32_t m = 0; m < stream.length(); ++m) {
    std::int64_t along = base + stream.position(m);
    std::int64_t line = 0;
    if (along < 0) continue;
    if (per_task_ > 1) {
      line = along / distance_;
      along -= line * distance_;
    }
    if (along >= length_ || line >= per_task_) continue;
    const std::int64_t byte = along * element_step_;
    const bool shift = m > 0 && steps_[m - 1].kind != Step::Kind::padding && steps_[m - 1].line == line &&
                       steps_[m - 1].byte == byte + stride_ * element_step_;
    steps_[m] = {line, byte, shift ? Step::Kind::shift : Step::Kind::jump};
  }
}

std::uint32_t LineReads::place(std::uint64_t task) const {
  const std::uint64_t channel = task / tasks_per_channel_ / filters_per_channel_;
  return static_cast<std::uint32_t>(words_.place(map_.address + channel * map_.channel_pitch));
}

void LineReads::find_lines(std::uint64_t first, std::uint32_t count) {
  tasks_.resize(count);
  std::uint64_t channel = first / tasks_per_channel_;
  std::uint32_t task = static_cast<std::uint32_t>(first % tasks_per_channel_);
  const std::uint64_t first_plane = channel / filters_per_channel_;
  for (Task& row : tasks_) {
    row.plane = static_cast<std::int64_t>((channel / filters_per_channel_ - first_plane) * map_.channel_pitch);
    row.line = std::int64_t{task} * per_task_;
    row.held = -1;
    if (++task == tasks_per_channel_) {
      task = 0;
      ++channel;
    }
  }
}

void LineReads::enter(std::int64_t line, std::uint32_t tap_line, std::uint32_t count) {
  readers_.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::int64_t output = tasks_[i].line + line;
    const std::int64_t input = output * line_stride_ + tap_line * line_dilation_ - line_pad_;
    if (output >= output_lines_ || input < 0 || input >= lines_) continue;
    readers_.push_back({i, tasks_[i].plane + input * line_step_});
  }
  std::fill(known_.begin(), known_.end(), 0);
}

void LineReads::leave(std::int64_t byte) {
  for (const Reader& reader : readers_) tasks_[reader.task].held = reader.start + byte;
}

CycleCost LineReads::first_cost(std::int64_t place, std::int64_t byte) {
  load_.clear();
  for (const Reader& reader : readers_) {
    const std::int64_t word = words_.of(place + reader.start + byte), held = tasks_[reader.task].held;
    if (held < 0 || words_.of(place + held) != word) load_.request(word);
  }
  return load_.cost();
}

CycleCost LineReads::shifted_cost(std::int64_t place) {
  const std::int64_t step = stride_ * element_step_;
  load_.clear();
  for (const Reader& reader : readers_) {
    const std::int64_t word = words_.of(place + reader.start);
    if (words_.of(place + reader.start + step) != word) load_.request(word);
  }
  return load_.cost();
}

EdgeCost LineReads::cost(std::uint64_t first, std::uint32_t count) {
  find_lines(first, count);
  const std::int64_t place_of_plane = place(first);
  EdgeCost cost;
  std::uint32_t cycle = 0;
  for (std::uint32_t tap_line = 0; tap_line < tap_lines_; ++tap_line) {
    std::int64_t byte = -1;  // Where the line in hand was read last.
    for (const Step& step : steps_) {
      CycleCost now;
      if (step.kind == Step::Kind::jump) {
        if (byte >= 0) leave(byte);
        enter(step.line, tap_line, count);
        now = first_cost(place_of_plane, step.byte);
      } else if (step.kind == Step::Kind::shift) {
        const auto place =
            static_cast<std::size_t>(words_.place(static_cast<std::uint64_t>(place_of_plane + step.byte)));
        if (!known_[place]) {
          known_[place] = 1;
          shifted_[place] = shifted_cost(static_cast<std::int64_t>(place));
        }
        now = shifted_[place];
      }
      if (step.kind != Step::Kind::padding) byte = step.byte;
      cost.words += now.words;
      if (now.extra > 0) {
        if (cost.extra.empty()) cost.extra.resize(std::size_t{tap_lines_} * steps_.size());
        cost.extra[cycle] = now.extra;
      }
      ++cycle;
    }
    if (byte >= 0) leave(byte);
  }
  return cost;
}

}  // namespace fusesim::control
