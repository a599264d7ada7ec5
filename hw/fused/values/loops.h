// SPDX-License-Identifier: Apache-2.0
// The kernels in terms of what an instruction set V offers (kernels.h). V is local to a translation unit and keeps this
// code so: each unit has flags of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hw/array/values/arena.h"
#include "hw/fused/list_reader.h"
#include "hw/fused/values/kernels.h"

namespace fusesim::fused::values {

/// What a word pushes into the FIFOs of a block.
template <class V>
struct Entries {
  alignas(64) std::uint8_t of[block_pes];
};

/// The FIFOs of a block when they hold at most 64 entries: which of a PE's entries are tails is one word, head lowest.
template <class V>
struct ShortQueues {
  alignas(64) std::uint64_t tails[block_pes];
  alignas(64) std::uint64_t channel_ends[block_pes];
  alignas(64) std::uint8_t queued[block_pes];
  std::uint32_t adders, depth;
  std::uint32_t ends;  ///< Channel ends in all FIFOs.

  void clear(const ElasticTask& task, array::values::Arena<V>&) {
    for (std::size_t p = 0; p < block_pes; ++p) tails[p] = channel_ends[p] = queued[p] = 0;
    adders = task.adders;
    depth = task.queue_depth;
    ends = 0;
  }
  static void measure(const ElasticTask&, array::values::Arena<V>&) {}

  [[nodiscard]] bool fit(const Entries<V>& entries) const { return V::fit(queued, entries.of, depth); }

  /// PEs that take a channel's end; those in `blocked` may not.
  std::uint64_t take(std::uint64_t blocked) {
    if (ends != 0) return take_ends(blocked);
    V::take(queued, tails, adders);
    return 0;
  }

  /// `last`: the last entry of each PE is a tail, `end`: of a channel too.
  void push(const Entries<V>& entries, bool last, bool end) {
    if (last) V::mark(queued, entries.of, tails);
    if (end) V::mark(queued, entries.of, channel_ends);
    for (std::size_t p = 0; p < block_pes; ++p) {
      if (end && entries.of[p] != 0) ++ends;
      queued[p] = static_cast<std::uint8_t>(queued[p] + entries.of[p]);
    }
  }

 private:
  std::uint64_t take_ends(std::uint64_t blocked) {
    std::uint64_t ended = 0;
    for (std::size_t p = 0; p < block_pes; ++p) {
      if (queued[p] == 0) continue;
      const std::uint32_t most = adders < queued[p] ? adders : queued[p];
      const auto run = static_cast<std::uint32_t>(__builtin_ctzll(tails[p] | std::uint64_t{1} << (most - 1))) + 1;
      if ((channel_ends[p] >> (run - 1) & 1) != 0) {
        if ((blocked >> p & 1) != 0) continue;
        ended |= std::uint64_t{1} << p;
        --ends;
      }
      queued[p] = static_cast<std::uint8_t>(queued[p] - run);
      tails[p] = run == 64 ? 0 : tails[p] >> run;
      channel_ends[p] = run == 64 ? 0 : channel_ends[p] >> run;
    }
    return ended;
  }
};

/// FIFOs of any depth: tails and channel ends are bits of a ring.
template <class V>
struct LongQueues {
  std::uint32_t adders, depth;
  std::uint32_t words;  ///< Of a PE's ring.
  std::uint64_t* tails;
  std::uint64_t* ends;
  std::uint32_t head[block_pes], queued[block_pes];

  static std::uint32_t ring_words(const ElasticTask& task) {
    std::uint32_t words = 2;
    while (words * 64 < task.queue_depth) words *= 2;
    return words;
  }
  static void measure(const ElasticTask& task, array::values::Arena<V>& arena) {
    for (int ring = 0; ring < 2; ++ring) arena.template take<std::uint64_t>(block_pes * ring_words(task));
  }
  void clear(const ElasticTask& task, array::values::Arena<V>& arena) {
    adders = task.adders;
    depth = task.queue_depth;
    words = ring_words(task);
    tails = arena.template take<std::uint64_t>(block_pes * words);
    ends = arena.template take<std::uint64_t>(block_pes * words);
    for (std::size_t i = 0; i < block_pes * words; ++i) tails[i] = ends[i] = 0;
    for (std::size_t p = 0; p < block_pes; ++p) head[p] = queued[p] = 0;
  }

  [[nodiscard]] bool fit(const Entries<V>& entries) const {
    for (std::size_t p = 0; p < block_pes; ++p) {
      if (queued[p] + entries.of[p] > depth) return false;
    }
    return true;
  }

  std::uint64_t take(std::uint64_t blocked) {
    std::uint64_t ended = 0;
    for (std::size_t p = 0; p < block_pes; ++p) {
      if (queued[p] == 0) continue;
      const std::uint32_t most = adders < queued[p] ? adders : queued[p];
      const auto run = static_cast<std::uint32_t>(__builtin_ctzll(window(p) | std::uint64_t{1} << (most - 1))) + 1;
      const std::uint32_t at = place(p, run - 1);
      if (bit(ends, p, at)) {
        if ((blocked >> p & 1) != 0) continue;
        ended |= std::uint64_t{1} << p;
      }
      tails[p * words + at / 64] &= ~(std::uint64_t{1} << at % 64);
      ends[p * words + at / 64] &= ~(std::uint64_t{1} << at % 64);
      head[p] = place(p, run);
      queued[p] -= run;
    }
    return ended;
  }

  void push(const Entries<V>& entries, bool last, bool end) {
    for (std::size_t p = 0; p < block_pes; ++p) {
      if (entries.of[p] == 0) continue;
      queued[p] += entries.of[p];
      const std::uint32_t at = place(p, queued[p] - 1);
      if (last) tails[p * words + at / 64] |= std::uint64_t{1} << at % 64;
      if (end) ends[p * words + at / 64] |= std::uint64_t{1} << at % 64;
    }
  }

 private:
  /// Of entry i from the head on.
  [[nodiscard]] std::uint32_t place(std::size_t p, std::uint32_t i) const { return (head[p] + i) & (words * 64 - 1); }
  [[nodiscard]] bool bit(const std::uint64_t* ring, std::size_t p, std::uint32_t at) const {
    return (ring[p * words + at / 64] >> at % 64 & 1) != 0;
  }
  /// The tails among 64 entries from the head on.
  [[nodiscard]] std::uint64_t window(std::size_t p) const {
    const std::uint64_t* const ring = tails + p * words;
    const std::uint32_t word = head[p] / 64, shift = head[p] % 64;
    const std::uint64_t low = ring[word] >> shift;
    return shift == 0 ? low : low | ring[(word + 1) & (words - 1)] << (64 - shift);
  }
};

template <class V>
const std::uint64_t* masks_of(const MaskSets& masks, std::size_t set, std::size_t block) {
  return masks.bits + (set * masks.blocks + block) * masks.middle;
}

/// An accumulate instruction, cycle by cycle: when a word leaves R0 depends on all PEs, what they take on what has
/// left.
template <class V, class Queues>
class Elastic {
 public:
  static std::size_t scratch(const ElasticTask& task) {
    array::values::Arena<V> arena(nullptr);
    arena.template take<Block>(task.masks.blocks);
    for (std::size_t b = 0; b < task.masks.blocks; ++b) Queues::measure(task, arena);
    return arena.used();
  }

  Elastic(const ElasticTask& task, std::byte* scratch) : task_(task) {
    array::values::Arena<V> arena(scratch);
    blocks_ = arena.template take<Block>(task.masks.blocks);
    end_ = blocks_ + task.masks.blocks;
    for (Block* block = blocks_; block != end_; ++block) {
      block->queues.clear(task, arena);
      block->pes = task.pes[block - blocks_];
      block->started = block->survived = block->product = block->multiply_end = block->valid = 0;
    }
  }

  void run(ElasticTiming& timing) {
    BasicListReader<V> reader(task_.list_rate, task_.list_fifo, task_.list_bytes);
    const BroadcastWord* next = task_.words;
    const BroadcastWord* const none_left = next + task_.word_count;
    const BroadcastWord* r0 = nullptr;
    std::uint64_t output_idle = 0;  // The first cycle in which the output unit is.
    std::uint32_t channels_taken = 0;
    std::uint64_t cycle = 0, queue_stalls = 0, list_stalls = 0;
    for (;; ++cycle) {
      const bool leaves = r0 != nullptr && fit();
      const bool takes_results = cycle >= output_idle && all_valid();
      step_pes(leaves ? r0 : nullptr, takes_results);
      if (takes_results) {
        output_idle = cycle + 1 + task_.output_cycles;
        if (++channels_taken == task_.out_channels) break;
      }
      std::uint32_t presented = 0;
      const bool ready = r0 == nullptr || leaves;
      if (leaves) r0 = nullptr;
      if (next != none_left) {
        const std::uint32_t bytes = next->count * isa::machine::fused_term_bytes;
        if (!ready) {
          ++queue_stalls;
        } else if (!reader.available(bytes)) {
          ++list_stalls;
        } else {
          presented = bytes;
          r0 = next++;
          load(*r0);
        }
      }
      reader.clock(presented);
    }
    timing.end = cycle + task_.output_cycles + 2;
    timing.queue_stalls = queue_stalls;
    timing.list_stalls = list_stalls;
    timing.survivors.additions = additions_;
    timing.survivors.live_products = live_products_;
  }

 private:
  struct Block {
    Queues queues;
    Entries<V> entries;          ///< That the word in R0 pushes.
    std::uint64_t pes;           ///< That there are.
    std::uint64_t started;       ///< Earlier words of the list left survivors.
    std::uint64_t survived;      ///< The word in R0 does.
    std::uint64_t product;       ///< A word of the list did, R0's too.
    std::uint64_t multiply_end;  ///< The multiplier register holds a channel's end.
    std::uint64_t valid;
  };

  [[nodiscard]] bool fit() const {
    for (const Block* block = blocks_; block != end_; ++block) {
      if (!block->queues.fit(block->entries)) return false;
    }
    return true;
  }
  [[nodiscard]] bool all_valid() const {
    for (const Block* block = blocks_; block != end_; ++block) {
      if (block->valid != block->pes) return false;
    }
    return true;
  }

  void step_pes(const BroadcastWord* leaving, bool takes_results) {
    for (Block* block = blocks_; block != end_; ++block) {
      const std::uint64_t ended = block->queues.take(block->multiply_end | block->valid);
      block->valid = (takes_results ? 0 : block->valid) | block->multiply_end;
      block->multiply_end = ended;
      if (leaving == nullptr) continue;
      block->queues.push(block->entries, leaving->last, leaving->channel_end);
      block->started = leaving->last ? 0 : block->started | block->survived;
    }
  }

  /// Into R0: finds what the word will push.
  void load(const BroadcastWord& word) {
    for (Block* block = blocks_; block != end_; ++block) {
      std::uint8_t* const entries = block->entries.of;
      const std::uint64_t* const masks = masks_of<V>(task_.masks, word.set, static_cast<std::size_t>(block - blocks_));
      std::uint64_t additions = 0;
      block->survived = V::count(task_.terms + word.begin, word.count, masks, entries, additions);
      block->product |= block->survived;
      if (!word.null) additions_ += additions;
      if (!word.last) continue;
      if (!word.null) live_products_ += static_cast<std::uint64_t>(__builtin_popcountll(block->product));
      block->product = 0;
      // Null entries end the sums of PEs in which the word has no survivor.
      std::uint64_t closing = (word.channel_end ? block->pes : block->started) & ~block->survived;
      for (; closing != 0; closing &= closing - 1) entries[__builtin_ctzll(closing)] = 1;
    }
  }

  const ElasticTask& task_;
  Block* blocks_ = nullptr;
  Block* end_ = nullptr;
  std::uint64_t additions_ = 0, live_products_ = 0;
};

template <class V>
struct Loops {
  static constexpr Kernels kernels() {
    return {elastic_scratch, elastic, count_survivors, channel_sums, ladder, V::gather_bits};
  }

  static std::size_t elastic_scratch(const ElasticTask& task) {
    return task.queue_depth <= 64 ? Elastic<V, ShortQueues<V>>::scratch(task)
                                  : Elastic<V, LongQueues<V>>::scratch(task);
  }

  static void elastic(const ElasticTask& task, std::byte* scratch, ElasticTiming& timing) {
    if (task.queue_depth <= 64) {
      Elastic<V, ShortQueues<V>>(task, scratch).run(timing);
    } else {
      Elastic<V, LongQueues<V>>(task, scratch).run(timing);
    }
  }

  static void count_survivors(const BroadcastWord* words, std::size_t count, const isa::machine::FusedTerm* terms,
                              const MaskSets& masks, Survivors& survivors) {
    std::uint64_t additions = 0, live_products = 0;
    for (std::size_t block = 0; block < masks.blocks; ++block) {
      std::uint64_t product = 0;
      for (const BroadcastWord* word = words; word != words + count; ++word) {
        if (word->null) continue;
        const std::uint64_t* const bits = masks_of<V>(masks, word->set, block);
        for (std::uint32_t i = word->begin; i < word->begin + word->count; ++i) {
          const std::uint64_t survived = bits[terms[i].middle];
          additions += static_cast<std::uint64_t>(__builtin_popcountll(survived));
          product |= survived;
        }
        if (!word->last) continue;
        live_products += static_cast<std::uint64_t>(__builtin_popcountll(product));
        product = 0;
      }
    }
    survivors.additions = additions;
    survivors.live_products = live_products;
  }

  static void channel_sums(const ChannelTask& task, std::int32_t* sums) {
    typename V::Sums acc;
    std::uint32_t begin = task.begin;
    const std::uint32_t* end = task.ends;
    const auto list = [&](const std::uint64_t* masks) {
      typename V::Sums sum;
      for (; begin < *end; ++begin) sum.add_where(masks[task.terms[begin].middle], task.terms[begin].weight);
      ++end;
      return sum;
    };
    for (std::uint32_t tap = 0; tap < task.taps; ++tap) {
      const std::uint64_t* const masks = masks_of<V>(task.masks, tap, task.block);
      const std::int16_t* operands = task.operands + tap * task.channels * task.operand_pitch + task.block * block_pes;
      for (std::uint32_t c = 0; c < task.channels; ++c, operands += task.operand_pitch) {
        acc.add_products(list(masks), operands);
      }
      acc.add_scaled(list(masks), task.expand_unit);
    }
    acc.add_scaled(list(masks_of<V>(task.masks, task.taps, task.block)), task.depthwise_unit);
    acc.store(sums);
  }

  static void ladder(const LadderTask& task, std::int16_t* sums, std::int16_t* levels, std::uint64_t* mask) {
    const std::size_t count = task.count, padded = (count + 63) / 64 * 64;
    for (std::size_t i = 0; i < padded; ++i) sums[i] = 0;
    for (std::size_t lane = 0; lane < task.lane_count; ++lane) {
      const std::int16_t* const in = task.inputs + task.offsets[task.lanes[lane].index];
      if (task.lanes[lane].negative) {
        for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<std::int16_t>(sums[i] - in[i]);
      } else {
        for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<std::int16_t>(sums[i] + in[i]);
      }
    }
    if (task.levels != nullptr) {
      for (std::size_t i = 0; i < padded; ++i) levels[i] = 0;
      for (std::size_t step = 0; step < 7; ++step) {
        const std::int16_t threshold = task.levels[step];
        if (task.falling) {
          for (std::size_t i = 0; i < count; ++i) {
            levels[i] = static_cast<std::int16_t>(levels[i] + (sums[i] <= threshold ? 1 : 0));
          }
        } else {
          for (std::size_t i = 0; i < count; ++i) {
            levels[i] = static_cast<std::int16_t>(levels[i] + (sums[i] >= threshold ? 1 : 0));
          }
        }
      }
    }
    for (std::size_t i = 0; i < padded; i += 64) {
      const std::uint64_t bits = V::passing(sums + i, task.falling, task.mask);
      mask[i / 64] = count - i >= 64 ? bits : bits & ((std::uint64_t{1} << (count - i)) - 1);
    }
  }
};

}  // namespace fusesim::fused::values
