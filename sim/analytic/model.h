// SPDX-License-Identifier: Apache-2.0
// Published closed-form cycle models, kept for comparison with the hardware model and never used by it.
// Formulas and sources: docs/models.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "workloads/graph/layer.h"

namespace fusesim::analytic {

enum class Model : std::uint8_t {
  authors_released,  ///< The FuSeConv authors' released formula (commit 04cdf54).
  authors_2020,      ///< Their formula of September 2020 (commit c9488ba), which the published speedups follow.
  scale_sim_v3,      ///< SCALE-Sim v3's output-stationary compute cycles, with this project's FuSe fold in its style.
};

/// In table order: authors-released, authors-2020, scale-sim-v3.
[[nodiscard]] std::span<const Model> models();
[[nodiscard]] std::string_view name(Model model);
/// Nothing when `text` is not the name of a model.
[[nodiscard]] std::optional<Model> parse_model(std::string_view text);

/// What a closed form knows of an array. Sides in processing elements, at least 1.
struct Machine {
  std::uint32_t rows = 64;
  std::uint32_t cols = 64;
  bool fuse_links = true;  ///< Without them FuSe layers run as depthwise layers do.
};

/// Cycles of one layer by itself. Depthwise layers are mapped to one column, one channel after the other.
[[nodiscard]] std::uint64_t layer_cycles(Model model, const graph::Layer& layer, const Machine& machine);

/// Sum over the layers: none of the models overlaps two layers.
[[nodiscard]] std::uint64_t network_cycles(Model model, std::span<const graph::Layer> layers, const Machine& machine);

}  // namespace fusesim::analytic
