// SPDX-License-Identifier: Apache-2.0
// Every register of the array of docs/array.md, advanced at every clock edge.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/array/array_model.h"
#include "hw/array/row_kernels.h"

namespace fusesim::array {

/// Registers are kept in structure-of-arrays form. Those that only shift are not copied at an edge: the activations of
/// a row are a window onto the stream that enters it, which moves by one element an edge, and the rows of top
/// registers sit in a ring whose head turns. Sums and flags are updated row by row with vector code.
///
/// Throws std::logic_error from clock() when two words meet in a PE, or a word lands on a sum: the controller has
/// broken the timing law.
class SteppedArray final : public ArrayModel {
 public:
  /// `kernels` is for tests; it must outlive the array. Throws std::invalid_argument for an invalid configuration.
  explicit SteppedArray(const isa::ArrayConfig& config, const RowKernels& kernels = best_row_kernels());

  [[nodiscard]] const isa::ArrayConfig& config() const override { return config_; }
  void reset() override;
  void clock(const EdgeInputs& in, EdgeOutputs& out) override;
  [[nodiscard]] PeState pe(std::uint32_t row, std::uint32_t col) const override;
  void read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const override;

  /// Sets a column of accumulators, for a model that starts in the middle of a run.
  void preset_column(std::uint32_t bank, std::uint32_t col, std::int32_t value);

  /// Multiply-accumulates and moving words at the last edge.
  [[nodiscard]] std::uint32_t last_macs() const { return last_macs_; }
  [[nodiscard]] std::uint32_t last_moves() const { return last_moves_; }

 private:
  struct Segment {
    std::uint32_t begin = 0, end = 0;  ///< Columns.
  };
  struct Tap {
    std::int8_t data = 0;
    std::uint8_t control = 0;
  };

  void show_outputs(const EdgeInputs& in, EdgeOutputs& out) const;
  void accumulate();
  bool collect_strobes(const EdgeInputs& in);
  void drain(const EdgeInputs& in, EdgeOutputs& out);
  void shift_left_operands(const EdgeInputs& in);
  void shift_top_operands(const EdgeInputs& in);
  void drive_taps(const EdgeInputs& in);
  void rewind_streams();
  [[nodiscard]] RowBanks banks_of(std::uint32_t row) {
    const std::size_t at = cell(row, 0);
    const int second = second_bank_;
    return {{acc_[0].data() + at, acc_[second].data() + at}, {full_[0].data() + at, full_[second].data() + at}};
  }
  [[nodiscard]] std::size_t cell(std::uint32_t row, std::uint32_t col) const { return std::size_t{row} * lanes_ + col; }
  /// Physical row of the ring that holds the top registers of `row`.
  [[nodiscard]] std::uint32_t top_row(std::uint32_t row) const {
    const std::uint32_t slot = head_ + row;
    return slot >= config_.rows ? slot - config_.rows : slot;
  }

  isa::ArrayConfig config_;
  const RowKernels* kernels_;
  int second_bank_ = 0;  ///< 1 with two banks; with one, bank bits are never set and both names mean bank 0.
  std::uint32_t lanes_ = 0;      ///< Columns, padded to a multiple of row_lanes.
  std::uint32_t max_delay_ = 0;  ///< delta(C - 1).
  std::vector<Segment> segments_;
  std::vector<std::uint32_t> hop_;   ///< delta(j).
  std::vector<std::uint32_t> wire_;  ///< g(j).
  std::uint64_t edges_ = 0;          ///< Enabled edges so far.

  // Left streams: for each row, what its feeder puts out, newest at the lowest address. `front_` is the element that
  // PE (i, 0) holds; PE (i, j) holds element front_ + delta(j); elements before front_ are still in the feeder.
  std::uint32_t stream_length_ = 0;
  std::uint32_t front_ = 0;
  std::vector<std::int8_t> stream_data_;
  std::vector<std::uint8_t> stream_control_;
  std::vector<std::uint64_t> last_valid_;  ///< Edge by which the newest valid operand of the row reaches column 0.

  // Top registers, a ring of rows.
  std::uint32_t head_ = 0;
  std::vector<std::int8_t> w_;
  std::vector<std::uint8_t> wv_;
  // Top feeder: for each coming cycle (ring) and column, what leaves the skewed line, and what leaves the direct line.
  std::uint32_t skew_slots_ = 0, direct_slots_ = 0;
  std::vector<std::int8_t> skew_w_;
  std::vector<std::uint8_t> skew_wv_, skew_drain_, skew_drain_bank_;
  std::vector<std::uint8_t> direct_enable_, direct_drain_, direct_drain_bank_;

  // Broadcast wires: for each row a ring of the last B + 1 taps, and the tap control registers of each segment.
  std::vector<Tap> wire_taps_;
  std::vector<std::uint8_t> wire_any_;     ///< Any valid tap in this slot of the ring.
  std::vector<std::uint8_t> tap_control_;  ///< [row][segment]
  std::vector<std::uint8_t> tap_active_;   ///< Any valid tap control in the row.
  std::uint64_t strobes_gone_ = 0;         ///< From this edge on no feeder line holds a drain strobe.
  std::uint64_t taps_gone_ = 0;            ///< From this edge on no wire or tap control register holds anything.

  std::vector<std::int32_t> acc_[2];
  std::vector<std::uint8_t> full_[2];
  std::vector<std::uint8_t> mv_, mb_;
  std::vector<std::uint8_t> row_moves_;  ///< Any `mv` in the row.

  // Scratch rows, `lanes_` long.
  std::vector<std::uint8_t> drain_now_, drain_bank_now_, enable_now_, row_control_, none_;
  std::vector<std::int8_t> row_data_;
  std::vector<std::int32_t> bottom_;
  std::vector<std::uint8_t> bottom_full_, bottom_mv_, bottom_mb_;

  std::uint32_t last_macs_ = 0, last_moves_ = 0;
};

}  // namespace fusesim::array
