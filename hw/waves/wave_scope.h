// SPDX-License-Identifier: Apache-2.0
// Which part of the array a waveform shows, as the user writes it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hw/isa/array_config.h"

namespace fusesim::waves {

/// The processing elements and edges to watch.
struct WaveScope {
  struct Element {
    std::uint32_t row, col;
    bool operator==(const Element&) const = default;
  };
  std::vector<Element> elements;  ///< Row by row, each once.
  bool ports = false;             ///< What enters and leaves the array at its edges.
};

/// Parts joined by commas:
///   pe[0:3][0:3]  rows 0 to 3 of columns 0 to 3, both ends included; one index alone means just that one
///   pe            every processing element
///   ports         the edges
///   all           everything
/// Throws std::invalid_argument with the expression, the part and the reason: a range that is reversed or beyond the
/// array, a bracket that is missing, a word that is none of these.
[[nodiscard]] WaveScope parse_wave_scope(std::string_view text, const isa::ArrayConfig& array);

}  // namespace fusesim::waves
