// SPDX-License-Identifier: Apache-2.0
#include "sim/config/scratchpads.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

#include "hw/isa/machine/limits.h"
#include "sim/config/keys.h"

namespace fusesim::config {

ScratchpadSizes parse_scratchpads(std::string_view option, std::string_view text) {
  std::vector<std::uint64_t> parts;
  for (std::string_view rest = text;;) {
    const std::size_t slash = rest.find('/');
    const std::optional<std::int64_t> bytes = parse_bytes(rest.substr(0, slash));
    if (!bytes || *bytes < 1) break;
    parts.push_back(static_cast<std::uint64_t>(*bytes));
    if (slash == std::string_view::npos) {
      if (parts.size() == 1 && parts[0] % 4 == 0) parts = {parts[0] / 4, parts[0] / 4, parts[0] / 2};
      if (parts.size() != isa::machine::pad_count) break;
      if (std::max({parts[0], parts[1], parts[2]}) > isa::machine::max_pad_bytes) break;
      return {parts[0], parts[1], parts[2]};
    }
    rest.remove_prefix(slash + 1);
  }
  throw std::invalid_argument(
      fmt::format("{}: '{}' is not a size of scratchpads; write all bytes together, as in 1MiB, or "
                  "ACTIVATIONS/WEIGHTS/OUTPUTS, as in 256KiB/256KiB/512KiB, each at most {}",
                  option, text, bytes_text(isa::machine::max_pad_bytes)));
}

std::string text(const ScratchpadSizes& sizes) {
  return fmt::format("{}/{}/{}", bytes_text(sizes[0]), bytes_text(sizes[1]), bytes_text(sizes[2]));
}

ScratchpadSizes scratchpads(const isa::machine::CoreConfig& core) {
  return {core.activations.bytes, core.weights.bytes, core.outputs.bytes};
}

void set_scratchpads(MachineConfig& config, const ScratchpadSizes& sizes) {
  config.core.activations.bytes = sizes[0];
  config.core.weights.bytes = sizes[1];
  config.core.outputs.bytes = sizes[2];
}

}  // namespace fusesim::config
