// SPDX-License-Identifier: Apache-2.0
// Changing the bytes of a trace behind its back.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string>

namespace fusesim::isa::test {

inline void store(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}

inline void store(std::string& bytes, std::size_t at, std::uint32_t value) {
  store(bytes, at, value, 4);
}

inline std::uint32_t load(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<std::uint8_t>(bytes[at + i])} << (8 * i);
  return value;
}

/// Makes size and checksum of the header fit the payload and the version again, so that a change gets past them.
inline void seal(std::string& bytes) {
  constexpr std::size_t header = 40;
  if (bytes.size() < header) return;
  store(bytes, 16, bytes.size() - header, 8);
  const std::uint32_t version = load(bytes, 8);
  const std::uint64_t seed = version < 3 ? 0 : version;
  store(bytes, 24, XXH3_64bits_withSeed(bytes.data() + header, bytes.size() - header, seed), 8);
}

/// Where the vector of `count` offsets begins whose first one leads to the string at `target`; npos if nowhere.
inline std::size_t find_layer_offsets(const std::string& bytes, std::size_t target, std::uint32_t count) {
  for (std::size_t at = 40; at + 8 < target; at += 4) {
    if (load(bytes, at) == count && at + 4 + load(bytes, at + 4) == target) return at + 4;
  }
  return std::string::npos;
}

}  // namespace fusesim::isa::test
