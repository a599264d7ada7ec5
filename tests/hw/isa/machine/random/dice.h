// SPDX-License-Identifier: Apache-2.0
// What random programs are drawn from: the same seed gives the same values.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace fusesim::isa::machine::test {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}

  /// 1 .. n.
  std::uint32_t upto(std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(1, n)(random_); }
  bool chance(std::uint32_t one_in) { return upto(one_in) == 1; }
  std::int8_t int8() { return static_cast<std::int8_t>(static_cast<std::int32_t>(upto(256)) - 129); }
  /// -most .. most.
  std::int32_t around_zero(std::uint32_t most) {
    return static_cast<std::int32_t>(upto(2 * most + 1)) - static_cast<std::int32_t>(most) - 1;
  }

  std::string text() {
    static constexpr char letters[] = "ab.0_ \"\\#=\xc3\xa9";
    std::string result;
    for (std::uint32_t i = upto(8); i > 1; --i) result += letters[upto(sizeof letters - 1) - 1];
    return result;
  }

 private:
  std::mt19937 random_;
};

}  // namespace fusesim::isa::machine::test
