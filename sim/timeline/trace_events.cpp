// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/trace_events.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace fusesim::timeline {
namespace {

std::string microseconds(std::uint64_t nanoseconds) {
  return fmt::format("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000);
}

}  // namespace

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

TraceEvents::TraceEvents(double clock_mhz) : nanoseconds_a_cycle_(1000 / clock_mhz) {
  if (!(clock_mhz > 0)) throw std::invalid_argument(fmt::format("timeline: {} MHz is not a clock", clock_mhz));
  fmt::format_to(std::back_inserter(text_), R"({{"displayTimeUnit":"ns","traceEvents":[)");
}

std::back_insert_iterator<fmt::memory_buffer> TraceEvents::next() {
  fmt::format_to(std::back_inserter(text_), "{}", first_ ? "\n" : ",\n");
  first_ = false;
  return std::back_inserter(text_);
}

void TraceEvents::process(std::string_view name) {
  fmt::format_to(next(), R"({{"ph":"M","pid":1,"name":"process_name","args":{{"name":{}}}}})", json_string(name));
}

std::uint32_t TraceEvents::track(std::string_view name) {
  const std::uint32_t track = ++tracks_;
  fmt::format_to(next(), R"({{"ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":{}}}}})", track,
                 json_string(name));
  fmt::format_to(next(), R"({{"ph":"M","pid":1,"tid":{0},"name":"thread_sort_index","args":{{"sort_index":{0}}}}})",
                 track);
  return track;
}

void TraceEvents::slice(std::uint32_t track, std::string_view name, std::uint64_t start, std::uint64_t end,
                        std::string_view arguments) {
  const std::uint64_t begin = nanoseconds(start);
  fmt::format_to(next(), R"({{"ph":"X","pid":1,"tid":{},"name":{},"ts":{},"dur":{},"args":{{{}}}}})", track, name,
                 microseconds(begin), microseconds(nanoseconds(end) - begin), arguments);
}

std::string_view TraceEvents::finish(std::string_view about) {
  fmt::format_to(std::back_inserter(text_), "\n],\"otherData\":{{{}}}}}\n", about);
  return {text_.data(), text_.size()};
}

std::uint64_t TraceEvents::nanoseconds(std::uint64_t cycle) const {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(cycle) * nanoseconds_a_cycle_));
}

std::string TraceEvents::time(std::uint64_t cycle) const {
  return microseconds(nanoseconds(cycle));
}

}  // namespace fusesim::timeline
