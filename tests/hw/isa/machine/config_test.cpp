// SPDX-License-Identifier: Apache-2.0
// Every rule of a machine: the last value it allows, the first it refuses, and what it says.
#include "hw/isa/machine/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/isa/machine/limits.h"

namespace fusesim::isa::machine {
namespace {

struct Case {
  const char* name;
  std::function<void(CoreConfig&)> change;
  const char* message;  ///< Empty: still valid.
};

class ValidateCore : public testing::TestWithParam<Case> {};

TEST_P(ValidateCore, SaysWhatIsWrong) {
  CoreConfig core;
  GetParam().change(core);
  std::string message;
  try {
    validate(core);
  } catch (const std::invalid_argument& error) {
    message = error.what();
  }
  EXPECT_EQ(message, GetParam().message);
}

const Case kCases[] = {
    {"default", [](CoreConfig&) {}, ""},
    {"rows_0", [](CoreConfig& c) { c.array.rows = 0; }, "array.rows is 0; it must be from 1 to 4096"},
    {"bytes_0", [](CoreConfig& c) { c.activations.bytes = 0; },
     "activations.bytes is 0; it must be from 1 to 1073741824"},
    {"bytes_most", [](CoreConfig& c) { c.weights.bytes = max_pad_bytes; }, ""},
    {"bytes_beyond", [](CoreConfig& c) { c.weights.bytes = max_pad_bytes + 64; },
     "weights.bytes is 1073741888; it must be from 1 to 1073741824"},
    {"banks_0", [](CoreConfig& c) { c.weights.banks = 0; }, "weights.banks is 0; it must be from 1 to 4096"},
    {"banks_most", [](CoreConfig& c) { c.weights.banks = 4096; }, ""},
    {"banks_beyond", [](CoreConfig& c) { c.weights.banks = 4097; }, "weights.banks is 4097; it must be from 1 to 4096"},
    {"width_0", [](CoreConfig& c) { c.activations.width = 0; }, "activations.width is 0; it must be from 1 to 256"},
    {"width_most", [](CoreConfig& c) { c.activations.width = 256; }, ""},
    {"width_beyond", [](CoreConfig& c) { c.activations.width = 512; },
     "activations.width is 512; it must be from 1 to 256"},
    {"width_odd", [](CoreConfig& c) { c.activations.width = 6; }, "activations.width is 6; it must be a power of two"},
    {"ports_0", [](CoreConfig& c) { c.outputs.ports = 0; }, "outputs.ports is 0; it must be from 1 to 4096"},
    {"ports_most", [](CoreConfig& c) { c.activations.ports = 4096; }, ""},
    {"ports_beyond", [](CoreConfig& c) { c.activations.ports = 4097; },
     "activations.ports is 4097; it must be from 1 to 4096"},
    {"no_multiple", [](CoreConfig& c) { c.activations = {.bytes = 100, .banks = 7, .width = 4, .ports = 1}; },
     "activations.bytes is 100; it must be a multiple of banks * width = 28, such as 112"},
    {"multiple", [](CoreConfig& c) { c.activations = {.bytes = 112, .banks = 7, .width = 4, .ports = 1}; }, ""},
    {"outputs_width", [](CoreConfig& c) { c.outputs.width = 2; },
     "outputs.width is 2; it must be 4, the bytes of a sum"},
    {"outputs_banks", [](CoreConfig& c) { c.array.cols = 65; },
     "outputs.banks is 64; it must be at least array.cols = 65, so that every column has a bank for its sums"},
    {"outputs_more_banks", [](CoreConfig& c) { c.array.cols = 63; }, ""},
    {"lanes_0", [](CoreConfig& c) { c.vector.lanes = 0; }, "vector.lanes is 0; it must be from 1 to 4096"},
    {"lanes_beyond", [](CoreConfig& c) { c.vector.lanes = 4097; }, "vector.lanes is 4097; it must be from 1 to 4096"},
    {"latency_0", [](CoreConfig& c) { c.vector.latency = 0; }, ""},
    {"latency_beyond", [](CoreConfig& c) { c.vector.latency = 65536; },
     "vector.latency is 65536; it must be from 0 to 65535"},
    {"fetch_0", [](CoreConfig& c) { c.control.fetch_cycles = 0; }, ""},
    {"fetch_beyond", [](CoreConfig& c) { c.control.fetch_cycles = 65536; },
     "control.fetch_cycles is 65536; it must be from 0 to 65535"},
    {"decode_0", [](CoreConfig& c) { c.control.decode_cycles = 0; },
     "control.decode_cycles is 0; it must be from 1 to 65535"},
    {"decode_beyond", [](CoreConfig& c) { c.control.decode_cycles = 65536; },
     "control.decode_cycles is 65536; it must be from 1 to 65535"},
    {"queue_0", [](CoreConfig& c) { c.control.queue_depth = 0; },
     "control.queue_depth is 0; it must be from 1 to 65535"},
    {"queue_beyond", [](CoreConfig& c) { c.control.queue_depth = 65536; },
     "control.queue_depth is 65536; it must be from 1 to 65535"},
};

INSTANTIATE_TEST_SUITE_P(Rules, ValidateCore, testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(DescribeCore, TellsEveryFieldApart) {
  const std::vector<std::function<void(CoreConfig&)>> changes = {
      [](CoreConfig&) {},
      [](CoreConfig& c) { c.array.rows = 3; },
      [](CoreConfig& c) { c.activations.bytes = 128; },
      [](CoreConfig& c) { c.activations.banks = 3; },
      [](CoreConfig& c) { c.activations.width = 8; },
      [](CoreConfig& c) { c.activations.ports = 2; },
      [](CoreConfig& c) { c.weights.bytes = 128; },
      [](CoreConfig& c) { c.weights.banks = 3; },
      [](CoreConfig& c) { c.weights.width = 8; },
      [](CoreConfig& c) { c.weights.ports = 2; },
      [](CoreConfig& c) { c.outputs.bytes = 128; },
      [](CoreConfig& c) { c.outputs.banks = 65; },
      [](CoreConfig& c) { c.outputs.ports = 2; },
      [](CoreConfig& c) { c.vector.lanes = 3; },
      [](CoreConfig& c) { c.vector.latency = 3; },
      [](CoreConfig& c) { c.control.fetch_cycles = 3; },
      [](CoreConfig& c) { c.control.decode_cycles = 3; },
      [](CoreConfig& c) { c.control.queue_depth = 3; },
  };
  std::set<std::string> seen;
  for (const auto& change : changes) {
    CoreConfig core;
    change(core);
    seen.insert(describe(core));
  }
  EXPECT_EQ(seen.size(), changes.size());
  EXPECT_EQ(
      describe(CoreConfig{}),
      "array 64x64 pingpong pipelined fuse stages=0 | activations bytes=262144 banks=64 width=2 ports=1 | weights "
      "bytes=262144 banks=64 width=1 ports=1 | outputs bytes=524288 banks=64 width=4 ports=1 | vector lanes=64 "
      "latency=8 | control fetch_cycles=8 decode_cycles=2 queue_depth=16");
}

}  // namespace
}  // namespace fusesim::isa::machine
