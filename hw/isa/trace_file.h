// SPDX-License-Identifier: Apache-2.0
// What all trace files share: a 40-byte header before a FlatBuffers payload. Layout of the header: docs/isa.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hw/isa/program_kind.h"

namespace fusesim::isa {

/// What is written. Version 2, which did not know the fused block, and 1, which knew array programs only, are read too.
inline constexpr std::uint32_t trace_version = 3;

/// A trace that cannot be read. what() is one line: the file, what is wrong where, and the cure.
class TraceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What kind of program a trace holds, as its header says; nothing after the header is looked at. Throws TraceError
/// when the file cannot be read or is no trace that this fusesim reads.
[[nodiscard]] ProgramKind trace_kind(const std::filesystem::path& path);

/// XXH3 of a text, for the digest in the header.
[[nodiscard]] std::uint64_t trace_digest(std::string_view text);

/// The bytes of a trace file.
[[nodiscard]] std::string seal_trace(ProgramKind kind, std::string_view payload, std::uint64_t digest);

/// What the header says, checked, and the payload, whose checksum is right.
struct OpenTrace {
  std::string_view payload;
  std::uint64_t digest = 0;  ///< Of the array or machine.
};
/// Throws TraceError, also when the trace is of another kind.
[[nodiscard]] OpenTrace open_trace(std::string_view bytes, const std::string& file, ProgramKind kind);

/// A file in memory for as long as `owner` lives. A mapped file starts at a page.
struct MappedFile {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};
/// Throws TraceError.
[[nodiscard]] MappedFile map_trace(const std::filesystem::path& path);

}  // namespace fusesim::isa
