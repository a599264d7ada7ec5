// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/operands.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace fusesim::vector {
namespace {

using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;
using isa::machine::VectorOperand;
using memory::ByteGrid;

using Interval = std::pair<std::uint32_t, std::uint32_t>;  // [first, second)

bool is_pool(VectorKind kind) {
  return kind == VectorKind::max_pool || kind == VectorKind::average_pool;
}

std::uint32_t element_bytes(const Vector& v) {
  return v.kind == VectorKind::requantize ? sizeof(std::int32_t) : 1;
}

/// The part [from, to) of a map of `size` that the window of result `at` covers; empty when from >= to.
std::pair<std::int64_t, std::int64_t> covered(std::uint32_t at, std::uint32_t kernel, std::uint32_t stride,
                                              std::uint32_t padding, std::uint32_t size) {
  const std::int64_t first = std::int64_t{at} * stride - padding;
  return {std::max<std::int64_t>(first, 0), std::min<std::int64_t>(first + kernel, size)};
}

/// What all windows of one dimension cover, joined.
std::vector<Interval> covered_by_all(std::uint32_t results, std::uint32_t kernel, std::uint32_t stride,
                                     std::uint32_t padding, std::uint32_t size) {
  std::vector<Interval> all;
  for (std::uint32_t at = 0; at < results; ++at) {
    const auto [from, to] = covered(at, kernel, stride, padding, size);
    if (from >= to) continue;
    const Interval next{static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)};
    if (!all.empty() && next.first <= all.back().second) {
      all.back().second = std::max(all.back().second, next.second);
    } else {
      all.push_back(next);
    }
  }
  return all;
}

/// Elements inside the map, over all windows of one dimension.
std::uint64_t visits(std::uint32_t results, std::uint32_t kernel, std::uint32_t stride, std::uint32_t padding,
                     std::uint32_t size) {
  std::uint64_t count = 0;
  for (std::uint32_t at = 0; at < results; ++at) {
    const auto [from, to] = covered(at, kernel, stride, padding, size);
    if (from < to) count += static_cast<std::uint64_t>(to - from);
  }
  return count;
}

/// Rows and columns of all channels.
ByteGrid box(const VectorOperand& map, std::uint32_t channels, Interval rows, Interval columns, std::uint32_t bytes) {
  return {.address = map.address + std::uint64_t{rows.first} * map.line_pitch + std::uint64_t{columns.first} * bytes,
          .run = std::uint64_t{columns.second - columns.first} * bytes,
          .axes = {{{rows.second - rows.first, map.line_pitch}, {channels, map.channel_pitch}}}};
}

ByteGrid whole(const VectorOperand& map, const Vector& v, std::uint32_t bytes) {
  return box(map, v.channels, {0, v.height}, {0, v.width}, bytes);
}

/// First byte and one past the last.
std::pair<std::uint64_t, std::uint64_t> extent(const VectorOperand& map, std::uint32_t channels, std::uint32_t height,
                                               std::uint32_t width, std::uint32_t bytes) {
  return {map.address, map.address + std::uint64_t{channels - 1} * map.channel_pitch +
                           std::uint64_t{height - 1} * map.line_pitch + std::uint64_t{width} * bytes};
}

}  // namespace

void for_read_bytes(const Vector& v, const UseBytes& use) {
  if (is_pool(v.kind)) {
    const isa::machine::Window& w = v.window;
    const auto columns = covered_by_all(v.width, w.kernel_width, w.stride_width, w.pad_left, w.in_width);
    for (const Interval& rows : covered_by_all(v.height, w.kernel_height, w.stride_height, w.pad_top, w.in_height)) {
      for (const Interval& part : columns) use(v.a.pad, box(v.a, v.channels, rows, part, 1));
    }
  } else {
    use(v.a.pad, whole(v.a, v, element_bytes(v)));
  }
  if (v.kind == VectorKind::add) use(v.b.pad, whole(v.b, v, 1));
  if (v.kind == VectorKind::scale) use(v.b.pad, box(v.b, v.channels, {0, 1}, {0, 1}, 1));
  if (v.kind == VectorKind::requantize)
    use(Pad::weights,
        {.address = v.parameters, .run = std::uint64_t{v.channels} * isa::machine::channel_parameter_bytes});
  if (v.has_table) use(Pad::weights, {.address = v.table, .run = isa::machine::table_bytes});
}

ByteGrid written_bytes(const Vector& v) {
  return whole(v.result, v, 1);
}

Traffic traffic(const Vector& v) {
  Traffic all;
  const auto read = [&](Pad pad) -> std::uint64_t& { return all.read[static_cast<std::size_t>(pad)]; };
  const std::uint64_t elements = std::uint64_t{v.channels} * v.height * v.width;
  if (is_pool(v.kind)) {
    const isa::machine::Window& w = v.window;
    read(v.a.pad) += v.channels * visits(v.height, w.kernel_height, w.stride_height, w.pad_top, w.in_height) *
                     visits(v.width, w.kernel_width, w.stride_width, w.pad_left, w.in_width);
  } else {
    read(v.a.pad) += elements * element_bytes(v);
  }
  if (v.kind == VectorKind::add) read(v.b.pad) += elements;
  if (v.kind == VectorKind::scale) read(v.b.pad) += v.channels;
  if (v.kind == VectorKind::requantize)
    read(Pad::weights) += std::uint64_t{v.channels} * isa::machine::channel_parameter_bytes;
  if (v.has_table) read(Pad::weights) += isa::machine::table_bytes;
  all.written[static_cast<std::size_t>(v.result.pad)] += elements;
  return all;
}

bool clobbers(const Vector& v) {
  const auto [begin, end] = extent(v.result, v.channels, v.height, v.width, 1);
  const auto overlaps = [&, from = begin, to = end](Pad pad, std::uint64_t first, std::uint64_t last) {
    return pad == v.result.pad && first < to && from < last;
  };
  const auto overlaps_map = [&](const VectorOperand& map, std::uint32_t height, std::uint32_t width,
                                std::uint32_t bytes) {
    const auto [first, last] = extent(map, v.channels, height, width, bytes);
    return overlaps(map.pad, first, last);
  };
  // Whether results may reach places of operands that come later. Places are linear in channel, line and column: what
  // stands highest above its operand stands in a corner. Lower places hold earlier operands only if channels lie in
  // order; each element over its own operand is good in any order.
  const auto reaches_later = [&](const VectorOperand& map, std::uint32_t bytes) {
    if (map == v.result && bytes == 1) return false;
    if (v.channels > 1 && map.channel_pitch < std::uint64_t{v.height - 1} * map.line_pitch + v.width * bytes)
      return true;
    const auto grows = [](std::uint32_t count, std::uint32_t of_result, std::uint32_t of_map) {
      return std::max<std::int64_t>(0, (std::int64_t{count} - 1) * (std::int64_t{of_result} - of_map));
    };
    return std::int64_t{v.result.address} - map.address + grows(v.channels, v.result.channel_pitch, map.channel_pitch) +
               grows(v.height, v.result.line_pitch, map.line_pitch) >
           0;
  };
  const bool pool = is_pool(v.kind);
  if (overlaps_map(v.a, pool ? v.window.in_height : v.height, pool ? v.window.in_width : v.width, element_bytes(v)) &&
      (pool || reaches_later(v.a, element_bytes(v))))
    return true;
  if (v.kind == VectorKind::add && overlaps_map(v.b, v.height, v.width, 1) && reaches_later(v.b, 1)) return true;
  if (v.kind == VectorKind::scale && overlaps_map(v.b, 1, 1, 1)) return true;
  if (v.kind == VectorKind::requantize &&
      overlaps(Pad::weights, v.parameters,
               v.parameters + std::uint64_t{v.channels} * isa::machine::channel_parameter_bytes))
    return true;
  return v.has_table && overlaps(Pad::weights, v.table, std::uint64_t{v.table} + isa::machine::table_bytes);
}

}  // namespace fusesim::vector
