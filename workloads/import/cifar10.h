// SPDX-License-Identifier: Apache-2.0
// Pictures in the format of CIFAR-10's binary version: a byte for the label, then 32 x 32 bytes of red, green and blue.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "workloads/quantize/float_network.h"

namespace fusesim::trained {

struct Picture {
  static constexpr std::uint32_t kSide = 32, kChannels = 3;
  std::uint8_t label = 0;                                      ///< 0 .. 9.
  std::array<std::uint8_t, kChannels * kSide * kSide> pixels;  ///< C,H,W.
};

/// All pictures of a file. Throws ImportError when it cannot be read, is not a whole number of pictures, or a label is
/// above 9.
[[nodiscard]] std::vector<Picture> read_cifar10(const std::filesystem::path& file);

/// A network's input: each channel's pixels as (pixel / 255 - mean) / deviation.
[[nodiscard]] quantize::Map normalise(const Picture& picture, std::span<const double, Picture::kChannels> mean,
                                      std::span<const double, Picture::kChannels> deviation);

}  // namespace fusesim::trained
