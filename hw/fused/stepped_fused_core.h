// SPDX-License-Identifier: Apache-2.0
// The fused core register by register, as docs/fused.md says it. Plainly written: this is what the law and the RTL are
// compared with. clock() allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hw/fused/fused_core.h"

namespace fusesim::fused {

class SteppedFusedCore final : public FusedCore {
 public:
  explicit SteppedFusedCore(const Config& config);

  [[nodiscard]] const Config& config() const override { return config_; }
  void reset() override;
  void clock(const CoreInputs& in) override;

  [[nodiscard]] bool ready() const override { return r0_.kind == WordKind::none || leaves_; }
  [[nodiscard]] bool held() const override { return r0_.kind == WordKind::terms && !leaves_; }
  [[nodiscard]] bool takes() const override;
  [[nodiscard]] std::optional<std::uint32_t> output_group() const override;
  [[nodiscard]] std::optional<Emitted> emitted() const override;
  [[nodiscard]] bool idle() const override;

  [[nodiscard]] FusedPeState pe(std::uint32_t index) const override;
  [[nodiscard]] bool mask1(std::uint32_t channel, std::uint32_t position) const override;
  [[nodiscard]] bool mask2(std::uint32_t channel, std::uint32_t pe) const override;
  [[nodiscard]] std::uint8_t level(std::uint32_t place, std::uint32_t position) const override;

 private:
  /// An addend that waits for an adder.
  struct Entry {
    std::int16_t weight = 0;
    bool tail = false;
    std::int16_t operand = 0;  ///< Of a tail.
    bool done = false;
  };

  struct Pe {
    std::int32_t ternary_sum = 0;
    std::int32_t sum = 0;
    bool multiply = false;
    std::int32_t factor = 0;
    std::int16_t operand = 0;
    bool multiply_end = false;
    std::int32_t acc = 0;
    bool result_valid = false;
    std::int32_t result = 0;
    std::uint32_t head = 0, queued = 0;  ///< Of its part of `entries_`.
    bool started = false;
  };

  /// The word register and what it decodes to.
  struct WordRegister {
    WordKind kind = WordKind::none;
    Geometry geometry;
    std::uint8_t buffer = 0;
    std::vector<Lane> lanes;  ///< L; `lane_count` in use.
    std::uint32_t lane_count = 0;
    std::vector<Ending> endings;  ///< F; `ending_count` in use.
    std::uint32_t ending_count = 0;
    std::uint16_t pass = 0, open_level = 0;
    bool last = false, channel_end = false, every_tap = false, constant = false;
    std::uint8_t tap = 0, shift = 0;
    std::uint16_t channel = 0;
  };

  /// Sums that ended, on their way to the ladders.
  struct EndingRegister {
    WordKind kind = WordKind::none;
    Geometry geometry;
    std::vector<Ending> endings;  ///< F; `count` in use.
    std::uint32_t count = 0;
    std::uint16_t pass = 0;
    std::vector<std::int32_t> sums;  ///< Ending e of PE p at e * PEs + p.
  };

  void write_tile(const TileWrite& write);
  // The edge. Each reads what the registers hold in the cycle that ends, hence downstream stages come first.
  void clock_output_unit(const CoreInputs& in, bool takes_results);
  void clock_pes(bool takes_results);
  void clock_predictor();
  void clock_ladders();
  void clock_word_register(const CoreInputs& in);
  // After the edge: functions of the registers.
  void find_survivors();
  [[nodiscard]] bool decide_to_leave() const;

  static void multiply(Pe& pe);
  static void hand_over(Pe& pe, std::int16_t operand, bool end);
  void add_survivors(Pe& pe, std::uint32_t index) const;
  void add_from_queue(Pe& pe, std::uint32_t index, bool result_is_in_the_way);
  void push_survivors(Pe& pe, std::uint32_t index);
  [[nodiscard]] std::uint32_t entries_to_push(const Pe& pe, std::uint32_t index) const;
  [[nodiscard]] std::int16_t operand(std::uint32_t index) const;
  [[nodiscard]] std::int32_t wrapped(std::int64_t sum) const;
  [[nodiscard]] std::int32_t addend(const Lane& lane, std::uint32_t place, std::uint32_t index) const;
  [[nodiscard]] bool has_output(const Geometry& geometry, std::uint32_t index) const;

  Config config_;
  std::uint32_t pes_count_, groups_;

  // Storage. Positions of masks and levels are mask_positions apart, PEs of mask 2 pes_count_.
  std::vector<std::int16_t> x_[2];
  std::vector<std::int8_t> v_[2];
  std::vector<std::uint8_t> mask1_, mask2_, levels_;

  // Registers.
  WordRegister r0_;
  EndingRegister ended_, ending_;  ///< In this cycle; being written at its edge.
  std::vector<Pe> pes_;
  std::vector<Entry> entries_;  ///< Q a PE.
  bool working_ = false;        ///< The output unit.
  std::uint32_t group_ = 0;     ///< That it works on.
  OutputParameters parameters_;
  std::vector<std::int32_t> taken_;  ///< The PEs' results.
  bool emitting_ = false;
  std::uint32_t emitted_group_ = 0;
  std::vector<std::int8_t> emitted_;

  // Functions of the registers.
  std::vector<std::uint64_t> survivors_;  ///< Of each PE, a bit a lane of R0.
  std::vector<std::int32_t> positions_;   ///< Of each PE, that R0's tap reads; -1 outside.
  bool leaves_ = false;                   ///< R0 leaves in this cycle.
};

}  // namespace fusesim::fused
