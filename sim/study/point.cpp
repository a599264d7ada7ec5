// SPDX-License-Identifier: Apache-2.0
#include "sim/study/point.h"

#include <fmt/format.h>

#include <algorithm>

namespace fusesim::study {

std::string_view name(Dataflow dataflow) {
  constexpr std::array<std::string_view, 5> names{"column", "broadcast", "FuSe-Half", "fused 16/16", "fused 24/6"};
  return names.at(static_cast<std::size_t>(dataflow));
}

std::string_view name(Memory memory) {
  constexpr std::array<std::string_view, 3> names{"ample", "8 B/cycle", "DDR4-2400"};
  return names.at(static_cast<std::size_t>(memory));
}

std::string_view name(Terms terms) {
  constexpr std::array<std::string_view, 4> names{"lists", "8 B/cycle", "factors", "from DRAM"};
  return names.at(static_cast<std::size_t>(terms));
}

std::vector<Point> points() {
  std::vector<Point> all;
  const auto add = [&all](const Point& point) {
    if (std::find(all.begin(), all.end(), point) == all.end()) all.push_back(point);
  };
  for (const std::string_view network : networks) {
    for (const Memory memory : {Memory::ample, Memory::eight_bytes, Memory::ddr4}) {
      for (const Dataflow dataflow : {Dataflow::column, Dataflow::broadcast, Dataflow::fuse_half, Dataflow::fused_fixed,
                                      Dataflow::fused_elastic}) {
        add({std::string(network), dataflow, memory});
      }
      add({std::string(network), Dataflow::fused_elastic, memory, Terms::factors});
      add({std::string(network), Dataflow::fused_elastic, memory, Terms::passing_lists});
    }
    add({std::string(network), Dataflow::fused_elastic, Memory::ample, Terms::slow_lists});
  }
  for (const int tenths : {1, 2, 3, 4, 5, 6, 7}) {
    add({"fusionet_c10", Dataflow::fused_elastic, Memory::ample, Terms::lists, tenths / 10.0});
  }
  return all;
}

std::string describe(const Point& point) {
  std::string text = fmt::format("{}, {}, memory {}", point.network, name(point.dataflow), name(point.memory));
  if (is_fused(point.dataflow)) text += fmt::format(", terms {}, survival {}", name(point.terms), point.survival);
  return text;
}

config::MachineConfig machine_of(const Point& point) {
  const bool fixed = point.dataflow == Dataflow::fused_fixed;
  config::MachineConfig machine = config::load(fixed ? "archon-8x8-fixed" : "archon-8x8");
  machine.core.fused.present = is_fused(point.dataflow);
  if (point.terms == Terms::slow_lists) machine.core.fused.list_bytes_per_cycle = 8;
  machine.core.array.fuse_links = !is_fused(point.dataflow) && point.dataflow != Dataflow::column;
  machine.memory.standard = "DDR4-2400";
  if (point.memory != Memory::ddr4) {
    machine.memory.standard = "fixed";
    machine.memory.fixed_gigabytes_per_second = point.memory == Memory::ample ? 1000 : 8;
  }
  return machine;
}

}  // namespace fusesim::study
