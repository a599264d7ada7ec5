// SPDX-License-Identifier: Apache-2.0
#include "hw/waves/array_probe.h"

#include <string>

namespace fusesim::waves {

ArrayProbe::ArrayProbe(VcdWriter& writer, const isa::ArrayConfig& config, const WaveScope& scope)
    : writer_(writer), ports_(scope.ports) {
  using array::PeState;
  const bool banks = config.banks() == 2, fuse = config.fuse_links;
  const auto add = [this](bool present, const Register& one) {
    if (present) registers_.push_back(one);
  };
  add(true, {"a", 8, true, [](const PeState& s) { return std::int64_t{s.a}; }});
  add(true, {"lv", 1, false, [](const PeState& s) { return std::int64_t{s.lv}; }});
  add(true, {"lf", 1, false, [](const PeState& s) { return std::int64_t{s.lf}; }});
  add(banks, {"lb", 1, false, [](const PeState& s) { return std::int64_t{s.lb}; }});
  add(true, {"w", 8, true, [](const PeState& s) { return std::int64_t{s.w}; }});
  add(true, {"wv", 1, false, [](const PeState& s) { return std::int64_t{s.wv}; }});
  add(fuse, {"fv", 1, false, [](const PeState& s) { return std::int64_t{s.fv}; }});
  add(fuse, {"ff", 1, false, [](const PeState& s) { return std::int64_t{s.ff}; }});
  add(fuse && banks, {"fb", 1, false, [](const PeState& s) { return std::int64_t{s.fb}; }});
  add(true, {"acc0", 32, true, [](const PeState& s) { return std::int64_t{s.acc[0]}; }});
  add(true, {"full0", 1, false, [](const PeState& s) { return std::int64_t{s.full[0]}; }});
  add(banks, {"acc1", 32, true, [](const PeState& s) { return std::int64_t{s.acc[1]}; }});
  add(banks, {"full1", 1, false, [](const PeState& s) { return std::int64_t{s.full[1]}; }});
  add(true, {"mv", 1, false, [](const PeState& s) { return std::int64_t{s.mv}; }});
  add(banks, {"mb", 1, false, [](const PeState& s) { return std::int64_t{s.mb}; }});

  writer_.open_scope("fusesim");
  declare_elements(scope);
  if (ports_) declare_ports(config);
  writer_.close_scope();
}

void ArrayProbe::declare_elements(const WaveScope& scope) {
  if (scope.elements.empty()) return;
  writer_.open_scope("array");
  bool in_row = false;
  std::uint32_t row = 0;
  for (const WaveScope::Element& at : scope.elements) {
    if (!in_row || at.row != row) {
      if (in_row) writer_.close_scope();
      writer_.open_scope("row" + std::to_string(at.row));
      row = at.row;
      in_row = true;
    }
    Element element;
    element.at = at;
    writer_.open_scope("pe" + std::to_string(at.col));
    for (const Register& one : registers_)
      element.signals.push_back(one.bits == 1   ? writer_.add_bit(one.name)
                                : one.is_signed ? writer_.add_signed(one.name, one.bits)
                                                : writer_.add_vector(one.name, one.bits));
    writer_.close_scope();
    elements_.push_back(std::move(element));
  }
  writer_.close_scope();
  writer_.close_scope();
}

void ArrayProbe::declare_ports(const isa::ArrayConfig& config) {
  writer_.open_scope("feeder");
  writer_.open_scope("control");
  enable_ = writer_.add_bit("enable");
  skewed_ = writer_.add_bit("skewed");
  left_first_ = writer_.add_bit("left_first");
  left_bank_ = writer_.add_bit("left_bank");
  drain_bank_ = writer_.add_bit("drain_bank");
  if (config.fuse_links) {
    tap_first_ = writer_.add_bit("tap_first");
    tap_bank_ = writer_.add_bit("tap_bank");
  }
  writer_.close_scope();
  left_ = declare_edge("left", config.rows, 8, false);
  if (config.fuse_links) tap_ = declare_edge("tap", config.rows, 8, false);
  top_ = declare_edge("top", config.cols, 8, true);
  writer_.close_scope();
  writer_.open_scope("ports");
  bottom_ = declare_edge("bottom", config.cols, 32, false);
  writer_.close_scope();
}

std::vector<ArrayProbe::Port> ArrayProbe::declare_edge(const char* name, std::uint32_t count, unsigned bits,
                                                       bool drain) {
  std::vector<Port> edge(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    writer_.open_scope(name + std::to_string(i));
    edge[i].data = writer_.add_signed("data", bits);
    edge[i].valid = writer_.add_bit("valid");
    if (drain) edge[i].drain = writer_.add_bit("drain");
    writer_.close_scope();
  }
  return edge;
}

void ArrayProbe::start(std::uint64_t cycle, const array::ArrayModel& model) {
  writer_.at(cycle);
  show_registers(model);
}

void ArrayProbe::sample(std::uint64_t cycle, const array::ArrayModel& model, const array::EdgeInputs& inputs,
                        const array::EdgeOutputs& outputs) {
  writer_.at(cycle);
  if (ports_) show_ports(inputs, outputs);
  writer_.at(cycle + 1);
  show_registers(model);
}

void ArrayProbe::show_registers(const array::ArrayModel& model) {
  for (Element& element : elements_) {
    const array::PeState state = model.pe(element.at.row, element.at.col);
    if (element.seen && state == element.last) continue;
    for (std::size_t i = 0; i < registers_.size(); ++i) writer_.change(element.signals[i], registers_[i].read(state));
    element.last = state;
    element.seen = true;
  }
}

void ArrayProbe::show_ports(const array::EdgeInputs& inputs, const array::EdgeOutputs& outputs) {
  writer_.change(enable_, inputs.enable);
  writer_.change(skewed_, inputs.skewed);
  writer_.change(left_first_, inputs.left_first);
  writer_.change(left_bank_, inputs.left_bank);
  writer_.change(drain_bank_, inputs.drain_bank);
  for (std::size_t i = 0; i < left_.size(); ++i) {
    writer_.change(left_[i].data, inputs.left[i]);
    writer_.change(left_[i].valid, inputs.left_valid[i]);
  }
  if (!tap_.empty()) {
    writer_.change(tap_first_, inputs.tap_first);
    writer_.change(tap_bank_, inputs.tap_bank);
  }
  for (std::size_t i = 0; i < tap_.size(); ++i) {
    writer_.change(tap_[i].data, inputs.tap[i]);
    writer_.change(tap_[i].valid, inputs.tap_valid[i]);
  }
  for (std::size_t j = 0; j < top_.size(); ++j) {
    writer_.change(top_[j].data, inputs.top[j]);
    writer_.change(top_[j].valid, inputs.top_valid[j]);
    writer_.change(top_[j].drain, inputs.drain[j]);
  }
  for (std::size_t j = 0; j < bottom_.size(); ++j) {
    writer_.change(bottom_[j].data, outputs.data[j]);
    writer_.change(bottom_[j].valid, outputs.valid[j]);
  }
}

}  // namespace fusesim::waves
