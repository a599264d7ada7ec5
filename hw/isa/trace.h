// SPDX-License-Identifier: Apache-2.0
// The trace of an array program: a header (trace_file.h) and a FlatBuffers payload (trace.fbs).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "hw/isa/program.h"
#include "hw/isa/trace_file.h"

namespace fusesim::isa {

/// XXH3 of describe(config): what a trace's header stores to say which array it was compiled for.
[[nodiscard]] std::uint64_t digest(const ArrayConfig& config);

/// The bytes of a trace file: equal programs give equal bytes. Throws std::invalid_argument when the program is not
/// valid or its constants do not fit in a file (2^31 bytes).
[[nodiscard]] std::string encode_trace(const Program& program);

/// The program in the bytes of a trace file, verified in full. `bytes` must start at a multiple of 8 in memory (any
/// allocated or mapped buffer does); `file` is named in messages. Throws TraceError.
[[nodiscard]] Program decode_trace(std::string_view bytes, const std::string& file);

/// encode_trace() to a file, all of it or nothing. Throws std::invalid_argument, or std::runtime_error when the file
/// cannot be written.
void write_trace(const std::filesystem::path& path, const Program& program);

/// Maps a file and decodes it. Throws TraceError.
[[nodiscard]] Program read_trace(const std::filesystem::path& path);

}  // namespace fusesim::isa
