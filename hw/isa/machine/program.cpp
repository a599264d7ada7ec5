// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/program.h"

#include <algorithm>

namespace fusesim::isa::machine {

const char* name(Pad pad) {
  switch (pad) {
    case Pad::activations:
      return "activations";
    case Pad::weights:
      return "weights";
    case Pad::outputs:
      return "outputs";
  }
  return "?";
}

const char* name(Queue queue) {
  switch (queue) {
    case Queue::load:
      return "load";
    case Queue::compute:
      return "compute";
    case Queue::vector:
      return "vector";
    case Queue::store:
      return "store";
  }
  return "?";
}

const char* name(VectorKind kind) {
  switch (kind) {
    case VectorKind::requantize:
      return "requantize";
    case VectorKind::add:
      return "add";
    case VectorKind::scale:
      return "scale";
    case VectorKind::rescale:
      return "rescale";
    case VectorKind::max_pool:
      return "max_pool";
    case VectorKind::average_pool:
      return "average_pool";
  }
  return "?";
}

const char* name(Role role) {
  switch (role) {
    case Role::input:
      return "input";
    case Role::constant:
      return "constant";
    case Role::intermediate:
      return "intermediate";
    case Role::output:
      return "output";
  }
  return "?";
}

bool Program::has_values() const {
  return std::all_of(sections.begin(), sections.end(), [](const Section& section) {
    const bool needs = section.role == Role::input || section.role == Role::constant;
    return !needs || section.values.size() == section.bytes;
  });
}

std::uint64_t Program::dram_bytes() const {
  std::uint64_t end = 0;
  for (const Section& section : sections) end = std::max(end, section.address + section.bytes);
  return end;
}

}  // namespace fusesim::isa::machine
