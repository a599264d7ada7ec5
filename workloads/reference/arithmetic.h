// SPDX-License-Identifier: Apache-2.0
// The integer arithmetic of docs/arithmetic.md, one function a rule. Everything that computes on quantised values, in
// hardware or out of it, must equal these functions bit for bit.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "workloads/graph/operators.h"

namespace fusesim::reference {

/// What cannot be expressed in this arithmetic; the message names the value and the allowed range.
class ArithmeticError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A quantised element. Both are kept one to an int8_t; int4 uses the values -8 .. 7 of it.
enum class ElementType : std::uint8_t { int8, int4 };

/// "int8", "int4".
[[nodiscard]] const char* name(ElementType type);

/// Smallest and largest value of a result, both included.
struct Limits {
  std::int32_t lowest = -128, highest = 127;
  bool operator==(const Limits&) const = default;
};
[[nodiscard]] constexpr Limits limits(ElementType type) {
  return type == ElementType::int8 ? Limits{-128, 127} : Limits{-8, 7};
}
/// Weights are symmetric: -127 .. 127 and -7 .. 7.
[[nodiscard]] constexpr Limits weight_limits(ElementType type) {
  return {-limits(type).highest, limits(type).highest};
}

/// How much one quantisation step stands for: a binary32 number, which is exactly mantissa() * 2^exponent(). All that
/// is derived from scales is therefore a question about rational numbers, with one right answer.
class Scale {
 public:
  static constexpr float smallest = 0x1p-24F, largest = 0x1p8F;
  /// Throws ArithmeticError unless smallest <= value <= largest.
  explicit Scale(float value);
  [[nodiscard]] float value() const { return value_; }
  [[nodiscard]] std::uint32_t mantissa() const;  ///< 2^23 .. 2^24 - 1.
  [[nodiscard]] int exponent() const;            ///< -47 .. -15.
  bool operator==(const Scale&) const = default;

 private:
  float value_;
};

/// What the integers of a tensor mean: element q stands for scale * (q - zero_point).
struct TensorFormat {
  Scale scale{1.0F};
  std::int32_t zero_point = 0;  ///< Within limits(type), so that zero is represented exactly.
  ElementType type = ElementType::int8;
  bool operator==(const TensorFormat&) const = default;
};

/// numerator / denominator * 2^exponent. Both below 2^50, the denominator not zero.
struct Ratio {
  std::uint64_t numerator = 0, denominator = 1;
  int exponent = 0;
};
/// a / (c * divisor)
[[nodiscard]] Ratio ratio(Scale a, Scale c, std::uint32_t divisor = 1);
/// a * b / c
[[nodiscard]] Ratio product_ratio(Scale a, Scale b, Scale c);

/// value * 2^-shift, 0 <= value < 2^31, 1 <= shift <= 62.
struct Multiplier {
  std::int32_t value = 0;
  std::int32_t shift = 1;
  bool operator==(const Multiplier&) const = default;
};

/// The multiplier next to a ratio: `shift` is the largest of 1 .. 62 that leaves floor(ratio * 2^shift + 1/2) below
/// 2^31, `value` is that number. Ratios from 2^-32 have 31 significant bits. Throws ArithmeticError from about 2^30 on.
[[nodiscard]] Multiplier make_multiplier(const Ratio& ratio);

/// The same for a sum: one shift for all, chosen by the largest ratio.
struct SharedMultiplier {
  std::vector<std::int32_t> values;
  std::int32_t shift = 1;
};
[[nodiscard]] SharedMultiplier make_shared_multiplier(std::span<const Ratio> ratios);

/// floor(value / 2^shift + 1/2): half goes up. |value| + 2^(shift - 1) must be below 2^63; 1 <= shift <= 62.
[[nodiscard]] constexpr std::int64_t rounding_shift(std::int64_t value, std::int32_t shift) {
  return (value + (std::int64_t{1} << (shift - 1))) >> shift;
}

[[nodiscard]] constexpr std::int8_t saturate(std::int64_t value, Limits to) {
  return static_cast<std::int8_t>(value < to.lowest ? to.lowest : value > to.highest ? to.highest : value);
}

/// a + b modulo 2^32, as accumulators and biases add.
[[nodiscard]] constexpr std::int32_t wrapping_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

/// saturate(zero_point + sum * multiplier rounded half up): the one rounding of every operator but the tables. `sum` is
/// any int32: an accumulator with its bias, the differences of a pooling window, a product of two differences.
[[nodiscard]] constexpr std::int8_t requantize(std::int32_t sum, Multiplier by, std::int32_t zero_point, Limits to) {
  return saturate(zero_point + rounding_shift(std::int64_t{sum} * by.value, by.shift), to);
}

/// saturate(zero_point + sum over i of differences[i] * by.values[i], rounded half up once). Differences are q - zero
/// point of their tensor, within -255 .. 255.
[[nodiscard]] std::int8_t requantize_sum(std::span<const std::int32_t> differences, const SharedMultiplier& by,
                                         std::int32_t zero_point, Limits to);

/// Bounds that ReLU and ReLU6 put on the integers of a tensor, within its type. Throws ArithmeticError for the others.
[[nodiscard]] Limits activation_bounds(graph::ActivationKind kind, const TensorFormat& format);

/// Result for each input; entry q + 128 belongs to q.
using Table = std::array<std::int8_t, 256>;
/// The exact rational result of h-swish or h-sigmoid, rounded half up and saturated. For an int4 input only the entries
/// of -8 .. 7 matter. Throws ArithmeticError for the others.
[[nodiscard]] Table activation_table(graph::ActivationKind kind, const TensorFormat& in, const TensorFormat& out);
[[nodiscard]] inline std::int8_t look_up(const Table& table, std::int8_t q) {
  return table[static_cast<std::size_t>(q + 128)];
}

/// The integer next to a real number under a format, half up: what turns an input of the network into integers.
/// Throws ArithmeticError when the value is not a number.
[[nodiscard]] std::int8_t quantize(double value, const TensorFormat& format);
[[nodiscard]] inline double dequantize(std::int8_t q, const TensorFormat& format) {
  return double{format.scale.value()} * (q - format.zero_point);
}

/// Throws ArithmeticError when the zero point is not a value of the type; the message starts with `what`.
void check(const TensorFormat& format, const std::string& what);

}  // namespace fusesim::reference
