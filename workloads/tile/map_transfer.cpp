// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/map_transfer.h"

namespace fusesim::tile {

DramRuns lines_around(const MapBox& box) {
  const TensorPlace& place = box.place;
  const std::uint32_t channels = (box.channels - 1) * box.step + box.groups;
  const Runs runs = runs_of(place, channels, box.rows, box.map_width);
  return {place.section, place.offset + box.channel * place.channel_stride + box.row * place.row_stride, runs.run,
          runs.count, runs.stride};
}

isa::machine::Transfer transfer_of(const MapBox& box, const isa::machine::Program& program, isa::machine::Pad pad,
                                   std::uint32_t address, const Pitches& pitches) {
  const TensorPlace& place = box.place;
  isa::machine::Transfer t;
  t.dram = program.sections[place.section].address + place.offset + box.channel * place.channel_stride +
           box.row * place.row_stride + box.column;
  t.pad = pad;
  t.address = address;
  t.run_bytes = box.columns;
  std::size_t dimension = 0;
  const auto repeat = [&](std::uint32_t count, std::uint64_t dram_stride, std::uint32_t pad_stride) {
    if (count == 1) return;
    if (dimension == 0 && dram_stride == t.run_bytes && pad_stride == t.run_bytes) {
      t.run_bytes *= count;
      return;
    }
    t.counts[dimension] = count;
    t.dram_strides[dimension] = dram_stride;
    t.pad_strides[dimension] = pad_stride;
    ++dimension;
  };
  const bool rows_outside = place.channel_stride < place.row_stride;
  const auto channels = [&] {
    repeat(box.groups, place.channel_stride, box.channels * pitches.channel);
    repeat(box.channels, box.step * place.channel_stride, pitches.channel);
  };
  if (rows_outside) channels();
  repeat(box.rows, place.row_stride, pitches.line);
  if (!rows_outside) channels();
  return t;
}

}  // namespace fusesim::tile
