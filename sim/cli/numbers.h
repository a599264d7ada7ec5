// SPDX-License-Identifier: Apache-2.0
// Options that take a whole number, with one message for whatever else was typed.
#pragma once

#include <CLI/CLI.hpp>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace fusesim::cli {

/// Decimal digits only. Throws CLI::ValidationError "--cases 0 is not a whole number from 1 to 10".
[[nodiscard]] std::uint64_t parse_whole(std::string_view option, std::string_view text, std::uint64_t least,
                                        std::uint64_t most);

/// A decimal number. Throws CLI::ValidationError "--survival 2 is not a number from 0 to 1".
[[nodiscard]] double parse_share(std::string_view option, std::string_view text);

/// Declares an option `name` that takes a whole number from `least` to `most` (by default the most that `value`
/// holds). `value` must outlive the App.
template <std::unsigned_integral T>
CLI::Option* add_whole(CLI::App& app, const std::string& name, T& value, const std::string& help, T least = 0,
                       T most = std::numeric_limits<T>::max()) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name, least, most](const std::string& text) {
            value = static_cast<T>(parse_whole(name, text, least, most));
          },
          help)
      ->type_name("N");
}

}  // namespace fusesim::cli
