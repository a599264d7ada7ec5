// SPDX-License-Identifier: Apache-2.0
// Damage done to traces and texts at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "tests/hw/isa/seal.h"

namespace fusesim::isa::test {

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  /// 0 .. n - 1.
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

  void flip_bits(std::string& bytes, std::size_t from) {
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      char& byte = bytes[from + below(bytes.size() - from)];
      byte = static_cast<char>(byte ^ 1 << below(8));
    }
  }

  /// Overwrites an aligned 32-bit word with a value that is likely to hurt.
  void set_word(std::string& bytes, std::size_t from) {
    static constexpr std::uint32_t values[] = {0,          1,          2,          3,          4,         8,
                                               0x7f,       0x80,       0xff,       0xffff,     0x10000,   0x7fffffff,
                                               0x80000000, 0xfffffff0, 0xffffffff, 0x40000000, 0x3fffffff};
    const std::size_t words = (bytes.size() - from) / 4;
    if (words == 0) return;
    store(bytes, from + 4 * below(words), values[below(std::size(values))]);
  }

  void cut(std::string& bytes) { bytes.resize(below(bytes.size() + 1)); }

  void remove_inside(std::string& bytes) {
    const std::size_t at = below(bytes.size());
    bytes.erase(at, below(16) + 1);
  }

  void copy_inside(std::string& bytes, std::size_t from) {
    const std::size_t size = below(32) + 1;
    if (bytes.size() < from + size) return;
    const std::string part = bytes.substr(from + below(bytes.size() - from - size + 1), size);
    bytes.replace(from + below(bytes.size() - from - size + 1), size, part);
  }

  /// Does one of the above to what comes after `from`.
  void damage_bytes(std::string& bytes, std::size_t from) {
    switch (below(6)) {
      case 0:
      case 1:
        return flip_bits(bytes, from);
      case 2:
        return set_word(bytes, from);
      case 3:
        return cut(bytes);
      case 4:
        return remove_inside(bytes);
      default:
        return copy_inside(bytes, from);
    }
  }

  /// Does one of the above to a text, or inserts one of the words or some punctuation.
  void damage_text(std::string& text, std::span<const std::string_view> words) {
    static constexpr std::string_view punctuation[] = {" ",   "\n",         "\"",
                                                       "\\",  "#",          "=",
                                                       "x",   ",",          "+",
                                                       ":",   "-1",         "0",
                                                       "1",   "4294967295", "99999999999999999999",
                                                       "hex", "0x",         std::string_view("\0", 1)};
    switch (below(5)) {
      case 0:
        return flip_bits(text, 0);
      case 1:
        return cut(text);
      case 2:
        return remove_inside(text);
      case 3:
        return copy_inside(text, 0);
      default: {
        const std::size_t word = below(words.size() + std::size(punctuation));
        text.insert(below(text.size()), word < words.size() ? words[word] : punctuation[word - words.size()]);
      }
    }
  }

 private:
  std::mt19937 random_;
};

}  // namespace fusesim::isa::test
