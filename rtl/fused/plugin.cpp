// SPDX-License-Identifier: Apache-2.0
// Wraps one Verilated fused_block_observed, whatever its parameters, as a plug-in. Compiled once a configuration.
#include "rtl/fused/plugin.h"

#include <Vfused_block.h>
#include <verilated.h>

#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

// Verilator keeps element i of a vector in bits [i*n +: n] of a little-endian integer or array of words, so elements
// of whole bytes are the port's own memory.
static_assert(std::endian::native == std::endian::little);

namespace {

thread_local std::string messages;

constexpr std::size_t lanes = FUSESIM_RTL_LANES, ladders = FUSESIM_RTL_LADDERS, port = FUSESIM_RTL_PORT,
                      output_lanes = FUSESIM_RTL_OUTPUT_LANES;

struct Model {
  VerilatedContext context;
  std::unique_ptr<Vfused_block> top;
};

/// Verilator finds the context of a message, and of a scope that ends, through a variable of the thread.
Model& activate(void* opaque) {
  Model& model = *static_cast<Model*>(opaque);
  Verilated::threadContextp(&model.context);
  return model;
}

template <class Port, class Element>
void set(Port& vector, const Element* elements, std::size_t count) {
  static_assert(std::is_trivially_copyable_v<Port>);
  std::memcpy(static_cast<void*>(&vector), elements, count * sizeof(Element));
}

void get(const Vfused_block& top, FusesimRtlFusedOutputs* out) {
  out->ready = top.ready;
  out->held = top.held;
  out->takes = top.takes;
  out->busy = top.busy;
  out->emits = top.emits;
  out->idle = top.idle;
  out->group = top.group;
  out->emitted_group = top.emitted_group;
  out->emitted = reinterpret_cast<const std::int8_t*>(&top.emitted);
}

void* create() {
  auto model = std::make_unique<Model>();
  model->context.threads(1);
  model->context.fatalOnError(false);
  model->top = std::make_unique<Vfused_block>(&model->context);
  Vfused_block& top = *model->top;
  Verilated::threadContextp(&model->context);
  top.rst = 1;
  top.clk = 0;
  top.eval();
  top.clk = 1;
  top.eval();
  top.rst = 0;
  return model.release();
}

void destroy(void* opaque) {
  const std::unique_ptr<Model> model(&activate(opaque));
  model->top->final();
  model->top.reset();
  Verilated::threadContextp(nullptr);
}

void outputs(void* opaque, FusesimRtlFusedOutputs* out) {
  get(*activate(opaque).top, out);
}

const char* clock(void* opaque, const FusesimRtlFusedInputs* in, FusesimRtlFusedOutputs* out) {
  Model& model = activate(opaque);
  Vfused_block& top = *model.top;
  top.kind = in->kind;
  if (in->kind != 0) {
    top.kernel = in->kernel;
    top.twice = in->twice;
    top.pad_top = in->pad_top;
    top.pad_left = in->pad_left;
    top.region_rows = in->region_rows;
    top.region_columns = in->region_columns;
    top.out_rows = in->out_rows;
    top.out_columns = in->out_columns;
    top.buffer = in->buffer;
    top.lane_count = in->lane_count;
    top.ending_count = in->ending_count;
    set(top.lane_index, in->lane_index, lanes);
    set(top.lane_weight, in->lane_weight, lanes);
    if (in->ending_count != 0) {
      set(top.ending_lanes, in->ending_lanes, ladders);
      set(top.ending_channel, in->ending_channel, ladders);
      set(top.ending_place, in->ending_place, ladders);
      top.ending_falling = static_cast<std::remove_reference_t<decltype(top.ending_falling)>>(in->ending_falling);
      set(top.ending_mask, in->ending_mask, ladders);
      set(top.ending_levels, in->ending_levels, 7 * ladders);
    }
    top.pass = in->pass;
    top.open_place = in->open_place;
    top.last = in->last;
    top.channel_end = in->channel_end;
    top.every_tap = in->every_tap;
    top.tap = in->tap;
    top.constant = in->constant;
    top.shift = in->shift;
    top.channel = in->channel;
  }
  top.write = in->write;
  if (in->write != 0) {
    top.write_buffer = in->write_buffer;
    top.write_count = in->write_count;
    top.write_address = in->write_address;
    set(top.write_x, in->write_x, port);
    set(top.write_v, in->write_v, port);
  }
  top.bias = static_cast<std::uint32_t>(in->bias);
  top.multiplier = static_cast<std::uint32_t>(in->multiplier);
  top.out_shift = in->out_shift;
  top.zero_out = static_cast<std::uint8_t>(in->zero_out);
  top.lowest = static_cast<std::uint8_t>(in->lowest);
  top.highest = static_cast<std::uint8_t>(in->highest);
  top.add_residual = in->add_residual;
  top.zero_a = static_cast<std::uint8_t>(in->zero_a);
  top.zero_b = static_cast<std::uint8_t>(in->zero_b);
  top.residual_zero_out = static_cast<std::uint8_t>(in->residual_zero_out);
  top.multiplier_a = static_cast<std::uint32_t>(in->multiplier_a);
  top.multiplier_b = static_cast<std::uint32_t>(in->multiplier_b);
  top.residual_shift = in->residual_shift;
  top.residual_lowest = static_cast<std::uint8_t>(in->residual_lowest);
  top.residual_highest = static_cast<std::uint8_t>(in->residual_highest);
  set(top.residual, in->residual, output_lanes);
  top.clk = 0;
  top.eval();

  messages.clear();
  top.clk = 1;
  top.eval();
  get(top, out);
  if (!model.context.gotError()) return nullptr;
  model.context.gotError(false);
  model.context.gotFinish(false);
  return messages.c_str();
}

void check_assertions(void* opaque, int on) {
  static_cast<Model*>(opaque)->context.assertOn(on != 0);
}

void observe(void* opaque, std::uint16_t channel, std::uint16_t place, const std::uint32_t** pes,
             const std::uint8_t** mask1, const std::uint8_t** mask2, const std::uint8_t** levels) {
  Vfused_block& top = *activate(opaque).top;
  top.obs_channel = channel;
  top.obs_place = place;
  top.sample = 1;
  top.eval();
  top.sample = 0;
  top.eval();
  *pes = reinterpret_cast<const std::uint32_t*>(&top.obs_pe);
  *mask1 = reinterpret_cast<const std::uint8_t*>(&top.obs_mask1);
  *mask2 = reinterpret_cast<const std::uint8_t*>(&top.obs_mask2);
  *levels = reinterpret_cast<const std::uint8_t*>(&top.obs_level);
}

constexpr FusesimRtlFusedPlugin plugin{fusesim_rtl_fused_version,
                                       FUSESIM_RTL_DIGEST,
                                       FUSESIM_RTL_CONFIGURATION,
                                       create,
                                       destroy,
                                       outputs,
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

extern "C" __attribute__((visibility("default"))) const FusesimRtlFusedPlugin* fusesim_rtl_fused_plugin() {
  return &plugin;
}
