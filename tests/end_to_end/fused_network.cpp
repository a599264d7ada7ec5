// SPDX-License-Identifier: Apache-2.0
#include "fused_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "rtl/fused/verilated_fused_core.h"
#include "rtl/verilated_array.h"
#include "tests/support/compiled_tensors.h"
#include "workloads/predict/synthetic_predicted.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;
using accelerator::MachineResult;
using control::machine::CauseCycles;
using control::machine::Record;

void expect_accounted(const Record& record, const tile::Compiled& compiled) {
  EXPECT_EQ(std::accumulate(record.causes.begin(), record.causes.end(), std::uint64_t{0}), record.cycles);
  CauseCycles sum{};
  for (const CauseCycles& layer : record.layer_causes) {
    for (std::size_t i = 0; i < layer.size(); ++i) sum[i] += layer[i];
  }
  EXPECT_EQ(sum, record.causes);
  std::uint64_t loads = 0, stores = 0;
  std::vector<std::uint64_t> words(compiled.layers.size()), products(compiled.layers.size());
  for (const tile::LayerPlan& layer : compiled.layers) {
    loads += layer.load_bytes;
    stores += layer.store_bytes;
  }
  EXPECT_EQ(record.dram_bytes_read, loads);
  EXPECT_EQ(record.dram_bytes_written, stores);
  for (std::size_t i = 0; i < record.instructions.size(); ++i) {
    const std::uint32_t layer = compiled.program.instructions[i].layer;
    words[layer] += record.instructions[i].fused.words;
    products[layer] += record.instructions[i].fused.products;
  }
  for (std::size_t layer = 0; layer < compiled.layers.size(); ++layer) {
    EXPECT_EQ(words[layer], compiled.layers[layer].words) << compiled.layers[layer].name;
    EXPECT_EQ(products[layer], compiled.layers[layer].products) << compiled.layers[layer].name;
  }
}

void expect_equal(const MachineResult& a, const MachineResult& b) {
  EXPECT_EQ(a.tensors, b.tensors);
  EXPECT_EQ(a.record.cycles, b.record.cycles);
  EXPECT_EQ(a.record.causes, b.record.causes);
  EXPECT_EQ(a.record.layer_causes, b.record.layer_causes);
  EXPECT_EQ(a.record.pads, b.record.pads);
  ASSERT_EQ(a.record.instructions, b.record.instructions);
}

}  // namespace

MachineResult expect_fused_network_runs(const reference::QuantizedGraph& network, const tile::Compiled& compiled,
                                        const accelerator::MachineOptions& options,
                                        const std::vector<Fidelity>& fidelities) {
  MachineResult first;
  for (const Fidelity fidelity : fidelities) {
    SCOPED_TRACE(name(fidelity));
    accelerator::MachineOptions how = options;
    how.fidelity = fidelity;
    how.keep_tensors = true;
    how.make_rtl = [](const isa::ArrayConfig& config) { return std::make_unique<rtl::VerilatedArray>(config); };
    how.make_rtl_fused = [](const isa::machine::FusedConfig& config) {
      return std::make_unique<rtl::VerilatedFusedCore>(config);
    };
    MachineResult result = accelerator::run(compiled.program, compiled.program.core, how);
    expect_accounted(result.record, compiled);
    if (fidelity != fidelities.front()) {
      expect_equal(result, first);
      continue;
    }
    EXPECT_GT(test::expect_tensors(compiled, network, test::expected_tensors(compiled, network),
                                   [&](std::uint32_t section) { return std::span(result.tensors.at(section)); }),
              2U);
    first = std::move(result);
  }
  return first;
}

std::string title(const PredictedCase& c) {
  std::string text = c.network + "_" + std::to_string(static_cast<int>(100 * c.survival)) + "_" + name(c.mode) + "_" +
                     name(c.source) + "_" + std::array{"best", "stay", "pass"}[static_cast<std::size_t>(c.schedule)] +
                     "_" + c.memory;
  for (char& letter : text) letter = std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '_';
  return text;
}

std::size_t expect_predicted_case_runs(const PredictedCase& c, const std::vector<Fidelity>& fidelities) {
  predict::SyntheticOptions synthetic;
  synthetic.survival = c.survival;
  const predict::SyntheticPredicted predicted =
      predict::synthetic_predicted(zoo::build(c.network, "baseline"), synthetic);
  const reference::QuantizedGraph& network = predicted.quantized;
  tile::Options options;
  options.core.array.rows = options.core.array.cols = 8;
  options.core.array.fuse_links = false;
  options.depthwise = isa::Dataflow::depthwise_column;
  options.core.fused.present = true;
  options.core.fused.mode = c.mode;
  // Tiles at stride 2 under kernels of 5x5.
  options.core.fused.mask_positions = 384;
  options.core.fused.tile_bytes = 16 * 1024;
  if (c.mode == isa::machine::FusedMode::fixed) {
    options.core.fused.adders = options.core.fused.lanes;
    options.core.fused.queue_depth = 0;
  }
  options.fused.source = c.source;
  options.fused.schedule = c.schedule;
  options.input = quantize::quantize_map(predicted.images.front(), network.format(network.input()));
  const tile::Compiled compiled = tile::compile(network, c.network, options);
  accelerator::MachineOptions how;
  how.memory.standard = c.memory;
  expect_fused_network_runs(network, compiled, how, fidelities);
  return static_cast<std::size_t>(std::count_if(compiled.layers.begin(), compiled.layers.end(),
                                                [](const tile::LayerPlan& layer) { return layer.words > 0; }));
}

}  // namespace fusesim::end_to_end
