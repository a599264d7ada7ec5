// SPDX-License-Identifier: Apache-2.0
#include "hw/control/array_unit/operands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "hw/control/feed/array_instruction.h"
#include "hw/control/feed/fold_addresses.h"
#include "tests/hw/control/array_unit/script.h"
#include "tests/hw/memory/support/kernel.h"

namespace fusesim::test {
namespace {

using isa::machine::Compute;
using isa::machine::Pad;

class NoListener final : public control::machine::UnitListener {
  void started(std::uint32_t, std::uint64_t) override {}
  void completed(std::uint32_t, std::uint64_t) override {}
};

/// Every byte from the first line and column of the map to the last that a product uses, found product by product.
std::set<std::uint64_t> needed_activations(const Compute& compute) {
  const isa::ConvGeometry& g = compute.geometry;
  std::int64_t lines = 0, columns = 0;
  const auto last = [](std::int64_t& reached, std::int64_t position, std::uint32_t length) {
    reached = std::max(reached, std::min<std::int64_t>(position + 1, length));
  };
  for (std::int64_t y = 0; y < g.out_height; ++y) {
    for (std::int64_t k = 0; k < g.kernel_height; ++k)
      last(lines, y * g.stride_height + k * g.dilation_height - g.pad_top, g.in_height);
  }
  for (std::int64_t x = 0; x < g.out_width; ++x) {
    for (std::int64_t k = 0; k < g.kernel_width; ++k)
      last(columns, x * g.stride_width + k * g.dilation_width - g.pad_left, g.in_width);
  }
  std::set<std::uint64_t> bytes;
  for (std::uint32_t c = 0; c < g.in_channels; ++c) {
    for (std::int64_t y = 0; y < lines; ++y) {
      for (std::int64_t x = 0; x < columns; ++x)
        bytes.insert(compute.input.address + c * compute.input.channel_pitch +
                     static_cast<std::uint64_t>(y) * compute.input.line_pitch + static_cast<std::uint64_t>(x));
    }
  }
  return bytes;
}

std::set<std::uint64_t> needed_weights(const Compute& compute) {
  const isa::ConvGeometry& g = compute.geometry;
  std::set<std::uint64_t> bytes;
  for (std::uint32_t t = 0; t < g.in_channels / g.groups * g.kernel_height * g.kernel_width; ++t) {
    for (std::uint32_t o = 0; o < g.out_channels; ++o) bytes.insert(compute.weights + t * compute.weights_pitch + o);
  }
  return bytes;
}

TEST(CheckOperands, AsksForEveryByteThatAFeederReads) {
  for (std::uint64_t seed = 300; seed < 400; ++seed) {
    Random random(seed);
    const Script script = random_script(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " " << describe(script));
    for (const isa::machine::Instruction& instruction : script.program.instructions) {
      const auto& compute = std::get<Compute>(instruction.work);
      const std::set<std::uint64_t> needed[] = {needed_activations(compute), needed_weights(compute)};
      const control::FoldPlan plan(control::array_instruction(compute), script.program.core.array);
      for (std::uint64_t fold = 0; fold < plan.folds(); ++fold) {
        const control::FoldAddresses addresses = control::fold_addresses(compute, plan, plan.fold(fold));
        for (const control::EdgeAddresses* edge : {&addresses.left, &addresses.other}) {
          const std::set<std::uint64_t>& checked = needed[static_cast<std::size_t>(edge->pad)];
          ASSERT_TRUE(std::ranges::all_of(edge->bytes, [&](std::int64_t byte) {
            return byte == control::no_address || checked.contains(static_cast<std::uint64_t>(byte));
          }));
        }
      }
    }
  }
}

TEST(CheckOperands, AsksForEveryByteOfTheOperandsAndForNoOther) {
  const memory_test::Kernel kernel;
  std::uint64_t refused = 0, accepted = 0, partial = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const Script script = random_script(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " " << describe(script));
    const isa::machine::CoreConfig& core = script.program.core;
    for (std::uint32_t i = 0; i < script.program.instructions.size(); ++i) {
      const auto& compute = std::get<Compute>(script.program.instructions[i].work);
      const std::set<std::uint64_t> needed[] = {needed_activations(compute), needed_weights(compute)};
      const isa::ConvGeometry& g = compute.geometry;
      if (needed[0].size() < std::size_t{g.in_channels} * g.in_height * g.in_width) ++partial;

      memory::Scratchpads pads(core, false);
      NoListener listener;
      std::vector<control::machine::InstructionRecord> records;
      const control::machine::Observer observer;
      const control::machine::Context context{script.program, core,     pads,    control::machine::Clock(1000.0),
                                              false,          listener, records, observer};
      for (const Pad pad : {Pad::activations, Pad::weights}) {
        for (const std::uint64_t byte : needed[static_cast<std::size_t>(pad)])
          pads[pad].mark_written(static_cast<std::uint32_t>(byte), 1);
      }
      ASSERT_NO_THROW(check_operands(context, i)) << "instruction " << i;
      ++accepted;
      for (const Pad pad : {Pad::activations, Pad::weights}) {
        const std::set<std::uint64_t>& bytes = needed[static_cast<std::size_t>(pad)];
        if (bytes.empty()) continue;
        const auto missing = static_cast<std::uint32_t>(
            *std::next(bytes.begin(), random.between(0, static_cast<std::uint32_t>(bytes.size() - 1))));
        pads[pad].release(missing, 1);
        ASSERT_THROW(check_operands(context, i), std::runtime_error) << "instruction " << i << " byte " << missing;
        pads[pad].mark_written(missing, 1);
        ++refused;
      }
    }
  }
  EXPECT_GE(accepted, 1000u);
  EXPECT_GE(refused, 2000u);
  EXPECT_GE(partial, 100u);
}

}  // namespace
}  // namespace fusesim::test
