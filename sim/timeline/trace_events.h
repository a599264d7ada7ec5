// SPDX-License-Identifier: Apache-2.0
// Chrome trace events as text.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace fusesim::timeline {

/// The text of a JSON string, with its quotes. Bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string json_string(std::string_view text);

/// Writes events one after the other; times are cycles.
class TraceEvents {
 public:
  explicit TraceEvents(double clock_mhz);

  void process(std::string_view name);
  /// A new track below those before it.
  [[nodiscard]] std::uint32_t track(std::string_view name);
  /// `name` is quoted; `arguments` is the inside of a JSON object.
  void slice(std::uint32_t track, std::string_view name, std::uint64_t start, std::uint64_t end,
             std::string_view arguments);
  void counter(std::string_view name, std::uint64_t cycle, auto value) {
    fmt::format_to(next(), R"({{"ph":"C","pid":1,"name":"{}","ts":{},"args":{{"value":{}}}}})", name, time(cycle),
                   value);
  }
  /// The whole file. `about` is the inside of a JSON object. Nothing may be added afterwards.
  [[nodiscard]] std::string_view finish(std::string_view about);

 private:
  /// Nanoseconds. Rounded here and nowhere else, so that what nests in cycles nests in the file.
  [[nodiscard]] std::uint64_t nanoseconds(std::uint64_t cycle) const;
  /// Microseconds as text.
  [[nodiscard]] std::string time(std::uint64_t cycle) const;
  std::back_insert_iterator<fmt::memory_buffer> next();

  double nanoseconds_a_cycle_;
  std::uint32_t tracks_ = 0;
  bool first_ = true;
  fmt::memory_buffer text_;
};

}  // namespace fusesim::timeline
