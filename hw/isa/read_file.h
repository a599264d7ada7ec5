// SPDX-License-Identifier: Apache-2.0
// Reading a text whole, without trusting the file to end.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace fusesim::isa {

/// Programs and machines written by hand are far smaller; a device or a pipe that never ends is not.
inline constexpr std::size_t max_text_bytes = std::size_t{64} << 20;

/// The bytes of a file. Throws std::runtime_error "PATH: cannot read: reason", or, after reading no more than `most`
/// bytes, "PATH: longer than N bytes, ...".
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t most = max_text_bytes);

}  // namespace fusesim::isa
