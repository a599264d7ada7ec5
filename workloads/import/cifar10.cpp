// SPDX-License-Identifier: Apache-2.0
#include "workloads/import/cifar10.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "workloads/import/import_error.h"
#include "workloads/import/read_file.h"

namespace fusesim::trained {

std::vector<Picture> read_cifar10(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  constexpr std::size_t size = 1 + std::tuple_size_v<decltype(Picture::pixels)>;
  if (bytes.empty() || bytes.size() % size != 0) {
    throw ImportError(
        fmt::format("{}: {} bytes are not a whole number of pictures of {}", file.string(), bytes.size(), size));
  }
  std::vector<Picture> pictures(bytes.size() / size);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::uint8_t* from = &bytes[i * size];
    pictures[i].label = *from;
    if (*from > 9) throw ImportError(fmt::format("{}: picture {}: label {} is above 9", file.string(), i, *from));
    std::copy_n(from + 1, pictures[i].pixels.size(), pictures[i].pixels.begin());
  }
  return pictures;
}

quantize::Map normalise(const Picture& picture, std::span<const double, Picture::kChannels> mean,
                        std::span<const double, Picture::kChannels> deviation) {
  constexpr std::size_t plane = Picture::kSide * Picture::kSide;
  quantize::Map map(picture.pixels.size());
  for (std::size_t i = 0; i < map.size(); ++i) {
    map[i] = (picture.pixels[i] / 255.0 - mean[i / plane]) / deviation[i / plane];
  }
  return map;
}

}  // namespace fusesim::trained
