// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/isa/machine/random/draft.h"

#include <algorithm>
#include <string>

namespace fusesim::isa::machine::test {
namespace {

constexpr std::uint32_t kBudget = 3000;  ///< Bytes of a scratchpad from which on buffers are used again.

std::size_t index(Pad pad) {
  return static_cast<std::size_t>(pad);
}

void put(Section& section, std::size_t at, std::int32_t value) {
  for (std::size_t i = 0; i < 4; ++i) {
    section.values[at + i] = static_cast<std::int8_t>(static_cast<std::uint32_t>(value) >> (8 * i) & 0xff);
  }
}

}  // namespace

Waits both(const Waits& a, const Waits& b) {
  Waits waits{};
  for (std::size_t i = 0; i < queue_count; ++i) waits[i] = std::max(a[i], b[i]);
  return waits;
}

ProgramDraft::ProgramDraft(std::uint32_t seed) : dice(seed) {
  program.network = dice.text();
}

void ProgramDraft::begin_layer() {
  layer_ = static_cast<std::uint32_t>(program.layers.size());
  program.layers.push_back(dice.text() + std::to_string(layer_));
  if (*std::max_element(next_.begin(), next_.end()) > kBudget) {
    room_ = counts_;  // what follows writes where everything before has been
    next_ = {};
  }
  buffers_.clear();
}

void ProgramDraft::end_layer() {
  for (const Buffer& buffer : buffers_) {
    program.instructions[buffer.last_user].releases.push_back({buffer.pad, buffer.address, buffer.bytes});
  }
}

void ProgramDraft::finish(bool values) {
  program.sections[maps_.back().section].role = Role::output;
  CoreConfig& core = program.core;
  for (const auto& [pad, config] : {std::pair(Pad::activations, &core.activations),
                                    std::pair(Pad::weights, &core.weights), std::pair(Pad::outputs, &core.outputs)}) {
    const std::uint64_t row = config->row_bytes();
    config->bytes = row * std::max<std::uint64_t>(1, (top_[index(pad)] + row - 1) / row) + row * (dice.upto(3) - 1);
  }
  if (values) fill_sections();
}

std::size_t ProgramDraft::add_section(Role role, std::uint64_t bytes) {
  const std::uint64_t address = program.dram_bytes() + dice.upto(70) - 1;
  program.sections.push_back({dice.text() + std::to_string(program.sections.size()), role, address, bytes, {}});
  return program.sections.size() - 1;
}

void ProgramDraft::fill_sections() {
  for (Section& section : program.sections) {
    if (section.role != Role::input && section.role != Role::constant) continue;
    section.values.resize(section.bytes);
    for (std::int8_t& value : section.values) value = dice.int8();
  }
  // Parameters that make use of the whole range of results.
  for (const std::size_t index : parameter_sections_) {
    Section& section = program.sections[index];
    for (std::size_t at = 0; at < section.bytes; at += channel_parameter_bytes) {
      put(section, at, static_cast<std::int32_t>(dice.upto(20001)) - 10001);
      put(section, at + 4, static_cast<std::int32_t>((1U << 30) + dice.upto(1U << 29)));
      put(section, at + 8, static_cast<std::int32_t>(35 + dice.upto(5)));
    }
  }
}

DramMap ProgramDraft::new_input(std::uint32_t channels, std::uint32_t height, std::uint32_t width) {
  const std::size_t section = add_section(Role::input, std::uint64_t{channels} * height * width);
  return {section, channels, height, width, {}};
}

DramMap ProgramDraft::any_map() {
  if (maps_.empty() || dice.chance(3)) return new_input(dice.upto(6), dice.upto(8), dice.upto(8));
  return maps_[dice.upto(static_cast<std::uint32_t>(maps_.size())) - 1];
}

PadMap ProgramDraft::load_map(const DramMap& source) {
  PadMap map = place(Pad::activations, 1, source.channels, source.height, source.width);
  Load load;
  load.dram = program.sections[source.section].address;
  load.pad = map.at.pad;
  load.address = map.at.address;
  load.run_bytes = source.width;
  load.counts = {source.height, source.channels, 1};
  load.dram_strides = {source.width, std::uint64_t{source.height} * source.width, dice.upto(2) - 1};
  load.pad_strides = {map.at.line_pitch, map.at.channel_pitch, dice.upto(2) - 1};
  map.ready = add(load, source.ready, {map.buffer});
  return map;
}

void ProgramDraft::store_map(const PadMap& map) {
  const std::size_t section = add_section(Role::intermediate, std::uint64_t{map.channels} * map.height * map.width);
  Store store;
  store.dram = program.sections[section].address;
  store.pad = map.at.pad;
  store.address = map.at.address;
  store.run_bytes = map.width;
  store.counts = {map.height, map.channels, 1};
  store.dram_strides = {map.width, std::uint64_t{map.height} * map.width, 0};
  store.pad_strides = {map.at.line_pitch, map.at.channel_pitch, 0};
  const Waits ready = add(store, map.ready, {map.buffer});
  maps_.push_back({section, map.channels, map.height, map.width, ready});
}

std::size_t ProgramDraft::load_constants(std::uint32_t rows, std::uint32_t row, std::uint32_t pitch, Pad pad,
                                         Waits& ready) {
  const std::size_t section = add_section(Role::constant, std::uint64_t{rows} * row);
  const std::size_t buffer = allocate(pad, std::uint64_t{rows - 1} * pitch + row);
  Load load;
  load.dram = program.sections[section].address;
  load.pad = pad;
  load.address = address(buffer);
  load.run_bytes = row;
  load.counts[dice.chance(2) ? 0 : 2] = rows;
  load.dram_strides = {row, 0, row};
  load.pad_strides = {pitch, 0, pitch};
  ready = both(ready, add(load, {}, {buffer}));
  return buffer;
}

std::size_t ProgramDraft::load_parameters(std::uint32_t channels, Waits& ready) {
  parameter_sections_.push_back(program.sections.size());
  return load_constants(channels, channel_parameter_bytes, channel_parameter_bytes, Pad::weights, ready);
}

Lists ProgramDraft::load_lists(const std::vector<std::uint8_t>& bytes, std::uint32_t alignment, Waits& ready) {
  Section& section = program.sections[add_section(Role::lists, bytes.size())];
  section.values.assign(bytes.begin(), bytes.end());
  const std::size_t buffer = allocate(Pad::weights, bytes.size(), alignment);
  const Lists lists{section.address, address(buffer), static_cast<std::uint32_t>(bytes.size()), buffer};
  Load load;
  load.dram = lists.dram;
  load.pad = Pad::weights;
  load.address = lists.address;
  load.run_bytes = lists.bytes;
  ready = both(ready, add(load, {}, {buffer}));
  return lists;
}

std::size_t ProgramDraft::allocate(Pad pad, std::uint64_t bytes, std::uint32_t alignment) {
  std::uint32_t& next = next_[index(pad)];
  next += dice.upto(5) - 1;
  next = (next + alignment - 1) / alignment * alignment;
  buffers_.push_back({pad, next, static_cast<std::uint32_t>(bytes), 0});
  next += static_cast<std::uint32_t>(bytes);
  top_[index(pad)] = std::max(top_[index(pad)], next);
  return buffers_.size() - 1;
}

PadMap ProgramDraft::place(Pad pad, std::uint32_t element, std::uint32_t channels, std::uint32_t height,
                           std::uint32_t width) {
  PadMap map{{}, channels, height, width, 0, {}};
  map.at.pad = pad;
  map.at.line_pitch = element * (width + (dice.chance(3) ? dice.upto(3) : 0));
  map.at.channel_pitch = map.at.line_pitch * height + element * (dice.chance(3) ? dice.upto(5) : 0);
  if (dice.chance(5)) {  // lines of the channels side by side
    map.at.channel_pitch = element * width;
    map.at.line_pitch = map.at.channel_pitch * channels;
  }
  const std::uint64_t bytes = std::uint64_t{channels - 1} * map.at.channel_pitch +
                              std::uint64_t{height - 1} * map.at.line_pitch + std::uint64_t{element} * width;
  map.buffer = allocate(pad, bytes, element);
  map.at.address = address(map.buffer);
  return map;
}

Waits ProgramDraft::add(const decltype(Instruction::work)& work, const Waits& waits,
                        const std::vector<std::size_t>& buffers) {
  Instruction instruction{work, both(waits, room_), layer_, {}};
  const auto queue = static_cast<std::size_t>(instruction.queue());
  for (const std::size_t buffer : buffers) buffers_[buffer].last_user = program.instructions.size();
  program.instructions.push_back(instruction);
  Waits token{};
  token[queue] = ++counts_[queue];
  return token;
}

}  // namespace fusesim::isa::machine::test
