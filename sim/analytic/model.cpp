// SPDX-License-Identifier: Apache-2.0
#include "sim/analytic/model.h"

#include <array>
#include <stdexcept>

#include "sim/analytic/formulas.h"

namespace fusesim::analytic {

namespace {
constexpr std::array all_models{Model::authors_released, Model::authors_2020, Model::scale_sim_v3};
}  // namespace

std::span<const Model> models() {
  return all_models;
}

std::string_view name(Model model) {
  switch (model) {
    case Model::authors_released:
      return "authors-released";
    case Model::authors_2020:
      return "authors-2020";
    case Model::scale_sim_v3:
      return "scale-sim-v3";
  }
  throw std::logic_error("analytic::name: not a model");
}

std::optional<Model> parse_model(std::string_view text) {
  for (const Model model : all_models) {
    if (text == name(model)) return model;
  }
  return std::nullopt;
}

std::uint64_t layer_cycles(Model model, const graph::Layer& layer, const Machine& machine) {
  if (machine.rows == 0 || machine.cols == 0) {
    throw std::invalid_argument("analytic model: an array needs at least one row and one column");
  }
  switch (model) {
    case Model::authors_released:
      return authors_released_cycles(layer, machine);
    case Model::authors_2020:
      return authors_2020_cycles(layer, machine);
    case Model::scale_sim_v3:
      return scale_sim_cycles(layer, machine);
  }
  throw std::logic_error("layer_cycles: not a model");
}

std::uint64_t network_cycles(Model model, std::span<const graph::Layer> layers, const Machine& machine) {
  std::uint64_t cycles = 0;
  for (const graph::Layer& layer : layers) cycles += layer_cycles(model, layer, machine);
  return cycles;
}

}  // namespace fusesim::analytic
