// SPDX-License-Identifier: Apache-2.0
// The line kernels in plain C++, element by element.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hw/vector/values/line_kernels.h"
#include "hw/vector/values/line_loops.h"

namespace fusesim::vector {
namespace {

struct Plain {
  static constexpr std::size_t width = 1;
  using Ints = std::int32_t;
  using Wide = std::int64_t;

  static Ints load_sums(const std::int8_t* from, std::size_t) {
    Ints sum;
    std::memcpy(&sum, from, sizeof sum);
    return sum;
  }
  static Ints load_bytes(const std::int8_t* from, std::size_t) { return *from; }
  static void store(std::int8_t* to, Ints value, std::size_t) { *to = static_cast<std::int8_t>(value); }
  static void store_sums(std::int8_t* to, Ints value, std::size_t) { std::memcpy(to, &value, sizeof value); }
  static Ints set(std::int32_t value) { return value; }
  static Ints add(Ints a, Ints b) {
    return static_cast<Ints>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
  static Ints multiply(Ints a, Ints b) { return a * b; }
  static Ints max(Ints a, Ints b) { return a > b ? a : b; }
  static Wide product(Ints a, Ints b) { return Wide{a} * b; }
  static Wide sum(Wide a, Wide b) { return a + b; }

  class Rounder {
   public:
    Rounder(std::int64_t offset, const Rounding& rounding) : offset_(offset), rounding_(rounding) {}
    Ints operator()(Wide value) const {
      const Wide rounded = rounding_.zero + ((value + offset_) >> rounding_.shift);
      return static_cast<Ints>(rounded < rounding_.lowest    ? rounding_.lowest
                               : rounded > rounding_.highest ? rounding_.highest
                                                             : rounded);
    }

   private:
    std::int64_t offset_;
    Rounding rounding_;
  };
};

}  // namespace

const LineKernels portable_line_kernels = LineLoops<Plain>::kernels();

}  // namespace fusesim::vector
