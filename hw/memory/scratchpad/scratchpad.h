// SPDX-License-Identifier: Apache-2.0
// One scratchpad: its bytes, which of them hold something, and its system port. Plain C++; laws in docs/machine.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "hw/isa/machine/config.h"
#include "hw/memory/scratchpad/byte_marks.h"

namespace fusesim::memory {

class Scratchpad {
 public:
  /// Without `values` there are no bytes, only what is known about them.
  Scratchpad(const isa::machine::ScratchpadConfig& config, bool values);
  // A copy's memory would be aligned differently, and its bytes lie elsewhere in it.
  Scratchpad(const Scratchpad&) = delete;
  Scratchpad& operator=(const Scratchpad&) = delete;
  Scratchpad(Scratchpad&&) = default;
  Scratchpad& operator=(Scratchpad&&) = default;

  [[nodiscard]] const isa::machine::ScratchpadConfig& config() const { return config_; }
  [[nodiscard]] bool has_values() const { return has_values_; }

  /// The bytes [address, address + count), which must lie inside; only with values. Aligned to 64 where `address` is.
  [[nodiscard]] std::span<std::int8_t> bytes(std::uint32_t address, std::size_t count);

  // Written and released bytes. Grids and ranges must lie inside.
  void mark_written(const ByteGrid& grid) {
    written_.mark(grid);
    if (written_.marked() > peak_) peak_ = written_.marked();
  }
  void mark_written(std::uint32_t address, std::uint64_t count) { mark_written({.address = address, .run = count}); }
  void release(std::uint32_t address, std::uint64_t count) { written_.clear(address, count); }
  /// Whether all of the grid was written since it was last released.
  [[nodiscard]] bool all_written(const ByteGrid& grid) const { return written_.all_marked(grid); }
  /// The first byte of the range that was not written since it was last released.
  [[nodiscard]] std::optional<std::uint32_t> first_unwritten(std::uint32_t address, std::uint64_t count) const;
  [[nodiscard]] std::uint64_t occupied() const { return written_.marked(); }
  [[nodiscard]] std::uint64_t peak() const { return peak_; }

  // The system port, seen from DMA, which goes first.
  /// Takes the port for ceil(count / row bytes) cycles, from `cycle` on or when earlier takers are done. Returns the
  /// cycle after the last. `cycle` must be later than any cycle that taken() was asked about, and not before any that
  /// taken_before() was.
  std::uint64_t take_port(std::uint64_t cycle, std::uint64_t count);
  /// Whether DMA has the port in this cycle.
  [[nodiscard]] bool taken(std::uint64_t cycle) const;
  /// How many cycles before `cycle` DMA had the port.
  [[nodiscard]] std::uint64_t taken_before(std::uint64_t cycle) const;

 private:
  struct Span {
    std::uint64_t begin, end;  ///< Cycles.
    std::uint64_t before;      ///< Cycles taken before `begin`.
  };
  isa::machine::ScratchpadConfig config_;
  bool has_values_;
  std::vector<std::int8_t> storage_;
  ByteMarks written_;
  std::uint64_t peak_ = 0;
  std::vector<Span> taken_;  ///< Ascending; neighbours joined.
};

/// The three of a core.
class Scratchpads {
 public:
  Scratchpads(const isa::machine::CoreConfig& core, bool values)
      : pads_{Scratchpad(core.activations, values), Scratchpad(core.weights, values),
              Scratchpad(core.outputs, values)} {}
  [[nodiscard]] Scratchpad& operator[](isa::machine::Pad pad) { return pads_[static_cast<std::size_t>(pad)]; }
  [[nodiscard]] const Scratchpad& operator[](isa::machine::Pad pad) const {
    return pads_[static_cast<std::size_t>(pad)];
  }

 private:
  std::array<Scratchpad, isa::machine::pad_count> pads_;
};

}  // namespace fusesim::memory
