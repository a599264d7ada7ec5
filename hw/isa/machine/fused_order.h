// SPDX-License-Identifier: Apache-2.0
// What the fused unit holds from one instruction to the next, and what each may rely on: docs/fused.md, "Instructions".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "hw/isa/machine/fused.h"
#include "hw/isa/rules.h"

namespace fusesim::isa::machine {

/// Follows a program's instructions of the fused block, whose fields are right, in the order of the compute queue. Each
/// throws InvalidProgram, naming both instructions, unless the unit holds the tile and the masks that it reads.
class FusedOrder {
 public:
  /// A buffer may be loaded at any time.
  void follow(const Where& where, const FusedTile& work);
  /// Its buffer was last loaded with a tile of the same geometry.
  void follow(const Where& where, const FusedPredict& work);
  /// The last predict was of the same buffer and geometry, and the buffer still holds such a tile.
  void follow(const Where& where, const FusedAccumulate& work);

 private:
  struct Origin {
    std::size_t instruction = 0;
    std::uint8_t buffer = 0;
    FusedGeometry geometry;
  };

  std::array<std::optional<Origin>, 2> tiles_;  ///< By buffer.
  std::optional<Origin> masks_;
};

}  // namespace fusesim::isa::machine
