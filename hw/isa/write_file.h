// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace fusesim::isa {

/// Writes a whole file or nothing: the bytes go to a temporary file beside `path`, which takes its name once they are
/// on the disk. What is not a regular file (a pipe, /dev/stdout) is written in place. Throws std::runtime_error
/// naming the file and the system's reason.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Throws as write_file() would where no bytes are needed to know it: before the work that makes them.
void check_writable(const std::filesystem::path& path);

}  // namespace fusesim::isa
