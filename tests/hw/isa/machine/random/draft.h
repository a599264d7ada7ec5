// SPDX-License-Identifier: Apache-2.0
// A random program in the making: where its tensors lie in DRAM and in the scratchpads, and which tokens order what
// happens to them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/isa/machine/program.h"
#include "tests/hw/isa/machine/random/dice.h"

namespace fusesim::isa::machine::test {

/// A tensor in DRAM, and the token that says it is there.
struct DramMap {
  std::size_t section;
  std::uint32_t channels, height, width;
  Waits ready;
};

/// A map in a scratchpad.
struct PadMap {
  VectorOperand at;
  std::uint32_t channels, height, width;
  std::size_t buffer;
  Waits ready;
};

/// Bytes of lists in DRAM and in the weights scratchpad.
struct Lists {
  std::uint64_t dram = 0;
  std::uint32_t address = 0, bytes = 0;
  std::size_t buffer = 0;
};

/// When both have been given.
[[nodiscard]] Waits both(const Waits& a, const Waits& b);

class ProgramDraft {
 public:
  explicit ProgramDraft(std::uint32_t seed);

  Dice dice;
  Program program;

  /// A layer's buffers are its own. Once the scratchpads are full, it waits for all before and uses them again.
  void begin_layer();
  /// Releases its buffers with their last users.
  void end_layer();
  /// The last tensor stored is the network's result; scratchpads hold every buffer.
  void finish(bool values);

  DramMap new_input(std::uint32_t channels, std::uint32_t height, std::uint32_t width);
  /// A new input or what has been stored.
  DramMap any_map();
  PadMap load_map(const DramMap& source);
  void store_map(const PadMap& map);

  /// Constants in rows of `row` bytes, `pitch` apart in the scratchpad; returns their buffer.
  std::size_t load_constants(std::uint32_t rows, std::uint32_t row, std::uint32_t pitch, Pad pad, Waits& ready);
  /// Of the channels of a convolution.
  std::size_t load_parameters(std::uint32_t channels, Waits& ready);
  Lists load_lists(const std::vector<std::uint8_t>& bytes, std::uint32_t alignment, Waits& ready);

  std::size_t allocate(Pad pad, std::uint64_t bytes, std::uint32_t alignment = 1);
  [[nodiscard]] std::uint32_t address(std::size_t buffer) const { return buffers_[buffer].address; }
  /// A place for a map, with gaps between lines and channels now and then.
  PadMap place(Pad pad, std::uint32_t element, std::uint32_t channels, std::uint32_t height, std::uint32_t width);

  /// Adds an instruction that starts after `waits` and what made room for its buffers; returns the token it gives.
  Waits add(const decltype(Instruction::work)& work, const Waits& waits, const std::vector<std::size_t>& buffers);

 private:
  /// Bytes of a scratchpad, and who used them last.
  struct Buffer {
    Pad pad;
    std::uint32_t address, bytes;
    std::size_t last_user;
  };

  std::size_t add_section(Role role, std::uint64_t bytes);
  void fill_sections();

  std::uint32_t layer_ = 0;
  std::vector<DramMap> maps_;
  std::vector<std::size_t> parameter_sections_;
  std::vector<Buffer> buffers_;  ///< Of the layer being made.
  std::array<std::uint32_t, pad_count> next_{}, top_{};
  Waits counts_{}, room_{};
};

}  // namespace fusesim::isa::machine::test
