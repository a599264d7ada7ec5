// SPDX-License-Identifier: Apache-2.0
// The cycles in which the array held a fold, as spans.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fusesim::control::machine {

class BusyCycles {
 public:
  /// The array is busy in the cycles [begin, end). Neither begins nor ends may descend from call to call; what lies
  /// between a span and one that begins before the span's end is joined to it.
  void add(std::uint64_t begin, std::uint64_t end) {
    if (!spans_.empty() && begin <= spans_.back().end) {
      spans_.back().end = end;
      return;
    }
    const std::uint64_t empty = spans_.empty() ? begin : spans_.back().empty_before + (begin - spans_.back().end);
    spans_.push_back({begin, end, empty});
  }

  /// How many of the cycles before `cycle` are in no span. Quick when few spans begin after `cycle`: what is asked
  /// about is the present, and of the future only the next span is known.
  [[nodiscard]] std::uint64_t empty_before(std::uint64_t cycle) const {
    const auto span =
        std::find_if(spans_.rbegin(), spans_.rend(), [cycle](const Span& each) { return each.begin <= cycle; });
    if (span == spans_.rend()) return cycle;
    return span->empty_before + (cycle > span->end ? cycle - span->end : 0);
  }

 private:
  struct Span {
    std::uint64_t begin, end;
    std::uint64_t empty_before;  ///< Cycles before `begin` in no span.
  };
  std::vector<Span> spans_;
};

}  // namespace fusesim::control::machine
