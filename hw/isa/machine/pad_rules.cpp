// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/pad_rules.h"

#include "hw/isa/machine/grid.h"

namespace fusesim::isa::machine {

void check_inside(const Where& where, const char* field, const CoreConfig& core, Pad pad, std::uint64_t address,
                  std::uint64_t bytes) {
  const std::uint64_t capacity = core.pad(pad).bytes;
  if (bytes > capacity || address > capacity - bytes) {
    fail(where, "{} needs {} bytes from 0x{:x} on, but the {} scratchpad has {}; use smaller tiles or a larger one",
         field, bytes, address, name(pad), capacity);
  }
}

void check_map(const Where& where, const char* field, const CoreConfig& core, const VectorOperand& map,
               std::uint64_t element, std::uint32_t channels, std::uint32_t height, std::uint32_t width) {
  const std::uint64_t line = element * width;
  const Axis grid[] = {{channels, map.channel_pitch}, {height, map.line_pitch}};
  if (!disjoint(line, grid)) {
    fail(where, "{} lays {}x{} lines of {} bytes over one another with channel_pitch {} and line_pitch {}", field,
         channels, height, line, map.channel_pitch, map.line_pitch);
  }
  check_inside(where, field, core, map.pad, map.address, reach(line, grid));
}

}  // namespace fusesim::isa::machine
