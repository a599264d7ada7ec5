// SPDX-License-Identifier: Apache-2.0
#include "hw/fused/values/kernels.h"

namespace fusesim::fused::values {

const Kernels& kernels(array::values::InstructionSet set) {
#ifdef FUSESIM_X86_KERNELS
  // BMI2 is older than AVX2 on all but a few processors.
  const bool bmi2 = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  switch (set) {
    case array::values::InstructionSet::portable:
      break;
    case array::values::InstructionSet::avx2:
      if (bmi2) return avx2_kernels;
      break;
    case array::values::InstructionSet::avx512:
    case array::values::InstructionSet::avx512_vnni:
      if (bmi2) return avx512_kernels;
      break;
  }
#else
  static_cast<void>(set);
#endif
  return portable_kernels;
}

}  // namespace fusesim::fused::values
