// SPDX-License-Identifier: Apache-2.0
// Drives the registers of a fused core through instructions, clock by clock: words through the list reader, tiles,
// parameters, residuals, results. Plain C++; the same for the stepped core and the RTL.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "hw/control/machine/context.h"
#include "hw/fused/counters.h"
#include "hw/fused/fused_core.h"
#include "hw/fused/list_reader.h"
#include "hw/fused/words.h"

namespace fusesim::control::machine {

/// Counts what it sees happen: words as they leave the reader, bytes as they are read and written, survivors by the
/// core's masks.
class FusedSequencer {
 public:
  /// `context` has values; it and the core must outlive the sequencer.
  FusedSequencer(fused::FusedCore& core, const Context& context);

  /// Takes up an instruction; the one before has ended. Throws std::runtime_error naming it when its lists break a
  /// rule.
  void begin(std::uint32_t instruction);
  /// One clock edge. Returns whether the instruction's last cycle was this one.
  bool clock();

  /// Called after each edge with what the core was given.
  std::function<void(const fused::CoreInputs&)> watch;

  // Of the instruction so far.
  [[nodiscard]] const fused::Causes& causes() const { return causes_; }
  [[nodiscard]] const fused::Counters& counters() const { return counters_; }
  using PadBytes = std::array<std::uint64_t, isa::machine::pad_count>;
  [[nodiscard]] const PadBytes& read_bytes() const { return read_; }
  [[nodiscard]] const PadBytes& written_bytes() const { return written_; }

 private:
  /// Loads a tile, some neighbouring positions of a row in each cycle.
  class TileLoader {
   public:
    TileLoader(const isa::machine::FusedTile& work, std::uint32_t port_bytes);
    [[nodiscard]] bool done() const { return channel_ == work_->geometry.channels; }
    /// Gives the core the next piece and returns how many bytes were read.
    std::uint32_t put(fused::CoreInputs& in, memory::Scratchpad& activations);

   private:
    const isa::machine::FusedTile* work_;
    std::uint32_t port_bytes_;
    std::array<std::int8_t, 256> copies_;  ///< The 4-bit copy of each byte.
    std::uint32_t channel_ = 0, row_ = 0, column_ = 0;
    std::vector<std::int16_t> x_;
    std::vector<std::int8_t> v_;
  };

  void begin(const isa::machine::FusedTile& work);
  void begin(const isa::machine::FusedPredict& work);
  void begin(const isa::machine::FusedAccumulate& work);
  template <typename Other>
  void begin(const Other& work);

  void load_tile();
  bool clock_predict();
  bool clock_accumulate();
  void present_terms();
  void count(const fused::Word& word);
  void take_results();
  void feed_residual(std::uint32_t group);
  void write(const fused::Emitted& emitted);
  void edge();

  void prepare_parameters(const isa::machine::FusedAccumulate& work);
  void find_tap_positions(const isa::machine::FusedGeometry& g);
  void keep_masks(const isa::machine::FusedGeometry& g);
  [[nodiscard]] std::uint64_t& read(isa::machine::Pad pad) { return read_[static_cast<std::size_t>(pad)]; }
  [[nodiscard]] bool has_output(std::uint32_t pe) const;

  fused::FusedCore& core_;
  const Context& context_;
  fused::Config config_;
  std::uint32_t pes_;

  std::uint32_t instruction_ = 0;
  fused::Causes causes_;
  fused::Counters counters_;
  PadBytes read_{}, written_{};
  fused::CoreInputs in_;
  std::optional<TileLoader> loader_;
  std::optional<fused::ListReader> reader_;

  // Predict.
  std::optional<fused::PredictorSource> predictor_;
  std::uint32_t after_last_ = 0;  ///< Cycles since the last word.

  // Accumulate.
  const isa::machine::FusedAccumulate* accumulate_ = nullptr;
  std::optional<fused::TermSource> terms_;
  std::vector<fused::OutputParameters> parameters_;  ///< By output channel.
  std::uint32_t taken_channels_ = 0, written_channels_ = 0;
  std::vector<std::int8_t> residual_;  ///< Of a group.

  // For the counters: masks as the last predict left them, by middle channel, and the position that each tap of each PE
  // reads (-1: none).
  std::vector<std::uint8_t> mask1_, mask2_;
  std::uint32_t mask_positions_ = 0;  ///< Between channels of mask1_.
  std::vector<std::int32_t> tap_positions_;
  std::vector<std::uint8_t> live_;  ///< PEs in which the current list has a survivor.
};

}  // namespace fusesim::control::machine
