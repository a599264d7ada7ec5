// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/names.h"

#include <iterator>
#include <variant>

namespace fusesim::isa::machine {
namespace {

constexpr std::pair<std::string_view, Pad> kPads[] = {
    {"activations", Pad::activations},
    {"weights", Pad::weights},
    {"outputs", Pad::outputs},
};
constexpr std::pair<std::string_view, Queue> kQueues[] = {
    {"load", Queue::load},
    {"compute", Queue::compute},
    {"vector", Queue::vector},
    {"store", Queue::store},
};
constexpr std::pair<std::string_view, VectorKind> kVectorKinds[] = {
    {"requantize", VectorKind::requantize}, {"add", VectorKind::add},
    {"scale", VectorKind::scale},           {"rescale", VectorKind::rescale},
    {"max_pool", VectorKind::max_pool},     {"average_pool", VectorKind::average_pool},
};
constexpr std::pair<std::string_view, Role> kRoles[] = {
    {"input", Role::input},   {"constant", Role::constant}, {"intermediate", Role::intermediate},
    {"output", Role::output}, {"lists", Role::lists},
};
constexpr std::pair<std::string_view, FusedMode> kFusedModes[] = {
    {"fixed", FusedMode::fixed},
    {"elastic", FusedMode::elastic},
};
constexpr std::pair<std::string_view, FusedSource> kFusedSources[] = {
    {"lists", FusedSource::lists},
    {"factors", FusedSource::factors},
};
/// Indexed as Instruction::work.
constexpr const char* kInstructions[] = {"load",       "compute",       "vector",          "store",
                                         "fused_tile", "fused_predict", "fused_accumulate"};
static_assert(std::size(kInstructions) == std::variant_size_v<decltype(Instruction::work)>);

}  // namespace

NameTable<Pad> pad_names() {
  return kPads;
}
NameTable<Queue> queue_names() {
  return kQueues;
}
NameTable<VectorKind> vector_kind_names() {
  return kVectorKinds;
}
NameTable<Role> role_names() {
  return kRoles;
}
NameTable<FusedMode> fused_mode_names() {
  return kFusedModes;
}
NameTable<FusedSource> fused_source_names() {
  return kFusedSources;
}

// The tables hold string literals, which end in zero.
const char* name(Pad pad) {
  return name_in(pad_names(), pad).data();
}
const char* name(Queue queue) {
  return name_in(queue_names(), queue).data();
}
const char* name(VectorKind kind) {
  return name_in(vector_kind_names(), kind).data();
}
const char* name(Role role) {
  return name_in(role_names(), role).data();
}
const char* name(FusedMode mode) {
  return name_in(fused_mode_names(), mode).data();
}
const char* name(FusedSource source) {
  return name_in(fused_source_names(), source).data();
}
const char* name(const Instruction& instruction) {
  return kInstructions[instruction.work.index()];
}

}  // namespace fusesim::isa::machine
