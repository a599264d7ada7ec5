// SPDX-License-Identifier: Apache-2.0
// Appends instructions to a machine program and works out which tokens each must wait for, from the bytes it reads and
// writes: whatever order a planner chooses, the program it gets is free of hazards.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "hw/isa/machine/program.h"

namespace fusesim::tile {

/// Bytes of a scratchpad that an instruction reads or writes.
struct PadAccess {
  isa::machine::Pad pad;
  std::uint32_t address;
  std::uint32_t bytes;
  bool writes;
};

/// `count` runs of `run` bytes in a section, from `begin` on, one every `stride` bytes; these are at least `run`.
struct DramRuns {
  std::uint32_t section = 0;
  std::uint64_t begin = 0, run = 1, count = 1, stride = 0;
};

class Emitter {
 public:
  explicit Emitter(isa::machine::Program& program) : program_(program) {}

  /// Appends an instruction and returns its index. It waits for all earlier instructions that write what it reads, and
  /// that read or write what it writes, unless other waits imply that they are complete. `dram` is what a load reads or
  /// a store writes; stores never write a byte twice.
  std::uint32_t emit(isa::machine::Instruction instruction, std::span<const PadAccess> pads,
                     std::span<const DramRuns> dram);
  /// With one set of runs, or none.
  std::uint32_t emit(isa::machine::Instruction instruction, std::span<const PadAccess> pads,
                     const DramRuns* dram = nullptr) {
    return emit(std::move(instruction), pads, std::span(dram, dram ? 1U : 0U));
  }

  /// Adds a release to an instruction that is, in its queue, the last to read these bytes.
  void release(std::uint32_t instruction, isa::machine::Pad pad, std::uint32_t address, std::uint32_t bytes);

  /// One more than the index of the last instruction that used any of these bytes; 0 when none did.
  [[nodiscard]] std::uint32_t last_use(isa::machine::Pad pad, std::uint32_t address, std::uint32_t bytes) const;

 private:
  using Counts = isa::machine::Waits;

  /// Bytes [begin, end) of a scratchpad with one history.
  struct Segment {
    std::uint32_t begin = 0, end = 0;
    Counts writes{}, reads{};  ///< Tokens of the last instructions, by queue.
    std::uint32_t last_use = 0;
  };
  struct Written {
    DramRuns runs;
    std::uint32_t token = 0;
  };

  static void raise(Counts& counts, const Counts& to);
  void require(const PadAccess& access, Counts& waits) const;
  void require(const DramRuns& read, Counts& waits) const;
  void note(const PadAccess& access, std::size_t queue, std::uint32_t token);
  [[nodiscard]] Counts known_before(const isa::machine::Instruction& instruction) const;
  [[nodiscard]] Counts implied(Counts known, const Counts& waits, std::size_t without) const;
  void reduce(const Counts& known, Counts& waits) const;

  isa::machine::Program& program_;
  bool fused_last_ = false;  ///< The last instruction of the compute queue is the fused unit's.
  std::array<std::vector<Segment>, isa::machine::pad_count> segments_;  ///< Ascending, apart.
  std::vector<std::vector<Written>> written_;                           ///< By section, in order.
  /// For each queue, what is known to be complete when its n-th instruction starts, and when it completes.
  std::array<std::vector<Counts>, isa::machine::queue_count> at_start_, at_end_;
};

}  // namespace fusesim::tile
