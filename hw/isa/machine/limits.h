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
// Of the fused unit.
inline constexpr std::uint32_t max_fused_lanes = 64;
inline constexpr std::uint32_t max_fused_queue = 4096;  ///< Survivors a PE queues.
inline constexpr std::uint32_t max_fused_ladders = 16;
inline constexpr std::uint32_t max_fused_channels = 4096;    ///< Of a group, input and middle: indices have 12 bits.
inline constexpr std::uint32_t max_fused_positions = 16384;  ///< Of a tile; hence PEs too.
inline constexpr std::uint32_t max_fused_outputs = 65536;    ///< Channels of one instruction.
inline constexpr std::uint64_t max_composed_terms = std::uint64_t{1} << 28;  ///< Of one instruction, at most.
inline constexpr std::uint32_t max_tile_bytes = 1U << 24;
inline constexpr std::uint32_t max_tile_port = 4096;      ///< Bytes a cycle.
inline constexpr std::uint32_t max_list_rate = 65536;     ///< Bytes a cycle.
inline constexpr std::uint32_t max_list_fifo = 1U << 20;  ///< Bytes.
inline constexpr std::uint32_t max_fused_kernel = 7;
inline constexpr std::uint32_t max_bias_shift = 14;
/// Steps of all instructions together: multiplications and positions streamed, elements of windows, bytes moved.
inline constexpr std::uint64_t max_program_steps = std::uint64_t{1} << 48;

}  // namespace fusesim::isa::machine
