// SPDX-License-Identifier: Apache-2.0
#include "workloads/import/read_file.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "workloads/import/import_error.h"

namespace fusesim::trained {

std::vector<std::uint8_t> read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) throw ImportError(fmt::format("{}: cannot be read", file.string()));
  return bytes;
}

}  // namespace fusesim::trained
