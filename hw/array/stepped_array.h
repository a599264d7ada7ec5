// SPDX-License-Identifier: Apache-2.0
// Every register of the array of docs/array.md, advanced at every clock edge.
#pragma once

#include <boost/align/aligned_allocator.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "hw/array/array_model.h"
#include "hw/array/row_kernels.h"

namespace fusesim::array {

/// Registers are kept in structure-of-arrays form. Those that only shift are not copied at an edge: the activations of
/// a row are a window onto the stream that enters it, which moves by one element an edge, and the rows of top
/// registers sit in a ring whose head turns. Registers of one bit are sets of columns in 64-bit words. Sums are updated
/// row by row with vector code.
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
  /// Rows start where vector loads do not cross cache lines.
  template <class T>
  using Aligned = std::vector<T, boost::alignment::aligned_allocator<T, 64>>;
  using Words = std::vector<std::uint64_t>;

  struct Segment {
    std::uint32_t begin = 0, end = 0;  ///< Columns.
  };
  struct Tap {
    std::int8_t data = 0;
    bool valid = false;
  };
  /// Control registers that all rows of a segment share, set by the taps of one cycle.
  struct TapControl {
    bool first = false;
    bool second_bank = false;
  };

  void show_outputs(const EdgeInputs& in, EdgeOutputs& out) const;
  [[nodiscard]] bool collect_strobes(const EdgeInputs& in);
  void drain(const EdgeInputs& in, EdgeOutputs& out);
  void write_outputs(EdgeOutputs& out) const;
  void accumulate();
  void collect_control();
  void collect_left_control();
  void merge_taps();
  void accumulate_bank(std::uint32_t bank);
  void unsettle();
  void shift_left_operands(const EdgeInputs& in);
  void expect_left_valid(const std::uint8_t* flags);
  void shift_top_operands(const EdgeInputs& in);
  void expect_top_valid(const std::uint8_t* flags);
  void drive_taps(const EdgeInputs& in);
  void rewind_streams();
  /// Sets of columns: of rows (of an array), of slots (of a ring) one after the other within each word, so that an
  /// operation on all of them is one loop.
  [[nodiscard]] bool test_row(const Words& sets, std::uint32_t row, std::uint32_t col) const {
    return (sets[std::size_t{col / 64} * config_.rows + row] >> (col % 64) & 1) != 0;
  }
  [[nodiscard]] static bool test(const Words& sets, std::size_t set, std::uint32_t col) {
    return (sets[set + col / 64] >> (col % 64) & 1) != 0;
  }
  [[nodiscard]] bool second_bank(std::uint8_t bank) const { return bank != 0 && config_.banks() == 2; }
  [[nodiscard]] std::size_t cell(std::uint32_t row, std::uint32_t col) const { return std::size_t{row} * lanes_ + col; }
  [[nodiscard]] std::size_t set(std::uint32_t slot) const { return std::size_t{slot} * words_; }
  /// Slot of the ring that holds the top registers of `row`.
  [[nodiscard]] std::uint32_t top_row(std::uint32_t row) const {
    const std::uint32_t slot = head_ + row;
    return slot >= top_slots_ ? slot - top_slots_ : slot;
  }

  isa::ArrayConfig config_;
  const RowKernels* kernels_;
  std::uint32_t lanes_ = 0;      ///< Columns, padded to a multiple of row_lanes.
  std::uint32_t words_ = 0;      ///< 64-bit words of a set of columns.
  std::uint32_t max_delay_ = 0;  ///< delta(C - 1).
  std::vector<Segment> segments_;
  std::vector<std::uint32_t> hop_;   ///< delta(j).
  std::vector<std::uint32_t> wire_;  ///< g(j).
  Words all_columns_;
  Words segment_columns_;    ///< [segment][word]
  Words reach_;              ///< [k][word]: the columns with delta(j) <= k.
  std::uint64_t edges_ = 0;  ///< Enabled edges so far.

  // Left streams: for each row, what its feeder puts out, newest at the lowest address. `front_` is the element that
  // PE (i, 0) holds; PE (i, j) holds element front_ + delta(j); elements before front_ are still in the feeder, the
  // newest in front_ - i. The valid bits of elements that have yet to come are set as if the port kept its value
  // (`left_valid_`), so that they need work only when it changes.
  std::uint32_t stream_length_ = 0;  ///< Elements of a row, and the distance of rows.
  std::uint32_t rewound_ = 0;        ///< `front_` after a rewind.
  std::uint32_t front_ = 0;
  Aligned<std::int8_t> stream_data_;
  Words stream_valid_;  ///< [word][row]
  std::vector<std::uint8_t> left_valid_;
  bool any_left_valid_ = false;
  std::uint64_t valid_gone_ = 0;  ///< From this edge on no element is valid.
  // `first` and `bank` are the same for all rows: element e of row i has the bits of element e + i here.
  Words first_history_, bank_history_;
  bool bank_now_ = false;
  std::uint64_t first_gone_ = 0;  ///< From this edge on no element is a first one,
  std::uint64_t mixed_gone_ = 0;  ///< and all valid ones are of bank `bank_now_`.

  // Top registers and skewed lines of the top feeder, one ring of rows: row 0 at `head_`, what will be row 0 k edges
  // later k slots before it. The valid bits of what has yet to come are set as if the ports kept their value.
  std::uint32_t top_slots_ = 0;
  std::uint32_t head_ = 0;
  Aligned<std::int8_t> w_;
  Words wv_;  ///< [word][slot]
  std::vector<std::uint8_t> top_valid_;
  bool any_top_valid_ = false;
  Words top_valid_set_;
  // For each coming cycle (ring): drain strobes that leave the skewed lines, and what leaves the direct ones.
  std::uint32_t skew_slots_ = 0, direct_slots_ = 0;
  Words skew_drain_, skew_drain_bank_;
  Words direct_enable_, direct_drain_, direct_drain_bank_;
  std::uint64_t strobes_gone_ = 0;  ///< From this edge on no feeder line holds a drain strobe.

  // Broadcast wires: a ring of the last B + 1 cycles' taps, and the tap control registers of each segment.
  std::vector<Tap> wire_taps_;          ///< [slot][row]
  std::vector<std::uint8_t> wire_any_;  ///< Any valid tap in this slot of the ring.
  std::vector<TapControl> wire_control_;
  std::vector<std::uint8_t> tap_valid_;  ///< [segment][row]
  std::vector<TapControl> tap_control_;  ///< [segment]; of rows with a valid tap.
  std::uint64_t taps_gone_ = 0;          ///< From this edge on no wire or tap control register holds anything.

  Aligned<std::int32_t> acc_[2];  ///< One more row at the bottom: what leaves the array at an edge.
  Words full_[2], mv_, mb_;       ///< [word][row]
  bool any_moves_ = false;        ///< Any `mv`.

  // Which PEs accumulate at this edge, kept while nothing that control depends on is on its way.
  Words lanes_now_[2], first_now_;      ///< [word][row], by bank
  std::uint64_t any_lane_[2] = {0, 0};  ///< Union of the words of a bank.
  bool any_first_ = false;              ///< Whether `first_now_` holds anything.
  std::uint32_t macs_now_ = 0;
  std::uint64_t settled_ = 0;  ///< From this edge on control is the same at every edge.
  bool control_ready_ = false;

  // Scratch: strobes and column enables of this cycle; words that move [word][row], by bank.
  Words drain_now_, drain_bank_now_, enable_set_, moving_[2];
  Aligned<std::int8_t> gathered_;  ///< [row][lane] operands, gathered around cuts.

  std::uint32_t last_macs_ = 0, last_moves_ = 0;
};

}  // namespace fusesim::array
