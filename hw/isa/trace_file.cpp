// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/trace_file.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <boost/iostreams/device/mapped_file.hpp>
#include <system_error>

#include "hw/isa/limits.h"

namespace fusesim::isa {
namespace {

// The header, all numbers little-endian:
//   0 magic (8)   8 version (4)   12 kind (4)   16 payload size (8)   24 payload XXH3 (8)   32 digest (8)
constexpr std::string_view kMagic{
    "\x89"
    "FUSE\r\n\x1a",
    8};
constexpr std::size_t kHeaderSize = 40;

template <typename T>
T load(std::string_view bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<unsigned char>(bytes[at + i])) << (8 * i));
  }
  return value;
}

template <typename T>
void append(std::string& bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

/// The payload's checksum takes the version in from version 3 on: no damaged bit turns one version into another.
std::uint64_t checksum(std::string_view payload, std::uint32_t version) {
  return XXH3_64bits_withSeed(payload.data(), payload.size(), version < 3 ? 0 : version);
}

/// Checks the header up to the kind.
ProgramKind kind_of(std::string_view bytes, const std::string& file) {
  const std::string_view start = bytes.substr(0, kMagic.size());
  if (start != kMagic.substr(0, start.size())) {
    throw TraceError(
        fmt::format("{}: magic: not a fusesim trace (a text form must go through 'fusesim asm' first)", file));
  }
  if (bytes.size() < kHeaderSize) {
    throw TraceError(
        fmt::format("{}: header: truncated at byte {} of {}; write the trace anew", file, bytes.size(), kHeaderSize));
  }
  const auto version = load<std::uint32_t>(bytes, 8);
  const auto kind = load<std::uint32_t>(bytes, 12);
  if (version == 1) {
    if (kind != 0) {
      throw TraceError(fmt::format("{}: header: bytes 12 to 15 must be zero; write the trace anew", file));
    }
    return ProgramKind::array;
  }
  if (version == 0 || version > trace_version) {
    throw TraceError(fmt::format("{}: version: is {}, but this fusesim reads versions 1 to {}; compile the trace anew",
                                 file, version, trace_version));
  }
  if (kind > static_cast<std::uint32_t>(ProgramKind::machine)) {
    throw TraceError(fmt::format(
        "{}: kind: is {}, but this fusesim knows 0 (array program) and 1 (machine program); compile the trace anew",
        file, kind));
  }
  return static_cast<ProgramKind>(kind);
}

}  // namespace

std::uint64_t trace_digest(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

std::string seal_trace(ProgramKind kind, std::string_view payload, std::uint64_t digest) {
  std::string bytes(kMagic);
  bytes.reserve(kHeaderSize + payload.size());
  append(bytes, trace_version);
  append(bytes, static_cast<std::uint32_t>(kind));
  append(bytes, std::uint64_t{payload.size()});
  append(bytes, checksum(payload, trace_version));
  append(bytes, digest);
  bytes += payload;
  return bytes;
}

OpenTrace open_trace(std::string_view bytes, const std::string& file, ProgramKind kind) {
  const ProgramKind given = kind_of(bytes, file);
  if (given != kind) {
    throw TraceError(fmt::format("{}: kind: holds {}, but {} is needed here; name another file", file, in_words(given),
                                 in_words(kind)));
  }
  const auto size = load<std::uint64_t>(bytes, 16);
  const std::string_view payload = bytes.substr(kHeaderSize);
  if (size > max_trace_payload) {
    throw TraceError(fmt::format("{}: payload size: is {}, but a trace holds at most {}; write the trace anew", file,
                                 size, max_trace_payload));
  }
  if (payload.size() < size) {
    throw TraceError(fmt::format("{}: payload: truncated at byte {} of {}; copy or write the trace anew", file,
                                 bytes.size(), kHeaderSize + size));
  }
  if (payload.size() > size) {
    throw TraceError(fmt::format("{}: payload: {} bytes follow its end at byte {}; copy or write the trace anew", file,
                                 payload.size() - size, kHeaderSize + size));
  }
  const auto stored = load<std::uint64_t>(bytes, 24);
  const std::uint64_t actual = checksum(payload, load<std::uint32_t>(bytes, 8));
  if (stored != actual) {
    throw TraceError(fmt::format(
        "{}: checksum: stored {:016x}, computed {:016x}: the payload is damaged; copy or write the trace anew", file,
        stored, actual));
  }
  return {payload, load<std::uint64_t>(bytes, 32)};
}

ProgramKind trace_kind(const std::filesystem::path& path) {
  const MappedFile file = map_trace(path);
  return kind_of(file.bytes, path.string());
}

MappedFile map_trace(const std::filesystem::path& path) {
  const std::string file = path.string();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw TraceError(
        fmt::format("{}: cannot read: {}", file,
                    error ? error.message() : std::make_error_code(std::errc::no_such_file_or_directory).message()));
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw TraceError(fmt::format("{}: cannot read: a trace is mapped into memory and must be a regular file", file));
  }
  // An empty file cannot be mapped.
  if (std::filesystem::file_size(path, error) == 0 && !error) return {};
  const auto map = std::make_shared<boost::iostreams::mapped_file_source>();
  try {
    map->open(file);
  } catch (const std::exception& failure) {
    throw TraceError(fmt::format("{}: cannot read: {}", file, failure.what()));
  }
  return {map, {map->data(), map->size()}};
}

}  // namespace fusesim::isa
