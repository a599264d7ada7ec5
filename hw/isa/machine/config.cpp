// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/config.h"

#include <fmt/format.h>

#include <stdexcept>

#include "hw/isa/machine/limits.h"

namespace fusesim::isa::machine {
namespace {

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw std::invalid_argument(fmt::format(format, std::forward<Args>(args)...));
}

void check_from_to(const char* unit, const char* field, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value < least || value > most) {
    fail("{}.{} is {}; it must be from {} to {}", unit, field, value, least, most);
  }
}

void check_pad(Pad which, const ScratchpadConfig& pad) {
  const char* unit = name(which);
  check_from_to(unit, "bytes", pad.bytes, 1, max_pad_bytes);
  check_from_to(unit, "banks", pad.banks, 1, max_banks);
  check_from_to(unit, "width", pad.width, 1, max_word_bytes);
  check_from_to(unit, "ports", pad.ports, 1, max_ports);
  if ((pad.width & (pad.width - 1)) != 0) {
    fail("{}.width is {}; it must be a power of two", unit, pad.width);
  }
  if (pad.bytes % pad.row_bytes() != 0) {
    const std::uint64_t rows = pad.bytes / pad.row_bytes() + 1;
    fail("{}.bytes is {}; it must be a multiple of banks * width = {}, such as {}", unit, pad.bytes, pad.row_bytes(),
         rows * pad.row_bytes());
  }
}

std::string describe(const ScratchpadConfig& pad) {
  return fmt::format("bytes={} banks={} width={} ports={}", pad.bytes, pad.banks, pad.width, pad.ports);
}

}  // namespace

void validate(const CoreConfig& config) {
  validate(config.array);
  for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) check_pad(pad, config.pad(pad));
  if (config.outputs.width != 4) {
    fail("outputs.width is {}; it must be 4, the bytes of a sum", config.outputs.width);
  }
  if (config.outputs.banks < config.array.cols) {
    fail("outputs.banks is {}; it must be at least array.cols = {}, so that every column has a bank for its sums",
         config.outputs.banks, config.array.cols);
  }
  check_from_to("vector", "lanes", config.vector.lanes, 1, max_lanes);
  check_from_to("vector", "latency", config.vector.latency, 0, max_latency);
  check_from_to("control", "fetch_cycles", config.control.fetch_cycles, 0, max_latency);
  check_from_to("control", "decode_cycles", config.control.decode_cycles, 1, max_latency);
  check_from_to("control", "queue_depth", config.control.queue_depth, 1, max_queue_depth);
}

std::string describe(const CoreConfig& config) {
  return fmt::format(
      "array {} | activations {} | weights {} | outputs {} | vector lanes={} latency={} | control fetch_cycles={} "
      "decode_cycles={} queue_depth={}",
      isa::describe(config.array), describe(config.activations), describe(config.weights), describe(config.outputs),
      config.vector.lanes, config.vector.latency, config.control.fetch_cycles, config.control.decode_cycles,
      config.control.queue_depth);
}

}  // namespace fusesim::isa::machine
