// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/pixel_reads.h"

#include <algorithm>

namespace fusesim::control {

PixelReads::PixelReads(const isa::machine::Compute& compute, const isa::machine::ScratchpadConfig& pad,
                       std::uint32_t feeders)
    : geometry_(compute.geometry),
      map_(compute.input),
      words_(pad.width),
      load_(pad, feeders),
      channels_(geometry_.in_channels / geometry_.groups),
      kernel_(geometry_.kernel_height * geometry_.kernel_width),
      neighbours_(map_.channel_pitch, pad, feeders) {
  const isa::ConvGeometry& g = geometry_;
  const bool padded = g.pad_top > 0 || g.pad_bottom > 0 || g.pad_left > 0 || g.pad_right > 0;
  one_run_ = !padded && (g.out_height == 1 || std::uint64_t{g.stride_height} * map_.line_pitch ==
                                                  std::uint64_t{g.out_width} * g.stride_width);
}

std::uint64_t PixelReads::pattern(std::uint64_t first, std::uint32_t count) const {
  if (one_run_) return 0;
  const isa::ConvGeometry& g = geometry_;
  // Away from the upper and lower border pixels of the same columns read the same, lines further down.
  const std::uint64_t top = first / g.out_width * g.stride_height;
  const std::uint64_t bottom =
      (first + count - 1) / g.out_width * g.stride_height + std::uint64_t{g.kernel_height - 1} * g.dilation_height;
  const bool inside = top >= g.pad_top && bottom < std::uint64_t{g.pad_top} + g.in_height;
  return inside ? first % g.out_width : no_pattern;
}

std::uint32_t PixelReads::place(std::uint64_t address, std::uint64_t first) const {
  const isa::ConvGeometry& g = geometry_;
  const std::uint64_t bytes =
      one_run_ ? first * g.stride_width : first / g.out_width * g.stride_height * map_.line_pitch;
  return static_cast<std::uint32_t>(words_.place(address + bytes));
}

void PixelReads::find_places(std::uint64_t first, std::uint32_t count) {
  const isa::ConvGeometry& g = geometry_;
  places_.resize(std::size_t{kernel_} * count);
  last_.assign(count, -1);
  held_.resize(count);
  std::uint64_t line = first / g.out_width, column = first % g.out_width;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::int64_t top = static_cast<std::int64_t>(line * g.stride_height) - g.pad_top;
    const std::int64_t left = static_cast<std::int64_t>(column * g.stride_width) - g.pad_left;
    std::size_t at = i;
    for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
      const std::int64_t y = top + std::int64_t{ky} * g.dilation_height;
      const bool in_line = y >= 0 && y < g.in_height;
      for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx, at += count) {
        const std::int64_t x = left + std::int64_t{kx} * g.dilation_width;
        const bool inside = in_line && x >= 0 && x < g.in_width;
        places_[at] = inside ? y * map_.line_pitch + x : -1;
        if (inside) last_[i] = places_[at];
      }
    }
    if (++column == g.out_width) {
      column = 0;
      ++line;
    }
  }
}

void PixelReads::channel_cost(std::int64_t place, bool empty_registers, std::uint32_t count, CycleCost* costs) {
  // Word numbers count from the word that the channel starts in, at `place`.
  const std::int64_t pitch = map_.channel_pitch;
  const std::int64_t place_before = words_.place(static_cast<std::uint64_t>(place - pitch));
  const std::int64_t words_between = words_.of(place_before + pitch);
  for (std::uint32_t i = 0; i < count; ++i) {
    held_[i] = empty_registers || last_[i] < 0 ? no_word : words_.of(place_before + last_[i]) - words_between;
  }
  const std::int64_t* byte = places_.data();
  for (std::uint32_t tap = 0; tap < kernel_; ++tap) {
    load_.clear();
    for (std::uint32_t i = 0; i < count; ++i, ++byte) {
      if (*byte < 0) continue;
      const std::int64_t word = words_.of(place + *byte);
      if (word == held_[i]) continue;
      held_[i] = word;
      load_.request(word);
    }
    costs[tap] = load_.cost();
  }
}

EdgeCost PixelReads::cost(std::uint64_t address, std::uint64_t first, std::uint32_t count) {
  if (one_run_ && kernel_ == 1 && geometry_.stride_width == 1)
    return neighbours_.every_cycle(address + first, count, channels_);
  find_places(first, count);
  // A channel costs what the one a period before cost, except that the first finds its registers empty. Where what a
  // pixel reads of a channel lies a word or more before what it reads of the next, that is no exception.
  const isa::ConvGeometry& g = geometry_;
  const std::uint64_t reach = std::uint64_t{g.kernel_height - 1} * g.dilation_height * map_.line_pitch +
                              std::uint64_t{g.kernel_width - 1} * g.dilation_width;
  const std::uint32_t exceptions = map_.channel_pitch >= reach + words_.width() ? 0 : 1;
  const std::uint32_t period = words_.period(map_.channel_pitch);
  const std::uint32_t kinds = std::min(channels_, exceptions + period);
  costs_.resize(std::size_t{kinds} * kernel_);
  EdgeCost cost;
  bool conflicts = false;
  for (std::uint32_t kind = 0; kind < kinds; ++kind) {
    CycleCost* costs = costs_.data() + std::size_t{kind} * kernel_;
    const std::int64_t place = words_.place(address + std::uint64_t{kind} * map_.channel_pitch);
    channel_cost(place, exceptions == 0 || kind == 0, count, costs);
    const std::uint64_t times = kind < exceptions ? 1 : 1 + (channels_ - 1 - kind) / period;
    for (std::uint32_t tap = 0; tap < kernel_; ++tap) {
      cost.words += times * costs[tap].words;
      conflicts = conflicts || costs[tap].extra > 0;
    }
  }
  if (!conflicts) return cost;
  cost.extra.reserve(std::size_t{channels_} * kernel_);
  for (std::uint32_t channel = 0; channel < channels_; ++channel) {
    const std::uint32_t kind = channel < exceptions ? channel : exceptions + (channel - exceptions) % period;
    for (std::uint32_t tap = 0; tap < kernel_; ++tap) {
      cost.extra.push_back(costs_[std::size_t{kind} * kernel_ + tap].extra);
    }
  }
  return cost;
}

}  // namespace fusesim::control
