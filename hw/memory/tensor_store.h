// SPDX-License-Identifier: Apache-2.0
// The values of a program's tensors while it runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/isa/program.h"

namespace fusesim::memory {

/// Tensors come into being when first touched: generated ones are filled, constant ones point into the program,
/// computed ones start as zeros. The program must outlive the store.
class TensorStore {
 public:
  explicit TensorStore(const isa::Program& program);

  /// Values of an int8 tensor from channel `channel` on. Throws std::invalid_argument naming the tensor when it is not
  /// int8 or the channel is out of range.
  [[nodiscard]] std::span<const std::int8_t> bytes(std::uint32_t tensor, std::uint32_t channel = 0);
  /// Values of a computed int32 tensor from channel `channel` on; same errors.
  [[nodiscard]] std::span<std::int32_t> sums(std::uint32_t tensor, std::uint32_t channel = 0);

 private:
  [[nodiscard]] std::size_t offset(std::uint32_t tensor, std::uint32_t channel, isa::ElementType type) const;

  const isa::Program* program_;
  std::vector<std::vector<std::int8_t>> bytes_;
  std::vector<std::vector<std::int32_t>> sums_;
};

}  // namespace fusesim::memory
