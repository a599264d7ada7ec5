// SPDX-License-Identifier: Apache-2.0
// Tensors of a trained network in its weights file, as its manifest describes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "workloads/import/json_field.h"

namespace fusesim::trained {

/// The tensors of one flavour of a network, by name. All values are binary32 in the file, little endian; a "sparse"
/// tensor is a bit for each element (the first is the lowest of its byte; up to seven unused ones are 0) and the
/// values of those that are set; a "dense" one is all values.
class Tensors {
 public:
  /// `entries` is the manifest's object name -> {shape, coding, offset, values}; `bytes` the contents of `file`. Throws
  /// ImportError naming the tensor when it does not lie in the file, its bits disagree with its number of values, or a
  /// value is not finite.
  Tensors(const JsonField& entries, std::span<const std::uint8_t> bytes, const std::filesystem::path& file);

  /// Elements of a tensor, which must be of that shape; each one may be taken once. Throws ImportError.
  [[nodiscard]] std::vector<double> take(const std::string& name, std::span<const std::uint32_t> shape);
  /// Throws ImportError naming a tensor that has not been taken: the network and its weights do not belong together.
  void check_all_taken() const;

 private:
  struct Tensor {
    std::vector<std::uint32_t> shape;
    std::vector<double> values;
  };
  JsonField entries_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace fusesim::trained
