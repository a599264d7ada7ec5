// SPDX-License-Identifier: Apache-2.0
// What reading a trained network or pictures refuses.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace fusesim::trained {

/// One line: the file, the field or tensor in it, what is wrong. Control characters, which names in damaged files may
/// hold, become question marks.
class ImportError : public std::runtime_error {
 public:
  explicit ImportError(std::string message) : std::runtime_error(printable(std::move(message))) {}

 private:
  static std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
    return text;
  }
};

}  // namespace fusesim::trained
