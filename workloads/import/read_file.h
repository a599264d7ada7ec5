// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace fusesim::trained {

/// All bytes of a file. Throws ImportError naming it when it cannot be read.
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::filesystem::path& file);

}  // namespace fusesim::trained
