// SPDX-License-Identifier: Apache-2.0
// The registers of the fused block, advanced one clock at a time: input tiles, predictor, mask storage, PEs with
// queues, output unit. Implemented by SteppedFusedCore (this folder) and by the Verilated SystemVerilog (rtl/fused).
// What drives it (lists, scratchpads, instructions) is the sequencer, the same for both. docs/fused.md, "The unit", is
// the law.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "hw/isa/machine/fused.h"

namespace fusesim::fused {

/// The constants of one elaborated core. PEs: tile_rows * tile_columns.
using Config = isa::machine::FusedConfig;
using Geometry = isa::machine::FusedGeometry;

enum class WordKind : std::uint8_t { none, expand, depthwise, terms };

/// expand: index = input channel, weight = +-1; depthwise: index = tap, weight = +-1; terms: index = middle channel.
struct Lane {
  std::uint16_t index = 0;
  std::int16_t weight = 0;
  bool operator==(const Lane&) const = default;
};

/// A ternary sum that ends in a word.
struct Ending {
  std::uint8_t lanes = 0;     ///< Lanes of the word before and with its last: ascending over a word's endings.
  std::uint16_t channel = 0;  ///< Middle channel within the group.
  std::uint16_t level = 0;    ///< Its place in the level storage: channel within the round.
  bool falling = false;
  std::int16_t mask = 0;        ///< Threshold of the mask.
  std::int16_t levels[7] = {};  ///< expand only.
  bool operator==(const Ending&) const = default;
};

struct Word {
  WordKind kind = WordKind::none;
  std::span<const Lane> lanes;  ///< At most L.
  // Predictor.
  std::span<const Ending> endings;  ///< At most F.
  std::uint16_t pass = 0;           ///< expand: PE p works on position pass * PEs + p.
  /// depthwise: place in the level storage of the sum that the lanes after the last ending belong to, which goes on in
  /// the next word. All other lanes read the place of the ending they lead to.
  std::uint16_t open_level = 0;
  // Terms.
  bool last = false, channel_end = false;
  bool every_tap = false;  ///< Masks are mask 2 alone.
  std::uint8_t tap = 0;    ///< ky * kernel + kx.
  bool constant = false;   ///< The operand is 2^shift instead of x[channel] at the tap.
  std::uint8_t shift = 0;
  std::uint16_t channel = 0;
};

/// Writes `x.size()` neighbouring positions of a tile, at most tile_port_bytes.
struct TileWrite {
  std::uint8_t buffer = 0;
  std::uint16_t channel = 0, position = 0;
  std::uint16_t positions = 1;      ///< Of the tile written, which need not be that of CoreInputs::geometry.
  std::span<const std::int16_t> x;  ///< -255 .. 255.
  std::span<const std::int8_t> v;   ///< -8 .. 7.
};

/// What the output unit does to a channel's results.
struct OutputParameters {
  std::int32_t bias = 0, multiplier = 0, shift = 1;  ///< Of the channel.
  std::int32_t zero_out = 0;
  std::int8_t lowest = -128, highest = 127;
  bool residual = false;
  std::int32_t zero_a = 0, zero_b = 0, residual_zero_out = 0;
  std::int32_t multiplier_a = 0, multiplier_b = 0, residual_shift = 1;
  std::int8_t residual_lowest = -128, residual_highest = 127;
  bool operator==(const OutputParameters&) const = default;
};

/// The input port in one cycle.
struct CoreInputs {
  Geometry geometry;        ///< Stands still from the first word of an instruction until its end.
  std::uint8_t buffer = 0;  ///< The tile that words read; stands still likewise.
  Word word;                ///< Taken when ready().
  std::optional<TileWrite> tile;
  OutputParameters parameters;  ///< Of the channel that leaves next; sampled when takes().
  /// Residual bytes of the PEs of output_group(), in PE order; may be shorter, then zeros.
  std::span<const std::int8_t> residual;
};

/// What leaves the output unit's register in a cycle: results of PEs group * V and following.
struct Emitted {
  std::uint32_t group = 0;
  std::span<const std::int8_t> values;  ///< V, fewer in the last group; valid until the next clock().
};

/// Registers of one PE, for waveforms and lockstep.
struct FusedPeState {
  std::int32_t ternary_sum = 0;  ///< Running sum of the predictor.
  std::int32_t sum = 0;          ///< Running sum of a list.
  bool multiply = false;         ///< Multiplier register valid.
  std::int32_t factor = 0;       ///< Its composed weight; 0 unless `multiply`.
  std::int16_t operand = 0;      ///< 0 unless `multiply`.
  bool multiply_end = false;
  std::int32_t acc = 0;
  bool result_valid = false;
  std::int32_t result = 0;   ///< 0 unless `result_valid`.
  std::uint32_t queued = 0;  ///< Entries in the FIFO; 0 in mode fixed.
  bool started = false;      ///< Earlier words of the list left survivors (elastic).
  bool operator==(const FusedPeState&) const = default;
};

class FusedCore {
 public:
  virtual ~FusedCore() = default;
  [[nodiscard]] virtual const Config& config() const = 0;
  /// Every register becomes zero, masks and tiles too.
  virtual void reset() = 0;
  /// One clock edge.
  virtual void clock(const CoreInputs& in) = 0;

  // Outputs in the cycle after the last edge; they depend on registers only.
  /// Whether a word presented in this cycle is taken.
  [[nodiscard]] virtual bool ready() const = 0;
  /// R0 holds a terms word that does not leave in this cycle.
  [[nodiscard]] virtual bool held() const = 0;
  /// The output unit takes the PEs' results in this cycle.
  [[nodiscard]] virtual bool takes() const = 0;
  /// The PEs (group * V ..) that the output unit works on in this cycle.
  [[nodiscard]] virtual std::optional<std::uint32_t> output_group() const = 0;
  [[nodiscard]] virtual std::optional<Emitted> emitted() const = 0;
  /// No word, sum, queue entry or result is under way (docs/fused.md, at the end of "Pipeline").
  [[nodiscard]] virtual bool idle() const = 0;

  // State.
  [[nodiscard]] virtual FusedPeState pe(std::uint32_t index) const = 0;
  [[nodiscard]] virtual bool mask1(std::uint32_t channel, std::uint32_t position) const = 0;
  [[nodiscard]] virtual bool mask2(std::uint32_t channel, std::uint32_t pe) const = 0;
  /// 0..7, of the level storage's place.
  [[nodiscard]] virtual std::uint8_t level(std::uint32_t place, std::uint32_t position) const = 0;
};

}  // namespace fusesim::fused
