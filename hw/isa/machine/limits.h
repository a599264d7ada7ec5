// SPDX-License-Identifier: Apache-2.0
// Sizes no machine and no machine program may exceed, as hw/isa/limits.h. They are far above any real one and keep
// every product of sizes inside 64 bits.
#pragma once

#include <cstdint>

namespace fusesim::isa::machine {

inline constexpr std::uint64_t max_pad_bytes = std::uint64_t{1} << 30;
inline constexpr std::uint32_t max_banks = 4096;
inline constexpr std::uint32_t max_word_bytes = 256;
inline constexpr std::uint32_t max_ports = 4096;
inline constexpr std::uint32_t max_lanes = 4096;
inline constexpr std::uint32_t max_latency = 65535;      ///< Cycles: vector latency, fetch, decode.
inline constexpr std::uint32_t max_queue_depth = 65535;  ///< Instructions.
inline constexpr std::uint64_t max_dram_bytes = std::uint64_t{1} << 34;
inline constexpr std::uint64_t max_window = std::uint64_t{1} << 22;  ///< Elements of a pool's window.
inline constexpr std::int32_t max_shift = 62;
/// Steps of all instructions together: multiplications and positions streamed, elements of windows, bytes moved.
inline constexpr std::uint64_t max_program_steps = std::uint64_t{1} << 48;

}  // namespace fusesim::isa::machine
