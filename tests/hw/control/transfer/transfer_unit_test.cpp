// SPDX-License-Identifier: Apache-2.0
// Loads and stores against the definition of their runs, and against the law of their times calculated from what a
// third party's memory saw.
#include "hw/control/transfer/transfer_unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>

#include "hw/memory/dram/dram.h"
#include "hw/memory/dram/dram_standards.h"
#include "hw/memory/dram/fixed_memory.h"
#include "tests/hw/memory/support/kernel.h"
#include "tests/support/random_instruction.h"

namespace fusesim::control::machine {
namespace {

using isa::machine::Pad;
using isa::machine::Transfer;
using memory::DmaDirection;
using test::Random;
using testing::HasSubstr;

constexpr std::uint64_t kMemoryBytes = 1U << 17;

/// A loosely timed memory as anybody might write it: bytes, and a delay.
class PlainMemory final : public sc_core::sc_module {
 public:
  struct Access {
    std::uint64_t address, bytes;
    std::uint64_t sent, answered;  ///< Picoseconds.
  };
  tlm_utils::simple_target_socket<PlainMemory> socket{"socket"};
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(kMemoryBytes);
  std::vector<Access> accesses;

  PlainMemory(const sc_core::sc_module_name& module_name, std::uint64_t seed, std::uint32_t longest)
      : sc_module(module_name), random_(seed), longest_(longest) {
    socket.register_b_transport(this, &PlainMemory::b_transport);
  }

 private:
  void b_transport(tlm::tlm_generic_payload& access, sc_core::sc_time& delay) {
    const std::uint64_t address = access.get_address(), length = access.get_data_length();
    if (address + length > bytes.size()) {
      access.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return;
    }
    if (access.is_read())
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(address), length, access.get_data_ptr());
    if (access.is_write()) {
      std::copy_n(access.get_data_ptr(), length, bytes.begin() + static_cast<std::ptrdiff_t>(address));
    }
    delay += sc_core::sc_time::from_value(random_.between(1, longest_));
    const std::uint64_t now = sc_core::sc_time_stamp().value();
    accesses.push_back({address, length, now, now + delay.value()});
    access.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  Random random_;
  std::uint32_t longest_;
};

/// Bytes that tell their places apart.
template <typename Byte>
void fill(std::span<Byte> bytes, std::uint64_t seed) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<Byte>((i + seed) * 0x9E3779B97F4A7C15u >> 56);
}

/// Issues every instruction of a program as soon as the unit takes it, once an instant's processes have run.
class Issuer final : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Issuer);
  Issuer(const sc_core::sc_module_name& module_name, UnitIf& unit, std::uint32_t count, const Clock& clock)
      : sc_module(module_name), unit_(unit), count_(count), clock_(clock) {
    SC_THREAD(issue);
  }
  std::string error;

 private:
  void issue() {
    std::uint32_t next = 0;
    while (next < count_) {
      wait(clock_.period());
      wait(sc_core::SC_ZERO_TIME);
      try {
        while (next < count_ && unit_.ready()) unit_.issue(next++);
      } catch (const std::runtime_error& caught) {
        error = caught.what();
        sc_core::sc_pause();
        return;
      }
    }
  }
  UnitIf& unit_;
  std::uint32_t count_;
  Clock clock_;
};

struct Told final : UnitListener {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> starts, ends;
  void started(std::uint32_t instruction, std::uint64_t cycle) override { starts.emplace_back(instruction, cycle); }
  void completed(std::uint32_t instruction, std::uint64_t cycle) override {
    EXPECT_EQ(sc_core::sc_time_stamp().value() % period, 0u);
    EXPECT_EQ(sc_core::sc_time_stamp().value() / period, cycle);
    ends.emplace_back(instruction, cycle);
  }
  std::uint64_t period = 1;
};

enum class Kind { plain, fixed, dram };

struct Scenario {
  DmaDirection direction = DmaDirection::load;
  isa::machine::Program program;
  sc_core::sc_time period = {1, sc_core::SC_NS};
  TransferOptions options;
  Kind kind = Kind::plain;
  std::uint64_t seed = 0;
  std::uint32_t longest = 100'000;  ///< Picoseconds that a plain memory may take.
  bool values = true;
  bool written = true;  ///< What stores read.
};

struct Outcome {
  std::vector<InstructionRecord> records;
  std::vector<PlainMemory::Access> accesses;
  Told told;
  std::vector<std::vector<std::int8_t>> pads_before, pads;
  std::vector<std::uint8_t> memory_before, memory;
  std::vector<std::tuple<std::uint64_t, bool, std::uint32_t>> requests;
  std::array<std::uint64_t, isa::machine::pad_count> occupied{}, port_cycles{};
  std::vector<memory::Statistic> statistics;
};

void debug(tlm_utils::simple_initiator_socket<memory::DmaChannel>& socket, tlm::tlm_command command,
           std::vector<std::uint8_t>& bytes) {
  tlm::tlm_generic_payload access;
  access.set_command(command);
  access.set_address(0);
  access.set_data_ptr(bytes.data());
  access.set_data_length(static_cast<unsigned>(bytes.size()));
  access.set_streaming_width(static_cast<unsigned>(bytes.size()));
  ASSERT_EQ(socket->transport_dbg(access), bytes.size());
}

Outcome simulate(const Scenario& scenario) {
  const memory_test::Kernel kernel;
  Outcome outcome;
  outcome.told.period = scenario.period.value();
  outcome.records.resize(scenario.program.instructions.size());
  const isa::machine::CoreConfig& core = scenario.program.core;
  memory::Scratchpads pads(core, scenario.values);
  for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
    if (!scenario.values) break;
    auto bytes = pads[pad].bytes(0, core.pad(pad).bytes);
    fill(bytes, scenario.seed + static_cast<std::uint64_t>(pad));
    outcome.pads_before.emplace_back(bytes.begin(), bytes.end());
  }
  if (scenario.direction == DmaDirection::store && scenario.written) {
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
      pads[pad].mark_written(0, core.pad(pad).bytes);
    }
  }
  Observer observer;
  observer.request = [&](std::uint64_t cycle, bool write, std::uint32_t bytes) {
    outcome.requests.emplace_back(cycle, write, bytes);
  };
  Occupancy occupancy(observer);
  const Clock clock(scenario.period);
  const Context context{.program = scenario.program,
                        .core = core,
                        .pads = pads,
                        .clock = clock,
                        .values = scenario.values,
                        .listener = outcome.told,
                        .records = outcome.records,
                        .observer = observer,
                        .occupancy = &occupancy};
  TlmTransferUnit unit("unit", scenario.direction, context, scenario.options);
  std::unique_ptr<PlainMemory> plain;
  std::unique_ptr<memory::FixedMemory> fixed;
  std::unique_ptr<memory::Dram> dram;
  if (scenario.kind == Kind::plain) {
    plain = std::make_unique<PlainMemory>("plain", scenario.seed, scenario.longest);
    unit.channel.socket.bind(plain->socket);
  } else if (scenario.kind == Kind::fixed) {
    memory::FixedMemoryOptions options;
    options.move_bytes = scenario.values;
    fixed = std::make_unique<memory::FixedMemory>("fixed", options);
    unit.channel.socket.bind(fixed->socket);
  } else {
    dram = std::make_unique<memory::Dram>("dram", memory::dram_standard("DDR4-2400"), memory::DramControllerOptions{},
                                          scenario.values);
    unit.channel.socket.bind(dram->socket);
  }
  const auto count = static_cast<std::uint32_t>(scenario.program.instructions.size());
  Issuer issuer("issuer", unit, count, clock);
  outcome.memory_before.resize(kMemoryBytes);
  fill(std::span(outcome.memory_before), scenario.seed + 99);
  outcome.memory = outcome.memory_before;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  if (scenario.values && !plain) debug(unit.channel.socket, tlm::TLM_WRITE_COMMAND, outcome.memory);
  if (plain) plain->bytes = outcome.memory;
  sc_core::sc_start();
  if (!issuer.error.empty()) throw std::runtime_error(issuer.error);
  unit.rethrow();
  if (scenario.values && !plain) debug(unit.channel.socket, tlm::TLM_READ_COMMAND, outcome.memory);
  if (plain) {
    outcome.memory = plain->bytes;
    outcome.accesses = plain->accesses;
  }
  for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
    if (scenario.values) {
      const auto bytes = pads[pad].bytes(0, core.pad(pad).bytes);
      outcome.pads.emplace_back(bytes.begin(), bytes.end());
    }
    outcome.occupied[static_cast<std::size_t>(pad)] = pads[pad].occupied();
    outcome.port_cycles[static_cast<std::size_t>(pad)] = pads[pad].taken_before(1ULL << 40);
  }
  outcome.statistics = unit.channel.statistics();
  return outcome;
}

const Transfer& transfer_of(const Scenario& scenario, std::size_t index) {
  const auto& work = scenario.program.instructions[index].work;
  if (scenario.direction == DmaDirection::load) return std::get<isa::machine::Load>(work);
  return std::get<isa::machine::Store>(work);
}

/// Calls use(byte in DRAM, byte in the scratchpad) for every byte of a transfer, by its definition.
template <typename Use>
void for_bytes(const Transfer& t, Use use) {
  for (std::uint64_t k = 0; k < t.counts[2]; ++k) {
    for (std::uint64_t j = 0; j < t.counts[1]; ++j) {
      for (std::uint64_t i = 0; i < t.counts[0]; ++i) {
        for (std::uint64_t b = 0; b < t.run_bytes; ++b) {
          use(t.dram + i * t.dram_strides[0] + j * t.dram_strides[1] + k * t.dram_strides[2] + b,
              t.address + i * t.pad_strides[0] + j * t.pad_strides[1] + k * t.pad_strides[2] + b);
        }
      }
    }
  }
}

/// Transfers with bytes of their own on both sides.
Scenario random_scenario(std::uint64_t seed) {
  Random random(seed);
  Scenario scenario;
  scenario.seed = seed;
  scenario.direction = random.chance(0.5) ? DmaDirection::load : DmaDirection::store;
  scenario.program.layers = {"layer"};
  isa::machine::CoreConfig& core = scenario.program.core;
  for (auto* pad : {&core.activations, &core.weights, &core.outputs}) {
    pad->banks = random.between(1, 20);
    pad->width = 1U << random.between(0, 3);
    pad->bytes = (100'000 / pad->row_bytes() + 1) * pad->row_bytes();
  }
  std::uint64_t dram = random.between(0, 200);
  std::array<std::uint32_t, isa::machine::pad_count> next{};
  const std::uint32_t count = random.between(1, 12);
  for (std::uint32_t index = 0; index < count; ++index) {
    Transfer t;
    t.pad = static_cast<Pad>(random.between(0, 2));
    t.run_bytes = random.between(1, 60);
    t.dram = dram;
    t.address = next[static_cast<std::size_t>(t.pad)];
    std::uint64_t outside = t.run_bytes, inside = t.run_bytes;
    for (std::size_t i = 0; i < 3; ++i) {
      t.counts[i] = random.between(1, 4);
      t.dram_strides[i] = outside + (random.chance(0.5) ? 0 : random.between(0, 9));
      t.pad_strides[i] = static_cast<std::uint32_t>(inside) + (random.chance(0.5) ? 0 : random.between(0, 9));
      outside = t.dram_strides[i] * t.counts[i];
      inside = std::uint64_t{t.pad_strides[i]} * t.counts[i];
    }
    dram += outside + random.between(0, 99);
    next[static_cast<std::size_t>(t.pad)] += static_cast<std::uint32_t>(inside) + random.between(0, 9);
    isa::machine::Instruction instruction{.work = isa::machine::Load{t}};
    if (scenario.direction == DmaDirection::store) instruction.work = isa::machine::Store{t};
    scenario.program.instructions.push_back(instruction);
  }
  scenario.options.descriptors = random.between(1, 4);
  scenario.options.dma.burst_bytes = 16U << random.between(0, 5);
  scenario.options.dma.outstanding = random.between(1, 6);
  scenario.longest = random.chance(0.5) ? 3000 : 100'000;
  scenario.period = sc_core::sc_time::from_value(2 * random.between(200, 2000) + 1);
  scenario.kind = static_cast<Kind>(random.between(0, 2));
  // A memory that has nothing else than b_transport is called by it, or through the socket's own translation.
  if (scenario.kind == Kind::plain && random.chance(0.7)) scenario.options.dma.protocol = memory::DmaProtocol::blocking;
  return scenario;
}

void expect_bytes_moved(const Scenario& scenario, const Outcome& outcome) {
  auto pads = outcome.pads_before;
  auto memory = outcome.memory_before;
  for (std::size_t i = 0; i < scenario.program.instructions.size(); ++i) {
    const Transfer& t = transfer_of(scenario, i);
    auto& pad = pads[static_cast<std::size_t>(t.pad)];
    for_bytes(t, [&](std::uint64_t at, std::uint64_t local) {
      if (scenario.direction == DmaDirection::load) {
        pad[local] = static_cast<std::int8_t>(memory[at]);
      } else {
        memory[at] = static_cast<std::uint8_t>(pad[local]);
      }
    });
  }
  EXPECT_EQ(outcome.pads, pads);
  EXPECT_EQ(outcome.memory, memory);
}

void expect_counted(const Scenario& scenario, const Outcome& outcome) {
  const bool load = scenario.direction == DmaDirection::load;
  std::array<std::uint64_t, isa::machine::pad_count> bytes{};
  std::uint64_t all = 0, requested = 0;
  for (std::size_t i = 0; i < outcome.records.size(); ++i) {
    const Transfer& t = transfer_of(scenario, i);
    std::array<std::uint64_t, isa::machine::pad_count> moved{};
    moved[static_cast<std::size_t>(t.pad)] = t.bytes();
    EXPECT_EQ(outcome.records[i].dram_bytes, t.bytes());
    EXPECT_EQ(load ? outcome.records[i].written_bytes : outcome.records[i].read_bytes, moved);
    bytes[static_cast<std::size_t>(t.pad)] += t.bytes();
    all += t.bytes();
  }
  for (const auto& [cycle, write, length] : outcome.requests) {
    EXPECT_EQ(write, !load);
    requested += length;
  }
  EXPECT_EQ(requested, all);
  EXPECT_TRUE(std::is_sorted(outcome.requests.begin(), outcome.requests.end(),
                             [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); }));
  for (std::size_t pad = 0; pad < bytes.size() && load; ++pad) EXPECT_EQ(outcome.occupied[pad], bytes[pad]);
  for (const memory::Statistic& statistic : outcome.statistics) {
    if (statistic.name == "bytes") {
      EXPECT_EQ(statistic.value, all);
    }
  }
}

/// Starts as soon as there is room; tokens in order.
void expect_order(const Scenario& scenario, const Outcome& outcome) {
  ASSERT_EQ(outcome.told.starts.size(), outcome.records.size());
  ASSERT_EQ(outcome.told.ends.size(), outcome.records.size());
  std::uint64_t start = 1;
  for (std::uint32_t i = 0; i < outcome.records.size(); ++i) {
    if (i >= scenario.options.descriptors)
      start = std::max(start, outcome.records[i - scenario.options.descriptors].end);
    EXPECT_EQ(outcome.records[i].start, start) << "instruction " << i;
    EXPECT_EQ(outcome.told.starts[i], std::pair(i, start));
    EXPECT_EQ(outcome.told.ends[i], std::pair(i, outcome.records[i].end));
  }
}

/// The law of completions, from the times at which a plain memory was asked and answered.
void expect_law(const Scenario& scenario, const Outcome& outcome) {
  const std::uint64_t period = scenario.period.value();
  const std::size_t count = outcome.records.size();
  std::map<std::uint64_t, std::size_t> owners;  // by byte of the memory
  for (std::size_t i = 0; i < count; ++i) {
    for_bytes(transfer_of(scenario, i), [&](std::uint64_t at, std::uint64_t) { owners[at] = i; });
  }
  auto accesses = outcome.accesses;
  std::vector<std::uint64_t> first(count, ~std::uint64_t{0}), ends(count);
  for (const auto& access : accesses) {
    const std::size_t owner = owners.at(access.address);
    first[owner] = std::min(first[owner], access.sent);
    ends[owner] = std::max(ends[owner], access.answered / period + 1);
  }
  std::sort(accesses.begin(), accesses.end(), [](const auto& a, const auto& b) { return a.answered < b.answered; });
  std::array<std::uint64_t, isa::machine::pad_count> free{}, cycles{};
  for (const auto& access : accesses) {
    const std::size_t owner = owners.at(access.address);
    const auto pad = static_cast<std::size_t>(transfer_of(scenario, owner).pad);
    const std::uint64_t row = scenario.program.core.pad(transfer_of(scenario, owner).pad).row_bytes();
    const std::uint64_t taken = (access.bytes + row - 1) / row;
    cycles[pad] += taken;
    if (scenario.direction == DmaDirection::store) continue;
    free[pad] = std::max(free[pad], access.answered / period + 1) + taken;
    ends[owner] = std::max(ends[owner], free[pad]);
  }
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    end = std::max(end, ends[i]);
    EXPECT_EQ(outcome.records[i].end, end) << "instruction " << i;
    // The first request leaves in the middle of the cycle, or when the requests before it are sent.
    EXPECT_GE(first[i], outcome.records[i].start * period + period / 2);
    if (i == 0) {
      EXPECT_EQ(first[i], outcome.records[i].start * period + period / 2);
    }
  }
  EXPECT_EQ(outcome.port_cycles, cycles);
}

TEST(TransferUnit, MovesTheBytesOfRandomTransfersInTheCyclesOfTheLaw) {
  std::array<int, 3> kinds{};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Scenario scenario = random_scenario(seed);
    const Outcome outcome = simulate(scenario);
    expect_bytes_moved(scenario, outcome);
    expect_counted(scenario, outcome);
    expect_order(scenario, outcome);
    if (scenario.kind == Kind::plain) expect_law(scenario, outcome);
    ++kinds[static_cast<std::size_t>(scenario.kind)];
    if (testing::Test::HasFailure()) return;
  }
  for (const int count : kinds) EXPECT_GT(count, 50);
}

TEST(TransferUnit, TakesTheSameTimeWithoutValues) {
  for (std::uint64_t seed = 1000; seed < 1100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Scenario scenario = random_scenario(seed);
    const Outcome with = simulate(scenario);
    scenario.values = false;
    const Outcome without = simulate(scenario);
    ASSERT_EQ(with.records, without.records);
    ASSERT_EQ(with.requests, without.requests);
    ASSERT_EQ(with.occupied, without.occupied);
    ASSERT_EQ(with.port_cycles, without.port_cycles);
  }
}

std::string error_of(const Scenario& scenario) {
  try {
    static_cast<void>(simulate(scenario));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(TransferUnit, AStoreOfBytesThatWereNeverWrittenIsRefusedByName) {
  Scenario scenario;
  scenario.direction = DmaDirection::store;
  scenario.options.dma.protocol = memory::DmaProtocol::blocking;
  scenario.program.layers = {"conv1"};
  isa::machine::Store store;
  store.pad = Pad::outputs;
  store.address = 0x180;
  store.run_bytes = 4;
  store.counts = {2, 3, 1};
  store.dram_strides = {4, 8, 0};
  store.pad_strides = {4, 16, 0};
  scenario.program.instructions = {{.work = store}};
  EXPECT_EQ(error_of(scenario), "no error");
  scenario.written = false;
  EXPECT_THAT(error_of(scenario),
              HasSubstr("instruction 0 (store, layer 'conv1') reads byte 0x180 of the outputs scratchpad"));
}

TEST(TransferUnit, AnErrorOfTheMemoryNamesTheInstruction) {
  Scenario scenario;
  scenario.options.dma.protocol = memory::DmaProtocol::blocking;
  scenario.program.layers = {"conv1"};
  isa::machine::Load load;
  load.dram = kMemoryBytes - 8;
  load.run_bytes = 64;
  scenario.program.instructions = {{.work = load}};
  EXPECT_THAT(error_of(scenario), HasSubstr("instruction 0 (load, layer 'conv1'): the memory answered a request for 56 "
                                            "bytes at 0x20000 with TLM_ADDRESS_ERROR_RESPONSE"));
}

TEST(TransferUnit, NeedsRoomForATransfer) {
  Scenario scenario;
  scenario.options.descriptors = 0;
  EXPECT_THROW(static_cast<void>(simulate(scenario)), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::control::machine
