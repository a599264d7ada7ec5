// SPDX-License-Identifier: Apache-2.0
#include "hw/array/row_kernels.h"

#include <initializer_list>

namespace fusesim::array {

namespace {

std::uint32_t accumulate(std::uint32_t lanes, const std::int8_t* a, const std::uint8_t* control, const std::int8_t* w,
                         const std::uint8_t* wv, const RowBanks& row) {
  std::uint32_t macs = 0;
  for (std::uint32_t j = 0; j < lanes; ++j) {
    const std::uint8_t c = control[j];
    if ((c & control_valid) == 0 || wv[j] == 0) continue;
    const unsigned bank = (c & control_bank) != 0 ? 1 : 0;
    const std::int32_t old = (c & control_first) != 0 ? 0 : row.acc[bank][j];
    // Unsigned addition: the accumulator wraps around.
    row.acc[bank][j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(old) + static_cast<std::uint32_t>(a[j] * w[j]));
    row.full[bank][j] = 0xff;
    ++macs;
  }
  return macs;
}

std::uint64_t move(std::uint32_t lanes, const std::uint8_t* mv, const std::uint8_t* mb, const std::uint8_t* drain,
                   const std::uint8_t* drain_bank, const RowBanks& from, const RowBanks& to, std::uint8_t* to_mv,
                   std::uint8_t* to_mb) {
  std::uint64_t words = 0, conflicts = 0;
  for (std::uint32_t j = 0; j < lanes; ++j) {
    unsigned bank = mb[j] != 0 ? 1 : 0;
    bool moving = mv[j] != 0;
    if (drain[j] != 0) {
      const unsigned strobed = drain_bank[j] != 0 ? 1 : 0;
      if (from.full[strobed][j] != 0) {
        if (moving) {
          ++conflicts;
        } else {
          moving = true;
          bank = strobed;
        }
        from.full[strobed][j] = 0;
      }
    }
    to_mv[j] = moving ? 0xff : 0;
    to_mb[j] = moving && bank == 1 ? 0xff : 0;
    if (!moving) continue;
    ++words;
    if (to.full[bank][j] != 0) ++conflicts;
    to.acc[bank][j] = from.acc[bank][j];
  }
  return words | conflicts << 32;
}

}  // namespace

const RowKernels& portable_row_kernels() {
  static constexpr RowKernels kernels{accumulate, move};
  return kernels;
}

const RowKernels& best_row_kernels() {
  for (const RowKernels* kernels : {avx512_row_kernels(), avx2_row_kernels()}) {
    if (kernels != nullptr) return *kernels;
  }
  return portable_row_kernels();
}

}  // namespace fusesim::array
