// SPDX-License-Identifier: Apache-2.0
// The order in which one line enters an array row for a 1-D convolution on the broadcast wire.
#pragma once

#include <cstdint>
#include <vector>

namespace fusesim::control {

/// Which tap is on the wire in a cycle of a line's stream.
struct TapSlot {
  std::uint32_t cycle = 0;  ///< From the start of the line's stream.
  std::uint32_t tap = 0;    ///< Index along the line, 0 .. K - 1.
};

/// Polyphase order for stride s and dilation d: out[j] = sum_k x[s j + d k] w[k].
///
/// Tap k belongs to phase p = (d k) mod s with offset q = floor(d k / s), and x[s j + d k] = y_p[j + q] for the
/// sub-sampled line y_p[m] = x[s m + p]. Each phase that has taps streams y_p from index c - 1 + q_max down to q_min;
/// after c + q_max - q cycles PE j holds y_p[j + q], which is when tap k is on the wire. docs/timing.md has the proof.
class RowStream {
 public:
  /// Throws std::invalid_argument when an argument is zero.
  RowStream(std::uint32_t cols, std::uint32_t taps, std::uint32_t stride, std::uint32_t dilation);

  /// Cycles of the stream: sum over phases of c + q_max - q_min; s c + K - s for d = 1, K >= s.
  [[nodiscard]] std::uint32_t length() const { return length_; }
  /// Position on the line (x above) that enters in `cycle`.
  [[nodiscard]] std::uint32_t position(std::uint32_t cycle) const;
  /// Taps in broadcast order, cycles ascending.
  [[nodiscard]] const std::vector<TapSlot>& taps() const { return taps_; }

 private:
  struct Phase {
    std::uint32_t begin = 0;  ///< Cycle of its first element.
    std::uint32_t first = 0;  ///< That element's position; the following ones lie a stride apart, descending.
  };
  std::uint32_t stride_ = 1;
  std::uint32_t length_ = 0;
  std::vector<Phase> phases_;
  std::vector<TapSlot> taps_;
};

}  // namespace fusesim::control
