// SPDX-License-Identifier: Apache-2.0
#include "hw/fused/values/loops.h"
#include "hw/fused/values/portable_set.h"

namespace fusesim::fused::values {
namespace {

struct Portable : PortableSet<Portable> {};

}  // namespace

const Kernels portable_kernels = Loops<Portable>::kernels();

}  // namespace fusesim::fused::values
