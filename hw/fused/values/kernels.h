// SPDX-License-Identifier: Apache-2.0
// The inner loops of the fused unit's law, once for each instruction set; all compute the same. Bits stand for PEs or
// positions, 64 to a word: a *block* is 64 neighbouring PEs. Bits of PEs that there are not are 0 everywhere.
//
// The translation units of the sets are compiled with flags of their own, so they hold nothing but code with internal
// linkage: an inline function shared with the rest of the program could otherwise be linked in the form that only newer
// processors run. Hence plain pointers and results by reference here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hw/array/values/instruction_set.h"
#include "hw/isa/machine/fused_lists.h"

namespace fusesim::fused::values {

inline constexpr std::size_t block_pes = 64;

/// A word of terms as the law sees it.
struct BroadcastWord {
  std::uint32_t begin = 0;  ///< Into the terms.
  std::uint8_t count = 0;
  std::uint8_t set = 0;  ///< The tap, or the number of taps: mask 2 alone.
  bool last = false, channel_end = false;
  bool null = false;  ///< Of an empty list.
};

/// Which PEs a term of middle channel m survives in, for each tap and for mask 2 alone.
struct MaskSets {
  const std::uint64_t* bits = nullptr;  ///< [set][block][middle]
  std::size_t blocks = 0, middle = 0;
};

struct Survivors {
  std::uint64_t additions = 0, live_products = 0;  ///< Null lists not counted.
};

/// An accumulate instruction in mode elastic.
struct ElasticTask {
  const BroadcastWord* words = nullptr;
  std::size_t word_count = 0;
  const isa::machine::FusedTerm* terms = nullptr;
  MaskSets masks;
  const std::uint64_t* pes = nullptr;  ///< [block] PEs that there are.
  std::uint32_t adders = 1, queue_depth = 1;
  std::uint32_t output_cycles = 1;  ///< N.
  std::uint32_t out_channels = 1;
  std::uint32_t list_rate = 0, list_fifo = 0;  ///< The list reader's.
  std::uint64_t list_bytes = 0;
};

struct ElasticTiming {
  std::uint64_t end = 0;  ///< Cycles until the last byte is written.
  std::uint64_t list_stalls = 0, queue_stalls = 0;
  Survivors survivors;
};

/// The sums of one output channel in the PEs of one block.
struct ChannelTask {
  const isa::machine::FusedTerm* terms = nullptr;
  const std::uint32_t* ends = nullptr;  ///< Of the channel's lists, indices into `terms`.
  std::uint32_t begin = 0;              ///< Of its first list.
  std::uint32_t taps = 1, channels = 1;
  MaskSets masks;
  std::size_t block = 0;
  const std::int16_t* operands = nullptr;            ///< [tap][channel][PE]
  std::size_t operand_pitch = 0;                     ///< PEs, rounded up to whole blocks.
  std::int32_t expand_unit = 1, depthwise_unit = 1;  ///< 2^shift of the bias lists.
};

/// Ternary sums of neighbouring elements and what becomes of them.
struct LadderTask {
  const isa::machine::FusedLane* lanes = nullptr;
  std::size_t lane_count = 0;
  bool falling = false;
  std::int16_t mask = 0;                 ///< Threshold.
  const std::int16_t* levels = nullptr;  ///< Seven thresholds; null: no levels wanted.
  const std::int16_t* inputs = nullptr;  ///< What lane index i adds begins at offsets[i].
  const std::uint32_t* offsets = nullptr;
  std::size_t count = 0;
};

struct Kernels {
  /// Bytes of scratch memory, aligned to 64, that elastic() needs.
  std::size_t (*elastic_scratch)(const ElasticTask& task);
  void (*elastic)(const ElasticTask& task, std::byte* scratch, ElasticTiming& timing);
  void (*count_survivors)(const BroadcastWord* words, std::size_t count, const isa::machine::FusedTerm* terms,
                          const MaskSets& masks, Survivors& survivors);
  /// Writes block_pes sums, modulo 2^32.
  void (*channel_sums)(const ChannelTask& task, std::int32_t* sums);
  /// Writes sums and levels, both with room for the count rounded up to 64, and of each sum a bit of `mask` that says
  /// whether it passes the mask threshold; whole words.
  void (*ladder)(const LadderTask& task, std::int16_t* sums, std::int16_t* levels, std::uint64_t* mask);
  /// Takes the bits of `from` that `select` names, in order, and puts them where `place` has bits: there are as many.
  void (*gather_bits)(const std::uint64_t* from, const std::uint64_t* select, std::size_t from_words,
                      const std::uint64_t* place, std::size_t to_words, std::uint64_t* to);
};

/// `set` must be available.
[[nodiscard]] const Kernels& kernels(array::values::InstructionSet set);

extern const Kernels portable_kernels, avx2_kernels, avx512_kernels;

}  // namespace fusesim::fused::values
