// SPDX-License-Identifier: Apache-2.0
// The law of the fused unit as a model: how long an instruction takes, where its cycles go, what it counts, and what it
// computes, without stepping the unit's registers. Instructions are handed over in the order in which they run; tiles
// and masks stand between them. Equal to SteppedFusedCore under the sequencer in all of this, by test.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "hw/array/values/instruction_set.h"
#include "hw/fused/counters.h"
#include "hw/isa/machine/fused.h"
#include "hw/isa/machine/program.h"

namespace fusesim::fused {

/// Masks that no predictor made, for timing without values: each bit of mask 1 and of mask 2 passes by chance with
/// probability sqrt(survival), hence a term at a tap inside the map with `survival` (0 .. 1). The bits are a function
/// of the seed and of how many `predict` instructions ran before.
struct SyntheticMasks {
  double survival = 0.25;
  std::uint64_t seed = 1;
};

/// Whether and how the law knows masks.
struct LawOptions {
  /// Tiles, masks and results are computed. Otherwise the spans of values below are not looked at.
  bool values = true;
  /// Used without values only. Without values and without this, mode fixed is timed alone (survivors and live products
  /// stay 0: nothing else depends on data), and mode elastic refuses to accumulate.
  std::optional<SyntheticMasks> synthetic;
  /// An available one; otherwise array::values::default_instruction_set(). All give the same.
  std::optional<array::values::InstructionSet> instruction_set = std::nullopt;
};

/// What accumulate reads besides its lists; with values only.
struct AccumulateData {
  std::span<const isa::machine::ChannelParameters> parameters;  ///< out_channels.
  std::span<const std::int8_t> activations;  ///< The whole scratchpad: residual and next tile are in it.
};

/// Instructions have passed isa::machine::validate() for the configuration.
class Law {
 public:
  Law(const isa::machine::FusedConfig& config, const LawOptions& options);
  ~Law();
  Law(Law&&) noexcept;
  Law& operator=(Law&&) noexcept;

  /// `activations`: the whole scratchpad.
  Outcome tile(const isa::machine::FusedTile& tile, std::span<const std::int8_t> activations);

  /// `lists`: the instruction's lists_bytes. They are decoded when first seen; then only compared with what lay at
  /// `lists_dram` before. Throws isa::machine::InvalidLists when they break a rule.
  Outcome predict(const isa::machine::FusedPredict& predict, std::span<const std::int8_t> lists);

  /// `results`: out_channels x out_rows x out_columns, dense; written with values, else may be empty. Throws
  /// InvalidLists likewise, also when a list does not fit the adders; std::logic_error in mode elastic without masks.
  Outcome accumulate(const isa::machine::FusedAccumulate& accumulate, std::span<const std::int8_t> lists,
                     const AccumulateData& data, std::span<std::int8_t> results);

  // Masks that stand: of positions inside the region and PEs, of the last predict. False without masks.
  [[nodiscard]] bool mask1(std::uint32_t channel, std::uint32_t position) const;
  [[nodiscard]] bool mask2(std::uint32_t channel, std::uint32_t pe) const;
  /// Of the level storage's place, as the last round that used it left it. With values only.
  [[nodiscard]] std::uint8_t level(std::uint32_t place, std::uint32_t position) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fusesim::fused
