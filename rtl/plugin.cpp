// SPDX-License-Identifier: Apache-2.0
// Wraps one Verilated systolic_array_observed, whatever its parameters, as a plug-in. Compiled once a configuration.
#include "rtl/plugin.h"

#include <Vsystolic_array.h>
#include <verilated.h>

#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

// Verilator keeps element i of a vector in bits [i*n +: n] of a little-endian integer or array of words, so elements
// of whole bytes are the port's own memory.
static_assert(std::endian::native == std::endian::little);

namespace {

thread_local std::string messages;

constexpr std::uint32_t rows = FUSESIM_RTL_ROWS, cols = FUSESIM_RTL_COLS;

struct Model {
  VerilatedContext context;
  std::unique_ptr<Vsystolic_array> top;
};

/// Verilator finds the context of a message, and of a scope that ends, through a variable of the thread.
Model& activate(void* opaque) {
  Model& model = *static_cast<Model*>(opaque);
  Verilated::threadContextp(&model.context);
  return model;
}

template <class Port>
void set_bytes(Port& port, const std::int8_t* elements, std::size_t count) {
  static_assert(std::is_trivially_copyable_v<Port>);
  std::memcpy(static_cast<void*>(&port), elements, count);
}

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
  auto model = std::make_unique<Model>();
  model->context.threads(1);
  model->context.fatalOnError(false);
  model->top = std::make_unique<Vsystolic_array>(&model->context);
  return model.release();
}

void destroy(void* opaque) {
  const std::unique_ptr<Model> model(&activate(opaque));
  model->top->final();
  model->top.reset();
  Verilated::threadContextp(nullptr);
}

void reset(void* opaque) {
  Vsystolic_array& top = *activate(opaque).top;
  top.rst = 1;
  top.sample = 0;
  top.clk = 0;
  top.eval();
  top.clk = 1;
  top.eval();
  top.rst = 0;
}

const char* clock(void* opaque, const FusesimRtlInputs* in, std::uint8_t* out_valid, std::int32_t* out_data) {
  Model& model = activate(opaque);
  Vsystolic_array& top = *model.top;
  top.en = in->enable;
  top.skewed = in->skewed;
  set_bytes(top.left, in->left, rows);
  set_bits(top.left_valid, in->left_valid, rows);
  top.left_first = in->left_first;
  top.left_bank = in->left_bank;
  set_bytes(top.tap, in->tap, rows);
  set_bits(top.tap_valid, in->tap_valid, rows);
  top.tap_first = in->tap_first;
  top.tap_bank = in->tap_bank;
  set_bytes(top.top, in->top, cols);
  set_bits(top.top_valid, in->top_valid, cols);
  set_bits(top.drain, in->drain, cols);
  top.drain_bank = in->drain_bank;
  top.clk = 0;
  top.eval();

  get_bits(top.out_valid, out_valid, cols);
  std::memcpy(out_data, &top.out_data, cols * sizeof(std::int32_t));

  messages.clear();
  top.clk = 1;
  top.eval();
  if (!model.context.gotError()) return nullptr;
  model.context.gotError(false);
  model.context.gotFinish(false);
  return messages.c_str();
}

void check_assertions(void* opaque, int on) {
  static_cast<Model*>(opaque)->context.assertOn(on != 0);
}

void observe(void* opaque, const std::uint32_t** state, const std::int32_t** accumulators) {
  Vsystolic_array& top = *activate(opaque).top;
  top.sample = 1;
  top.eval();
  top.sample = 0;
  top.eval();
  *state = reinterpret_cast<const std::uint32_t*>(&top.obs_state);
  *accumulators = reinterpret_cast<const std::int32_t*>(&top.obs_acc);
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
                                  destroy,
                                  reset,
                                  clock,
                                  check_assertions,
                                  observe};

}  // namespace

int fusesim_rtl_print(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  char text[1024];
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length > 0) messages.append(text);
  return length;
}

extern "C" __attribute__((visibility("default"))) const FusesimRtlPlugin* fusesim_rtl_plugin() {
  return &plugin;
}
