// SPDX-License-Identifier: Apache-2.0
// The instructions of one layer, tile by tile, in an order in which every tile's loads come before the work on it and a
// machine with short queues still loads ahead.
#pragma once

#include <cstdint>

#include "workloads/tile/constants.h"
#include "workloads/tile/emitter.h"
#include "workloads/tile/tiling.h"

namespace fusesim::tile {

struct LayerResources {
  std::uint32_t layer = 0;      ///< Index into Program::layers.
  std::uint32_t constants = 0;  ///< Section; of no meaning when the layout is empty.
};

void emit_layer(const LayerTask& task, const Tiling& tiling, const ConstantsLayout& layout,
                const LayerResources& resources, const Options& options, const isa::machine::Program& program,
                Emitter& emitter);

}  // namespace fusesim::tile
