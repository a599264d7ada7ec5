// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/stepped_vector_unit.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "hw/vector/instruction_ends.h"

namespace fusesim::vector {

using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;
using isa::machine::VectorOperand;

namespace {

std::uint64_t place(const VectorOperand& map, std::uint64_t channel, std::uint64_t y, std::uint64_t x) {
  return map.address + channel * map.channel_pitch + y * map.line_pitch + x;
}

bool is_pool(VectorKind kind) {
  return kind == VectorKind::max_pool || kind == VectorKind::average_pool;
}

}  // namespace

SteppedVectorUnit::SteppedVectorUnit(const sc_core::sc_module_name& module_name,
                                     const control::machine::Context& context)
    : sc_module(module_name), context_(context), registers_(context.core.vector.latency) {
  SC_METHOD(edge);
  sensitive << edge_;
  dont_initialize();
  SC_METHOD(finish);
  sensitive << finish_;
  dont_initialize();
}

void SteppedVectorUnit::issue(std::uint32_t instruction) {
  check_start(context_, instruction);
  busy_ = true;
  instruction_ = instruction;
  vector_ = &std::get<Vector>(context_.program.instructions[instruction].work);
  law_ = cycles(*vector_, context_.core);
  ports_ = ports_used(*vector_);
  next_ = {};
  elements_left_ = unwritten_ = std::uint64_t{vector_->channels} * vector_->height * vector_->width;
  window_step_ = access_cycle_ = 0;
  channels_begun_ = 0;
  control::machine::InstructionRecord& record = context_.records[instruction];
  record.start = context_.clock.now();
  if (vector_->has_table) record.read_bytes[static_cast<std::size_t>(Pad::weights)] += isa::machine::table_bytes;
  edge_.notify(sc_core::sc_time::from_value(context_.clock.period().value() / 2));
  context_.listener.started(instruction, record.start);
}

void SteppedVectorUnit::edge() {
  if (stands_still()) {
    ++context_.records[instruction_].conflict_cycles;
  } else {
    advance();
  }
  if (unwritten_ == 0) {
    finish_.notify(context_.clock.until(context_.clock.next()));
  } else {
    edge_.notify(context_.clock.period());
  }
}

bool SteppedVectorUnit::stands_still() const {
  const std::uint64_t cycle = context_.clock.now();
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i] && context_.pads[static_cast<Pad>(i)].taken(cycle)) return true;
  }
  return false;
}

void SteppedVectorUnit::advance() {
  for (Stage& stage : registers_) {
    if (stage.full) move_on(stage);
  }
  if (elements_left_ != 0 && ++access_cycle_ == law_.interval) {
    access_cycle_ = 0;
    take_operands();
  }
  if (!registers_.empty()) newest_ = (newest_ + 1) % registers_.size();
}

void SteppedVectorUnit::take_operands() {
  operands_.lanes = static_cast<std::uint32_t>(std::min<std::uint64_t>(context_.core.vector.lanes, elements_left_));
  // Registers get room when a group first enters them.
  operands_.lane.resize(context_.core.vector.lanes);
  Lane at = next_;
  for (std::uint32_t i = 0; i < operands_.lanes; ++i) {
    Lane& lane = operands_.lane[i];
    lane.channel = at.channel;
    lane.y = at.y;
    lane.x = at.x;
    take_operand(lane, window_step_ == 0);
    if (++at.x == vector_->width) {
      at.x = 0;
      if (++at.y == vector_->height) {
        at.y = 0;
        ++at.channel;
      }
    }
  }
  if (++window_step_ < law_.window) return;
  window_step_ = 0;
  next_ = at;
  elements_left_ -= operands_.lanes;
  if (registers_.empty()) {
    for (std::uint32_t o = 0; o < operations; ++o) operate(static_cast<Operation>(o), operands_);
    write(operands_);
    return;
  }
  // The register is free: what entered it `latency` edges ago has been written at this one.
  Stage& entered = registers_[newest_];
  std::swap(entered.lane, operands_.lane);
  entered.lanes = operands_.lanes;
  entered.age = 0;
  entered.full = true;
}

void SteppedVectorUnit::take_operand(Lane& lane, bool first_of_group) {
  const Vector& v = *vector_;
  control::machine::InstructionRecord& record = context_.records[instruction_];
  const auto count = [&](Pad pad, std::uint64_t bytes) { record.read_bytes[static_cast<std::size_t>(pad)] += bytes; };
  if (lane.channel == channels_begun_) {
    ++channels_begun_;
    if (v.kind == VectorKind::requantize) count(Pad::weights, isa::machine::channel_parameter_bytes);
    if (v.kind == VectorKind::scale) count(v.b.pad, 1);
  }
  if (is_pool(v.kind)) {
    const bool largest = v.kind == VectorKind::max_pool;
    if (first_of_group) lane.value = largest ? std::numeric_limits<std::int8_t>::min() : 0;
    const std::int64_t y = std::int64_t{lane.y} * v.window.stride_height - v.window.pad_top +
                           static_cast<std::int64_t>(window_step_ / v.window.kernel_width);
    const std::int64_t x = std::int64_t{lane.x} * v.window.stride_width - v.window.pad_left +
                           static_cast<std::int64_t>(window_step_ % v.window.kernel_width);
    if (y < 0 || x < 0 || y >= v.window.in_height || x >= v.window.in_width) return;
    count(v.a.pad, 1);
    const std::int64_t read =
        byte(v.a.pad, place(v.a, lane.channel, static_cast<std::uint64_t>(y), static_cast<std::uint64_t>(x)));
    lane.value = largest ? std::max(lane.value, read) : static_cast<std::int32_t>(lane.value + read - v.zero_a);
    return;
  }
  if (v.kind == VectorKind::requantize) {
    count(v.a.pad, 4);
    lane.value = word(v.a.pad, place(v.a, lane.channel, lane.y, std::uint64_t{lane.x} * 4));
    return;
  }
  count(v.a.pad, 1);
  lane.value = byte(v.a.pad, place(v.a, lane.channel, lane.y, lane.x));
  if (v.kind == VectorKind::add) {
    count(v.b.pad, 1);
    lane.second = byte(v.b.pad, place(v.b, lane.channel, lane.y, lane.x));
  } else if (v.kind == VectorKind::scale) {
    lane.second = byte(v.b.pad, place(v.b, lane.channel, 0, 0));
  }
}

void SteppedVectorUnit::move_on(Stage& stage) {
  const auto latency = static_cast<std::uint32_t>(registers_.size());
  for (std::uint32_t o = 0; o < operations; ++o) {
    if (o * latency / operations == stage.age) operate(static_cast<Operation>(o), stage);
  }
  if (++stage.age < latency) return;
  write(stage);
  stage.full = false;
}

void SteppedVectorUnit::operate(Operation operation, Stage& stage) const {
  for (std::uint32_t i = 0; i < stage.lanes && context_.values; ++i) operate(operation, stage.lane[i]);
}

void SteppedVectorUnit::operate(Operation operation, Lane& lane) const {
  const Vector& v = *vector_;
  const auto parameter = [&](std::uint64_t which) {
    return word(Pad::weights, v.parameters + lane.channel * std::uint64_t{isa::machine::channel_parameter_bytes} +
                                  which * sizeof(std::int32_t));
  };
  const bool per_channel = v.kind == VectorKind::requantize, largest = v.kind == VectorKind::max_pool;
  switch (operation) {
    case Operation::offset:
      if (per_channel) {
        lane.value = static_cast<std::int32_t>(lane.value + parameter(0));  // Modulo 2^32.
      } else if (!is_pool(v.kind)) {
        lane.value -= v.zero_a;
        lane.second -= v.zero_b;
      }
      break;
    case Operation::multiply:
      if (largest) break;
      if (v.kind == VectorKind::scale) lane.value *= lane.second;
      lane.value *= per_channel ? parameter(1) : v.multiplier_a;
      if (v.kind == VectorKind::add) lane.value += lane.second * v.multiplier_b;
      break;
    case Operation::round: {
      if (largest) break;
      // Half goes up: the first bit that is cut off counts.
      const std::int32_t shift = per_channel ? parameter(2) : v.shift;
      lane.value = (lane.value >> shift) + ((lane.value >> (shift - 1)) & 1) + v.zero_out;
      break;
    }
    case Operation::clamp:
      if (lane.value > v.highest) lane.value = v.highest;
      if (lane.value < v.lowest) lane.value = v.lowest;
      break;
    case Operation::look_up:
      if (v.has_table) lane.value = byte(Pad::weights, v.table + static_cast<std::uint64_t>(lane.value + 128));
      break;
  }
}

void SteppedVectorUnit::write(const Stage& stage) {
  const VectorOperand& result = vector_->result;
  for (std::uint32_t i = 0; i < stage.lanes && context_.values; ++i) {
    const Lane& lane = stage.lane[i];
    const auto address = static_cast<std::uint32_t>(place(result, lane.channel, lane.y, lane.x));
    context_.pads[result.pad].bytes(address, 1)[0] = static_cast<std::int8_t>(lane.value);
  }
  context_.records[instruction_].written_bytes[static_cast<std::size_t>(result.pad)] += stage.lanes;
  unwritten_ -= stage.lanes;
}

void SteppedVectorUnit::finish() {
  busy_ = false;
  const std::uint64_t cycle = context_.clock.now();
  context_.records[instruction_].end = cycle;
  complete(context_, instruction_, cycle);
}

std::int8_t SteppedVectorUnit::byte(Pad pad, std::uint64_t address) const {
  return context_.values ? context_.pads[pad].bytes(static_cast<std::uint32_t>(address), 1)[0] : std::int8_t{0};
}

std::int32_t SteppedVectorUnit::word(Pad pad, std::uint64_t address) const {
  std::uint32_t bits = 0;
  for (std::uint32_t i = 0; i < 4; ++i)
    bits |= std::uint32_t{static_cast<std::uint8_t>(byte(pad, address + i))} << 8 * i;
  return static_cast<std::int32_t>(bits);
}

}  // namespace fusesim::vector
