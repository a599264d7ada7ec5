// SPDX-License-Identifier: Apache-2.0
// Hands out parts of a scratch buffer. With a null base it only counts, so one function both measures and lays out.
#pragma once

#include <cstddef>

namespace fusesim::array::values {

template <class V>  // The instruction set: keeps the code of each one apart (kernels.h).
class Arena {
 public:
  explicit Arena(std::byte* base) : base_(base) {}

  static constexpr std::size_t slack = 128;

  /// Room for `count` elements, aligned to 64 bytes, that may be read and written `slack` bytes past its end.
  template <class T>
  T* take(std::size_t count) {
    T* part = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += (count * sizeof(T) + slack + 63) / 64 * 64;
    return part;
  }

  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::byte* base_;
  std::size_t used_ = 0;
};

}  // namespace fusesim::array::values
