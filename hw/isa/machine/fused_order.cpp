// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/fused_order.h"

#include <cstdint>
#include <iterator>

namespace fusesim::isa::machine {
namespace {

/// The first field in which two geometries differ, and its values; none when they are equal.
struct Difference {
  const char* field = nullptr;
  std::uint32_t here = 0, there = 0;
};

Difference difference(const FusedGeometry& here, const FusedGeometry& there) {
  struct Field {
    const char* name;
    std::uint32_t FusedGeometry::*value;
  };
  static constexpr Field fields[] = {
      {"channels", &FusedGeometry::channels},       {"middle", &FusedGeometry::middle},
      {"kernel", &FusedGeometry::kernel},           {"stride", &FusedGeometry::stride},
      {"region_rows", &FusedGeometry::region_rows}, {"region_columns", &FusedGeometry::region_columns},
      {"pad_top", &FusedGeometry::pad_top},         {"pad_left", &FusedGeometry::pad_left},
      {"out_rows", &FusedGeometry::out_rows},       {"out_columns", &FusedGeometry::out_columns}};
  static_assert(sizeof(FusedGeometry) == std::size(fields) * sizeof(std::uint32_t), "a field is missing");
  for (const Field& field : fields) {
    if (here.*field.value != there.*field.value) return {field.name, here.*field.value, there.*field.value};
  }
  return {};
}

}  // namespace

void FusedOrder::follow(const Where& where, const FusedTile& work) {
  tiles_[work.buffer] = Origin{where.index, work.buffer, work.geometry};
}

void FusedOrder::follow(const Where& where, const FusedPredict& work) {
  const std::optional<Origin>& tile = tiles_[work.buffer];
  if (!tile) {
    fail(where,
         "buffer {} was never loaded; load its tile first, with a fused_tile or the `next` of a fused_accumulate",
         work.buffer);
  }
  if (const Difference d = difference(work.geometry, tile->geometry); d.field) {
    fail(where,
         "{} is {}, but {} in the tile that instruction {} loaded into buffer {}; give both the same geometry, or load "
         "the tile anew",
         d.field, d.here, d.there, tile->instruction, work.buffer);
  }
  masks_ = Origin{where.index, work.buffer, work.geometry};
}

void FusedOrder::follow(const Where& where, const FusedAccumulate& work) {
  if (!masks_) fail(where, "no fused_predict comes before it, so there are no masks; predict its tile first");
  if (work.buffer != masks_->buffer) {
    fail(where,
         "buffer is {}, but the masks are those that instruction {} predicted of buffer {}; read the same buffer, or "
         "predict this one first",
         work.buffer, masks_->instruction, masks_->buffer);
  }
  if (const Difference d = difference(work.geometry, masks_->geometry); d.field) {
    fail(where, "{} is {}, but {} in instruction {}, whose masks it uses; give both the same geometry, or predict anew",
         d.field, d.here, d.there, masks_->instruction);
  }
  // A predict has found its buffer loaded.
  if (const Origin& tile = *tiles_[work.buffer]; tile.geometry != work.geometry) {
    const Difference d = difference(work.geometry, tile.geometry);
    fail(where,
         "{} is {}, but {} in the tile that instruction {} loaded into buffer {} after the masks were predicted (by "
         "instruction {}); load it into the other buffer, or predict it first",
         d.field, d.here, d.there, tile.instruction, work.buffer, masks_->instruction);
  }
  if (work.next) follow(where, *work.next);
}

}  // namespace fusesim::isa::machine
