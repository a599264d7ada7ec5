// SPDX-License-Identifier: Apache-2.0
#include "workloads/zoo/archon.h"

#include <array>
#include <string>
#include <vector>

#include "workloads/zoo/archon_chain.h"

namespace fusesim::zoo {
namespace {

/// Equal bottlenecks in a row, but that only the first may have a stride.
struct Stage {
  std::uint32_t repeats, middle, out, kernel = 3, stride = 1;
  /// Channels inside the gate, 0 without one. It scales the middle tensor, or the result.
  std::uint32_t gate = 0;
  bool gate_on_result = false;
  bool residual = true;
};

/// Expansion, depthwise, projection, and the block's input added where shapes allow and the stage wants it:
/// "b1.expand", "b1.dw", "b1.project", "b1.se1", "b1.se2", "b1.add". Blocks count from `first`. Groups above 1 are
/// shuffled at the end.
void bottlenecks(ArchonChain& net, int first, const std::vector<Stage>& stages, std::uint32_t groups = 1) {
  int index = first;
  for (const Stage& stage : stages) {
    for (std::uint32_t repeat = 0; repeat < stage.repeats; ++repeat) {
      const std::string block = "b" + std::to_string(index++);
      const graph::NodeId entry = net.end();
      const graph::Shape shape = net.shape();
      net.pointwise(block + ".expand", stage.middle, groups);
      net.relu(block + ".expand");
      net.depthwise(block + ".dw", stage.kernel, repeat == 0 ? stage.stride : 1);
      net.relu(block + ".dw");
      if (stage.gate > 0 && !stage.gate_on_result) net.squeeze_excite(block + ".se", stage.gate);
      net.pointwise(block + ".project", stage.out, groups);
      if (groups > 1) net.shuffle(block, groups);
      if (stage.gate > 0 && stage.gate_on_result) net.squeeze_excite(block + ".se", stage.gate);
      if (stage.residual && net.shape() == shape) net.add(block + ".add", entry);
    }
  }
}

void stem(ArchonChain& net, std::uint32_t channels) {
  net.convolution("conv1", channels, 3);
  net.relu("conv1");
}

/// A pointwise layer in groups, shuffled, and a depthwise one without activation.
void shuffled_stem(ArchonChain& net, std::uint32_t channels, std::uint32_t groups) {
  stem(net, channels);
  net.pointwise("pw_init", channels, groups);
  net.relu("pw_init");
  net.shuffle("pw_init", groups);
  net.depthwise("dw_init", 3, 1);
}

void last_pointwise(ArchonChain& net, const std::string& name, std::uint32_t channels, std::uint32_t groups = 1) {
  net.pointwise(name, channels, groups);
  net.relu(name);
}

void mnasnet_stem(ArchonChain& net) {
  stem(net, 32);
  net.depthwise("dw0", 3, 1);
  net.relu("dw0");
  net.pointwise("pw0", 16);
}

constexpr std::uint32_t shuffle_groups = 3;

/// Equal units of ShuffleNet in a row. Where `joins` is set the pooled input becomes further channels of the result.
struct Unit {
  std::uint32_t repeats, middle, out, stride = 1;
  bool joins = false;
};

/// The unit's input is joined, or added where the shapes, once `before`, allow.
void join(ArchonChain& net, const std::string& block, graph::NodeId entry, graph::Shape before, const Unit& unit) {
  if (unit.joins) {
    net.join_pooled(block, entry, unit.stride);
  } else if (net.shape() == before) {
    net.add(block + ".add", entry);
  }
}

}  // namespace

graph::Graph fusionet(std::uint32_t classes) {
  ArchonChain net;
  shuffled_stem(net, 32, 4);
  bottlenecks(net, 1,
              {{.repeats = 1, .middle = 2368, .out = 32, .residual = false},
               {2, 2368, 32},
               {1, 2368, 64, 3, 2},
               {3, 2368, 64},
               {1, 2368, 96, 3, 2},
               {7, 3456, 96},
               {1, 3456, 160}},
              4);
  if (classes == 10) {
    last_pointwise(net, "pw_final", 960, 4);
  } else {
    last_pointwise(net, "pw_final", 1280);
  }
  net.classify(classes);
  return std::move(net).finish();
}

graph::Graph archon_mobilenet_v2_baseline(std::uint32_t classes) {
  ArchonChain net;
  stem(net, 32);
  bottlenecks(net, 0,
              {{1, 32, 16},
               {1, 96, 24},
               {1, 144, 24},
               {1, 144, 32},
               {2, 192, 32},
               {1, 192, 64, 3, 2},
               {3, 384, 64},
               {1, 384, 96},
               {2, 576, 96},
               {1, 576, 160, 3, 2},
               {2, 960, 160},
               {1, 960, 320}});
  last_pointwise(net, "conv_last", 1280);
  net.classify(classes);
  return std::move(net).finish();
}

graph::Graph archon_mobilenet_v2(std::uint32_t classes) {
  ArchonChain net;
  stem(net, 32);
  bottlenecks(
      net, 0,
      {{1, 32, 16}, {3, 864, 24}, {1, 864, 32, 3, 2}, {3, 864, 32}, {1, 864, 40, 3, 2}, {5, 864, 40}, {1, 864, 80}});
  last_pointwise(net, "conv_last", 1280);
  net.classify(classes);
  return std::move(net).finish();
}

graph::Graph archon_mnasnet_baseline(std::uint32_t classes) {
  ArchonChain net;
  mnasnet_stem(net);
  bottlenecks(net, 1,
              {{1, 96, 24},
               {1, 144, 24},
               {1, 72, 40, 5, 2, 18},
               {2, 120, 40, 5, 1, 30},
               {1, 240, 80},
               {3, 480, 80},
               {1, 480, 112, 3, 1, 120},
               {1, 672, 112, 3, 1, 168},
               {1, 672, 160, 5, 2, 168},
               {2, 960, 160, 5, 1, 240},
               {1, 960, 320}});
  if (classes == 100) last_pointwise(net, "conv_last", 1280);
  net.classify(classes);
  return std::move(net).finish();
}

graph::Graph archon_mnasnet(std::uint32_t classes) {
  ArchonChain net;
  mnasnet_stem(net);
  bottlenecks(net, 1,
              {{2, 960, 24},
               {1, 960, 24, 5, 2, 384, true},
               {2, 960, 32, 5, 1, 512, true},
               {2, 960, 32},
               {1, 960, 40},
               {1, 960, 40, 3, 2},
               {1, 960, 40, 3, 1, 2560, true},
               {1, 960, 40, 3, 1, 5120, true},
               {1, 960, 40, 5, 1, 2560, true},
               {2, 960, 40, 5, 1, 5120, true},
               {1, 960, 80}});
  net.classify(classes);
  return std::move(net).finish();
}

graph::Graph archon_shufflenet_baseline(std::uint32_t classes) {
  constexpr std::array units = std::to_array<Unit>({{1, 24, 216, 1, true},
                                                    {3, 60, 240},
                                                    {1, 60, 240, 2, true},
                                                    {7, 120, 480},
                                                    {1, 120, 480, 2, true},
                                                    {3, 240, 960}});
  ArchonChain net;
  stem(net, 24);
  int index = 0;
  for (const Unit& unit : units) {
    for (std::uint32_t repeat = 0; repeat < unit.repeats; ++repeat) {
      const std::string block = "b" + std::to_string(index++);
      const graph::NodeId entry = net.end();
      const graph::Shape before = net.shape();
      net.pointwise(block + ".pw1", unit.middle, shuffle_groups);
      net.relu(block + ".pw1");
      net.shuffle(block + ".pw1", shuffle_groups);
      net.depthwise(block + ".dw", 3, unit.stride);
      net.pointwise(block + ".pw2", unit.out, shuffle_groups);
      join(net, block, entry, before, unit);
      net.relu(block);
    }
  }
  net.classify(classes);
  return std::move(net).finish();
}

graph::Graph archon_shufflenet(std::uint32_t classes) {
  constexpr std::array units = std::to_array<Unit>({{2, 2574, 18},
                                                    {1, 2574, 6, 2, true},
                                                    {3, 2574, 24},
                                                    {1, 2574, 18, 2, true},
                                                    {7, 2604, 42},
                                                    {1, 2604, 42, 1, true}});
  ArchonChain net;
  shuffled_stem(net, 24, shuffle_groups);
  int index = 1;
  for (const Unit& unit : units) {
    for (std::uint32_t repeat = 0; repeat < unit.repeats; ++repeat) {
      const std::string block = "b" + std::to_string(index++);
      const graph::NodeId entry = net.end();
      const graph::Shape before = net.shape();
      net.pointwise(block + ".expand", unit.middle, shuffle_groups);
      net.relu(block + ".expand");
      net.shuffle(block + ".expand", shuffle_groups);
      net.pointwise(block + ".project", unit.out, shuffle_groups);
      net.relu(block + ".project");
      net.depthwise(block + ".dw", 3, unit.stride);
      join(net, block, entry, before, unit);
    }
  }
  last_pointwise(net, "pw_final", 960, shuffle_groups);
  net.classify(classes);
  return std::move(net).finish();
}

}  // namespace fusesim::zoo
