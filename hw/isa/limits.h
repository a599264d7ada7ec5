// SPDX-License-Identifier: Apache-2.0
// Sizes no program may exceed. They are far above any real network and keep a damaged or hostile trace from asking
// for more memory than a machine has, and every product of sizes inside 64 bits.
#pragma once

#include <cstdint>

namespace fusesim::isa {

inline constexpr std::uint64_t max_tensor_elements = std::uint64_t{1} << 30;
inline constexpr std::uint64_t max_program_bytes = std::uint64_t{1} << 34;  ///< All tensors together.
inline constexpr std::uint32_t max_geometry_step = 65535;                   ///< Strides, dilations, padding.
inline constexpr std::uint64_t max_wire_taps = std::uint64_t{1} << 20;      ///< Filter taps of a FuSe dataflow.
inline constexpr std::uint64_t max_fold_feed = std::uint64_t{1} << 30;      ///< Positions a row streams in one fold.
inline constexpr std::uint64_t max_trace_payload = (std::uint64_t{1} << 31) - 1;  ///< FlatBuffers' signed offsets.
inline constexpr std::uint32_t max_name_length = 256;                             ///< Bytes.

}  // namespace fusesim::isa
