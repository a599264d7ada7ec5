// SPDX-License-Identifier: Apache-2.0
// From the nodes of a network to the tasks a machine runs one after the other: which operators become one pass over the
// scratchpads, and where in DRAM every tensor lies. Nothing here knows sizes of scratchpads or addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw/isa/machine/program.h"
#include "workloads/reference/quantized_graph.h"
#include "workloads/tile/compile.h"
#include "workloads/tile/emitter.h"
#include "workloads/tile/shuffle.h"

namespace fusesim::tile {

/// A map in DRAM: element (c, y, x) is byte offset + c * channel_stride + y * row_stride + x of a section. Of maps
/// `width` wide either the channels of a row follow one another (channel_stride = width, "rows outside"), or the rows
/// of a channel (row_stride = width, "channels outside").
struct TensorPlace {
  std::uint32_t section = 0;
  std::uint64_t offset = 0;
  std::uint64_t channel_stride = 0, row_stride = 0;  ///< Bytes.
};

/// `count` runs of `run` contiguous bytes, one every `stride` bytes.
struct Runs {
  std::uint64_t run = 1, count = 1, stride = 0;
};
/// Those of a block of channels in a band of rows, with runs as long as they are in DRAM.
[[nodiscard]] Runs runs_of(const TensorPlace& place, std::uint64_t channels, std::uint64_t rows, std::uint64_t width);

/// The same for what a tile stores of a shuffled map, `first_row` being the band's first: as many sets as it takes.
[[nodiscard]] std::vector<DramRuns> stored_runs(const TensorPlace& place, const ShuffledChannels& part,
                                                std::uint64_t first_row, std::uint64_t rows, std::uint64_t width);

/// A predicted block as the fused unit runs it: tile by tile and group by group, in its own words.
struct PredictedTask {
  graph::PredictedBlock block;
  const reference::BlockConstants* constants = nullptr;  ///< Lives in the quantised network.
  reference::TensorFormat in, out;                       ///< Of the block's input and its result.
};

/// One pass: maps come from DRAM, go through array or vector unit and return to DRAM.
struct LayerTask {
  std::string name;
  /// What computes on the map: the array followed by the vector unit, or the vector unit alone.
  bool on_array = false;
  isa::Dataflow dataflow = isa::Dataflow::gemm;  ///< Array only.
  /// The whole operator, as tiles are cut from it. Operators that treat every element alike see their maps, where all
  /// of them are dense and in the same order, as one channel of a column as high as they have elements.
  isa::ConvGeometry geometry;
  /// What the vector unit does; shape, addresses and operands are the tile's.
  isa::machine::Vector vector;
  bool global_window = false;  ///< The pool's window is the whole map.
  /// Maps of the geometry's input; two for an addition.
  std::vector<TensorPlace> inputs;
  std::optional<TensorPlace> gate;  ///< One byte a channel.
  TensorPlace output;
  /// Of the result's channels on their way to `output`, as graph::Shuffle has them. 1: they stay in order.
  std::uint32_t shuffle_groups = 1;
  const reference::ConvConstants* constants = nullptr;  ///< Array only; lives in the quantised network.
  std::optional<reference::Table> table;
  /// For blocks of the fused unit; then of the above only name, geometry (of input and result, with the depthwise
  /// kernel), input and output have a meaning.
  std::optional<PredictedTask> predicted;

  /// One column: bands may begin and end anywhere.
  [[nodiscard]] bool flat() const {
    return geometry.in_channels == 1 && geometry.in_width == 1 && !on_array && !pool();
  }
  [[nodiscard]] bool pool() const {
    return vector.kind == isa::machine::VectorKind::max_pool || vector.kind == isa::machine::VectorKind::average_pool;
  }
};

struct TaskList {
  std::vector<isa::machine::Section> sections;  ///< Tensors, without addresses and values.
  std::vector<NodePlace> nodes;                 ///< One a node.
  std::vector<LayerTask> tasks;                 ///< In an order in which every input is complete before it is read.
};

/// Throws CompileError naming the node that the machine cannot run. The result refers to constants of `network`.
[[nodiscard]] TaskList make_tasks(const reference::QuantizedGraph& network, const Options& options);

}  // namespace fusesim::tile
