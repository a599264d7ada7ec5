// SPDX-License-Identifier: Apache-2.0
// How a failed comparison shows the registers of a PE.
#pragma once

#include <ostream>

#include "hw/array/array_model.h"

namespace fusesim::array {

inline void PrintTo(const PeState& pe, std::ostream* out) {
  *out << "a=" << int{pe.a} << " lv=" << pe.lv << " lf=" << pe.lf << " lb=" << int{pe.lb} << " w=" << int{pe.w}
       << " wv=" << pe.wv << " fv=" << pe.fv << " ff=" << pe.ff << " fb=" << int{pe.fb} << " acc=" << pe.acc[0] << ','
       << pe.acc[1] << " full=" << pe.full[0] << pe.full[1] << " mv=" << pe.mv << " mb=" << int{pe.mb};
}

}  // namespace fusesim::array
