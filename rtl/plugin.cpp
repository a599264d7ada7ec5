// SPDX-License-Identifier: Apache-2.0
// Wraps one Verilated systolic_array_observed, whatever its parameters, as a plug-in. Compiled once a configuration.
#include "rtl/plugin.h"

#include <Vsystolic_array.h>

#include <cstring>

#include "rtl/verilated_model.h"

namespace {

using Model = fusesim::rtl::VerilatedModel<Vsystolic_array>;
using fusesim::rtl::set;

constexpr std::uint32_t rows = FUSESIM_RTL_ROWS, cols = FUSESIM_RTL_COLS;

template <class Port>
void set_bits(Port& port, const std::uint8_t* flags, std::size_t count) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(&port);
  for (std::size_t i = 0; i < count; i += 8) {
    unsigned byte = 0;
    for (std::size_t k = 0; k < 8 && i + k < count; ++k) byte |= (flags[i + k] != 0 ? 1U : 0U) << k;
    bytes[i / 8] = static_cast<std::uint8_t>(byte);
  }
}

template <class Port>
void get_bits(const Port& port, std::uint8_t* flags, std::size_t count) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&port);
  for (std::size_t i = 0; i < count; ++i) flags[i] = bytes[i / 8] >> (i % 8) & 1;
}

void* create() {
  return new Model;
}

void reset(void* model) {
  Model::activate(model).reset();
}

const char* clock(void* opaque, const FusesimRtlInputs* in, std::uint8_t* out_valid, std::int32_t* out_data) {
  Model& model = Model::activate(opaque);
  Vsystolic_array& top = model.top();
  top.en = in->enable;
  top.skewed = in->skewed;
  set(top.left, in->left, rows);
  set_bits(top.left_valid, in->left_valid, rows);
  top.left_first = in->left_first;
  top.left_bank = in->left_bank;
  set(top.tap, in->tap, rows);
  set_bits(top.tap_valid, in->tap_valid, rows);
  top.tap_first = in->tap_first;
  top.tap_bank = in->tap_bank;
  set(top.top, in->top, cols);
  set_bits(top.top_valid, in->top_valid, cols);
  set_bits(top.drain, in->drain, cols);
  top.drain_bank = in->drain_bank;
  model.settle();

  get_bits(top.out_valid, out_valid, cols);
  std::memcpy(out_data, &top.out_data, cols * sizeof(std::int32_t));

  return model.edge();
}

void observe(void* opaque, const std::uint32_t** state, const std::int32_t** accumulators) {
  Model& model = Model::activate(opaque);
  model.sample();
  *state = reinterpret_cast<const std::uint32_t*>(&model.top().obs_state);
  *accumulators = reinterpret_cast<const std::int32_t*>(&model.top().obs_acc);
}

constexpr FusesimRtlPlugin plugin{fusesim_rtl_plugin_version,
                                  FUSESIM_RTL_DIGEST,
                                  rows,
                                  cols,
                                  FUSESIM_RTL_BANKS,
                                  FUSESIM_RTL_FUSE,
                                  FUSESIM_RTL_STAGES,
                                  FUSESIM_RTL_OBSERVE,
                                  create,
                                  Model::destroy,
                                  reset,
                                  clock,
                                  Model::check_assertions,
                                  observe};

}  // namespace

extern "C" __attribute__((visibility("default"))) const FusesimRtlPlugin* fusesim_rtl_plugin() {
  return &plugin;
}
