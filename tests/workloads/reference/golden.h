// SPDX-License-Identifier: Apache-2.0
// Reads tests/data/golden: cases of named values and tensors, written by tools/make-golden-tensors.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "workloads/graph/operators.h"

namespace fusesim::tests {

struct GoldenCase {
  /// What marks an element that is not to be compared.
  static constexpr std::int64_t not_compared = 999;

  std::string name;
  std::map<std::string, std::int64_t> values;
  std::map<std::string, std::vector<std::int64_t>> tensors;

  [[nodiscard]] std::int64_t value(const std::string& key) const { return find(values, key); }
  [[nodiscard]] std::uint32_t size(const std::string& key) const { return static_cast<std::uint32_t>(value(key)); }
  [[nodiscard]] const std::vector<std::int64_t>& tensor(const std::string& key) const { return find(tensors, key); }
  template <typename T>
  [[nodiscard]] std::vector<T> tensor_of(const std::string& key) const {
    std::vector<T> result;
    for (const std::int64_t element : tensor(key)) result.push_back(static_cast<T>(element));
    return result;
  }

  [[nodiscard]] graph::Conv convolution() const {
    return {.in_channels = size("in_channels"),
            .out_channels = size("out_channels"),
            .kernel_height = size("kernel_height"),
            .kernel_width = size("kernel_width"),
            .stride_height = size("stride_height"),
            .stride_width = size("stride_width"),
            .padding = {size("pad_top"), size("pad_left"), size("pad_bottom"), size("pad_right")},
            .dilation_height = size("dilation_height"),
            .dilation_width = size("dilation_width"),
            .groups = size("groups")};
  }
  [[nodiscard]] graph::Shape in_shape() const { return {size("in_channels"), size("in_height"), size("in_width")}; }
  [[nodiscard]] graph::Shape out_shape() const { return {size("out_channels"), size("out_height"), size("out_width")}; }

 private:
  template <typename Map>
  [[nodiscard]] const typename Map::mapped_type& find(const Map& map, const std::string& key) const {
    const auto at = map.find(key);
    if (at == map.end()) throw std::runtime_error("golden case " + name + " has no " + key);
    return at->second;
  }
};

/// All cases of a file. Throws when it cannot be read to its end, or holds none.
inline std::vector<GoldenCase> read_golden(const std::string& file_name) {
  const std::string path = std::string(FUSESIM_TEST_DATA) + "/golden/" + file_name;
  std::ifstream file(path);
  std::vector<GoldenCase> cases;
  std::string word, key;
  while (file >> word) {
    if (word == "case") {
      file >> cases.emplace_back().name;
    } else if (word == "value" && file >> key) {
      file >> cases.back().values[key];
    } else if (word == "tensor" && file >> key) {
      std::size_t count = 0;
      file >> count;
      std::vector<std::int64_t>& tensor = cases.back().tensors[key];
      for (std::int64_t element = 0; tensor.size() < count && file >> element;) tensor.push_back(element);
    } else if (word != "end") {
      throw std::runtime_error(path + ": unexpected '" + word + "'");
    }
    if (!file) throw std::runtime_error(path + ": cut short");
  }
  if (cases.empty()) throw std::runtime_error(path + ": no cases");
  return cases;
}

}  // namespace fusesim::tests
