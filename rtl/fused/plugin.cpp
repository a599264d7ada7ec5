// SPDX-License-Identifier: Apache-2.0
// Wraps one Verilated fused_block_observed, whatever its parameters, as a plug-in. Compiled once a configuration.
#include "rtl/fused/plugin.h"

#include <Vfused_block.h>

#include <memory>
#include <type_traits>

#include "rtl/verilated_model.h"

namespace {

using Model = fusesim::rtl::VerilatedModel<Vfused_block>;
using fusesim::rtl::set;

constexpr std::size_t lanes = FUSESIM_RTL_LANES, ladders = FUSESIM_RTL_LADDERS, port = FUSESIM_RTL_PORT,
                      output_lanes = FUSESIM_RTL_OUTPUT_LANES;

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
  Model::activate(model.get()).reset();
  return model.release();
}

void outputs(void* model, FusesimRtlFusedOutputs* out) {
  get(Model::activate(model).top(), out);
}

const char* clock(void* opaque, const FusesimRtlFusedInputs* in, FusesimRtlFusedOutputs* out) {
  Model& model = Model::activate(opaque);
  Vfused_block& top = model.top();
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
  model.settle();

  const char* const failures = model.edge();
  get(top, out);
  return failures;
}

void observe(void* opaque, std::uint16_t channel, std::uint16_t place, const std::uint32_t** pes,
             const std::uint8_t** mask1, const std::uint8_t** mask2, const std::uint8_t** levels) {
  Model& model = Model::activate(opaque);
  Vfused_block& top = model.top();
  top.obs_channel = channel;
  top.obs_place = place;
  model.sample();
  *pes = reinterpret_cast<const std::uint32_t*>(&top.obs_pe);
  *mask1 = reinterpret_cast<const std::uint8_t*>(&top.obs_mask1);
  *mask2 = reinterpret_cast<const std::uint8_t*>(&top.obs_mask2);
  *levels = reinterpret_cast<const std::uint8_t*>(&top.obs_level);
}

constexpr FusesimRtlFusedPlugin plugin{fusesim_rtl_fused_version,
                                       FUSESIM_RTL_DIGEST,
                                       FUSESIM_RTL_CONFIGURATION,
                                       create,
                                       Model::destroy,
                                       outputs,
                                       clock,
                                       Model::check_assertions,
                                       observe};

}  // namespace

extern "C" __attribute__((visibility("default"))) const FusesimRtlFusedPlugin* fusesim_rtl_fused_plugin() {
  return &plugin;
}
