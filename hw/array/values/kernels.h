// SPDX-License-Identifier: Apache-2.0
// The table of kernels each instruction set provides. Its translation units are compiled with flags of their own, so
// they hold nothing but code with internal linkage: an inline function shared with the rest of the program could
// otherwise be linked in the form that only newer processors run.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hw/isa/program.h"

namespace fusesim::array::values {

/// One call of convolve() in full, or one group of it with `geometry.groups` = 1.
struct Task {
  isa::ConvGeometry geometry;
  const std::int8_t* in = nullptr;
  const std::int8_t* weights = nullptr;
  std::int8_t pad_value = 0;
  std::int32_t* out = nullptr;
};

struct Kernels {
  /// Dense convolution (groups = 1): working memory in bytes, and the sums.
  std::size_t (*gemm_scratch)(const Task&);
  void (*gemm)(const Task&, std::byte* scratch);
  /// Depthwise convolution (groups = in_channels, any number of filters per channel).
  std::size_t (*depthwise_scratch)(const Task&);
  void (*depthwise)(const Task&, std::byte* scratch);
};

extern const Kernels portable_kernels;
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;
extern const Kernels avx512_vnni_kernels;

}  // namespace fusesim::array::values
