// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/names.h"

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
    {"input", Role::input},
    {"constant", Role::constant},
    {"intermediate", Role::intermediate},
    {"output", Role::output},
};

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

}  // namespace fusesim::isa::machine
