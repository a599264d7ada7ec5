// SPDX-License-Identifier: Apache-2.0
// The kernels against the arithmetic of whole networks (workloads/reference).
#include "hw/vector/values/compute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "hw/vector/operands.h"
#include "tests/hw/vector/support/random_vector.h"
#include "workloads/reference/arithmetic.h"
#include "workloads/reference/operators.h"

namespace fusesim::vector {
namespace {

using array::values::InstructionSet;
using isa::machine::CoreConfig;
using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;
using isa::machine::VectorOperand;
using vector_test::Image;
using vector_test::RandomVector;

// Halves are found exactly: twice a product of 31 and 31 bits.
__extension__ using Wide = __int128;

class Reference {
 public:
  Reference(const Vector& vector, const Image& before) : v_(vector), before_(before) {
    const graph::Shape in{1, v_.window.in_height, v_.window.in_width}, out{1, v_.height, v_.width};
    for (std::uint32_t c = 0; c < v_.channels; ++c) {
      if (v_.kind == VectorKind::max_pool) largest_.push_back(reference::max_pool(pool(), in, out, map(c)));
      if (v_.kind == VectorKind::average_pool)
        sums_.push_back(reference::window_sums(pool(), in, out, map(c), v_.zero_a));
    }
  }

  /// The scratchpads after the instruction.
  Image after() const {
    Image result = before_;
    for (std::uint32_t c = 0; c < v_.channels; ++c) {
      for (std::uint32_t y = 0; y < v_.height; ++y) {
        for (std::uint32_t x = 0; x < v_.width; ++x) {
          result[static_cast<std::size_t>(v_.result.pad)][place(v_.result, c, y, x)] = looked_up(value(c, y, x));
        }
      }
    }
    return result;
  }

 private:
  static std::size_t place(const VectorOperand& map, std::uint32_t c, std::uint32_t y, std::uint32_t x) {
    return std::size_t{map.address} + std::size_t{c} * map.channel_pitch + std::size_t{y} * map.line_pitch + x;
  }
  std::int8_t element(const VectorOperand& map, std::uint32_t c, std::uint32_t y, std::uint32_t x) const {
    return before_[static_cast<std::size_t>(map.pad)][place(map, c, y, x)];
  }
  std::int32_t word(Pad pad, std::size_t address) const {
    std::int32_t value;
    std::memcpy(&value, before_[static_cast<std::size_t>(pad)].data() + address, sizeof value);
    return value;
  }
  std::int8_t looked_up(std::int8_t value) const {
    return v_.has_table
               ? before_[static_cast<std::size_t>(Pad::weights)][v_.table + static_cast<std::size_t>(value + 128)]
               : value;
  }

  std::int8_t value(std::uint32_t c, std::uint32_t y, std::uint32_t x) const {
    const reference::Limits limits{v_.lowest, v_.highest};
    const reference::Multiplier multiplier{v_.multiplier_a, v_.shift};
    switch (v_.kind) {
      case VectorKind::requantize: {
        const std::size_t at = v_.parameters + std::size_t{c} * 12;
        const std::int32_t sum = word(v_.a.pad, place(v_.a, c, y, 4 * x));
        return reference::requantize(reference::wrapping_add(sum, word(Pad::weights, at)),
                                     {word(Pad::weights, at + 4), word(Pad::weights, at + 8)}, v_.zero_out, limits);
      }
      case VectorKind::add:
        return reference::requantize_sum(
            std::array<std::int32_t, 2>{element(v_.a, c, y, x) - v_.zero_a, element(v_.b, c, y, x) - v_.zero_b},
            {{v_.multiplier_a, v_.multiplier_b}, v_.shift}, v_.zero_out, limits);
      case VectorKind::scale:
        return reference::requantize((element(v_.a, c, y, x) - v_.zero_a) * (element(v_.b, c, 0, 0) - v_.zero_b),
                                     multiplier, v_.zero_out, limits);
      case VectorKind::rescale:
        return reference::requantize(element(v_.a, c, y, x) - v_.zero_a, multiplier, v_.zero_out, limits);
      case VectorKind::max_pool:
        return reference::saturate(largest_[c][std::size_t{y} * v_.width + x], limits);
      case VectorKind::average_pool:
        return reference::requantize(sums_[c][std::size_t{y} * v_.width + x], multiplier, v_.zero_out, limits);
    }
    return 0;
  }

  graph::Pool pool() const {
    const isa::machine::Window& w = v_.window;
    return {graph::PoolKind::max, w.kernel_height, w.kernel_width,
            w.stride_height,      w.stride_width,  {w.pad_top, w.pad_left, 0, 0}};
  }
  std::vector<std::int8_t> map(std::uint32_t c) const {
    std::vector<std::int8_t> dense;
    for (std::uint32_t y = 0; y < v_.window.in_height; ++y) {
      for (std::uint32_t x = 0; x < v_.window.in_width; ++x) dense.push_back(element(v_.a, c, y, x));
    }
    return dense;
  }

  const Vector& v_;
  const Image& before_;
  std::vector<std::vector<std::int8_t>> largest_;  ///< Of a pool's windows, by channel.
  std::vector<std::vector<std::int32_t>> sums_;
};

class Compute : public testing::TestWithParam<InstructionSet> {
 protected:
  void expect_reference(VectorKind kind, int cases) {
    for (int seed = 0; seed < cases; ++seed) {
      RandomVector random(static_cast<std::uint64_t>(seed) * 6 + static_cast<std::uint64_t>(kind));
      const CoreConfig core = random.core();
      const Vector vector = random.instruction(kind);
      ASSERT_FALSE(clobbers(vector)) << seed;
      memory::Scratchpads pads(core, true);
      random.fill(pads);
      random.fill_operands(vector, pads);
      const Image before = vector_test::image(pads);
      compute(vector, pads, GetParam());
      // Whole images: nothing beside the result changes.
      ASSERT_EQ(vector_test::image(pads), Reference(vector, before).after()) << seed;
    }
  }
};

TEST_P(Compute, RequantizesSumsOfAllSizesAlsoInTheirPlace) {
  expect_reference(VectorKind::requantize, 150);
}
TEST_P(Compute, AddsMapsAlsoInTheirPlace) {
  expect_reference(VectorKind::add, 150);
}
TEST_P(Compute, ScalesByGatesAlsoInPlace) {
  expect_reference(VectorKind::scale, 150);
}
TEST_P(Compute, RescalesAlsoInPlace) {
  expect_reference(VectorKind::rescale, 150);
}
TEST_P(Compute, TakesMaximaOfWindows) {
  expect_reference(VectorKind::max_pool, 80);
}
TEST_P(Compute, TakesAveragesOfWindows) {
  expect_reference(VectorKind::average_pool, 80);
}

TEST_P(Compute, RoundsEachSumAtItsHalvesUnderEveryShift) {
  // A multiplier of a power of two puts sums exactly on halves, and next to them.
  CoreConfig core;
  core.array.rows = core.array.cols = 1;
  memory::Scratchpads pads(core, true);
  for (std::int32_t shift = 1; shift <= 62; ++shift) {
    for (const std::int32_t power : {0, 15, 30}) {
      std::vector<std::int32_t> sums;
      for (int half = -9; half <= 9; ++half) {
        for (int beside = -1; beside <= 1; ++beside) {
          const int bits = shift - 1 - power;
          if (bits < 0 || bits > 27) continue;
          sums.push_back(half * (std::int32_t{1} << bits) + beside);
        }
      }
      if (sums.empty()) continue;
      Vector v;
      v.kind = VectorKind::requantize;
      v.width = static_cast<std::uint32_t>(sums.size());
      v.a = {Pad::outputs, 0, v.width * 4, v.width * 4};
      v.result = {Pad::outputs, 4096, v.width, v.width};
      v.zero_out = 3;
      const std::int32_t parameters[3] = {0, std::int32_t{1} << power, shift};
      std::memcpy(pads[Pad::weights].bytes(0, 12).data(), parameters, 12);
      std::memcpy(pads[Pad::outputs].bytes(0, sums.size() * 4).data(), sums.data(), sums.size() * 4);
      compute(v, pads, GetParam());
      for (std::size_t i = 0; i < sums.size(); ++i) {
        const Wide numerator = 2 * (Wide{sums[i]} << power) + (Wide{1} << shift), denominator = Wide{1} << (shift + 1);
        const Wide floor = numerator / denominator - (numerator % denominator < 0 ? 1 : 0);
        const auto expected = static_cast<std::int64_t>(floor);
        ASSERT_EQ(pads[Pad::outputs].bytes(4096, sums.size())[i], std::clamp<std::int64_t>(expected + 3, -128, 127))
            << sums[i] << " * 2^" << power << " >> " << shift;
      }
    }
  }
}

TEST_P(Compute, LooksUpWhatActivationTablesSay) {
  const reference::TensorFormat in{reference::Scale(0.05F), -7, reference::ElementType::int8};
  const reference::TensorFormat out{reference::Scale(0.03F), 11, reference::ElementType::int8};
  CoreConfig core;
  core.array.rows = core.array.cols = 1;
  for (const graph::ActivationKind kind : {graph::ActivationKind::hswish, graph::ActivationKind::hsigmoid}) {
    const reference::Table table = reference::activation_table(kind, in, out);
    memory::Scratchpads pads(core, true);
    std::copy(table.begin(), table.end(), pads[Pad::weights].bytes(512, 256).begin());
    for (int i = 0; i < 256; ++i)
      pads[Pad::outputs].bytes(0, 256)[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(i - 128);
    // Equal formats on both sides: the rescale itself changes nothing.
    Vector v;
    v.kind = VectorKind::rescale;
    v.width = 256;
    v.a = {Pad::outputs, 0, 256, 256};
    v.result = {Pad::activations, 5, 256, 256};
    v.zero_a = v.zero_out = in.zero_point;
    v.multiplier_a = 1 << 30;
    v.shift = 30;
    v.has_table = true;
    v.table = 512;
    compute(v, pads, GetParam());
    for (int q = -128; q <= 127; ++q) {
      ASSERT_EQ(pads[Pad::activations].bytes(5, 256)[static_cast<std::size_t>(q + 128)],
                reference::look_up(table, static_cast<std::int8_t>(q)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, Compute, testing::ValuesIn(array::values::available_instruction_sets()),
                         [](const auto& test) { return std::string(array::values::name(test.param)); });

}  // namespace
}  // namespace fusesim::vector
