// SPDX-License-Identifier: Apache-2.0
// The written names of a machine program's enumerations, as hw/isa/names.h.
#pragma once

#include "hw/isa/machine/program.h"
#include "hw/isa/names.h"

namespace fusesim::isa::machine {

[[nodiscard]] NameTable<Pad> pad_names();
[[nodiscard]] NameTable<Queue> queue_names();
[[nodiscard]] NameTable<VectorKind> vector_kind_names();
[[nodiscard]] NameTable<Role> role_names();
[[nodiscard]] NameTable<FusedMode> fused_mode_names();
[[nodiscard]] NameTable<FusedSource> fused_source_names();

}  // namespace fusesim::isa::machine
