// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "hw/isa/machine/program.h"

namespace fusesim::vector {

/// The parameters of a channel as they lie in the weights scratchpad.
inline isa::machine::ChannelParameters channel_parameters(const std::int8_t* from) {
  std::array<std::int8_t, isa::machine::channel_parameter_bytes> bytes;
  std::memcpy(bytes.data(), from, bytes.size());
  return std::bit_cast<isa::machine::ChannelParameters>(bytes);
}

}  // namespace fusesim::vector
