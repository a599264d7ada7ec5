// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/fixed_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <stdexcept>

#include "tests/hw/memory/support/at_initiator.h"
#include "tests/hw/memory/support/kernel.h"
#include "tests/hw/memory/support/protocol_checker.h"

namespace fusesim::memory {
namespace {

using memory_test::Access;
using memory_test::AtInitiator;
using memory_test::Kernel;
using memory_test::ProtocolChecker;
using sc_core::SC_NS;
using sc_core::SC_PS;
using sc_core::sc_time;
using sc_core::SC_ZERO_TIME;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

std::uint64_t statistic(const FixedMemory& memory, std::string_view name) {
  for (const Statistic& each : memory.statistics()) {
    if (each.name == name) return each.value;
  }
  ADD_FAILURE() << "no statistic " << name;
  return 0;
}

Access access(std::uint64_t address, std::size_t bytes, bool write = false) {
  Access made;
  made.write = write;
  made.address = address;
  made.data.resize(bytes);
  return made;
}

/// An initiator, a checker and a memory.
struct Bench {
  Bench(const FixedMemoryOptions& options, std::vector<Access> accesses, std::size_t outstanding,
        sc_time response_delay = SC_ZERO_TIME)
      : memory("memory", options), initiator("initiator", std::move(accesses), outstanding, response_delay) {
    initiator.socket.bind(checker.from_initiator);
    checker.to_target.bind(memory.socket);
    sc_core::sc_start();
  }
  Kernel kernel;
  FixedMemory memory;
  ProtocolChecker checker{"checker"};
  AtInitiator initiator;
};

TEST(FixedMemory, OneAccessTakesLatencyAndData) {
  // 64 bytes at 16 GB/s pass in 4 ns, 100 bytes at 3 GB/s in 33.334.
  const Bench even({.gigabytes_per_second = 16, .latency_ns = 50}, {access(0, 64)}, 1);
  EXPECT_EQ(even.initiator.accesses()[0].accepted, SC_ZERO_TIME);
  EXPECT_EQ(even.initiator.accesses()[0].ended, sc_time(54, SC_NS));
  const Bench odd({.gigabytes_per_second = 3, .latency_ns = 0.5}, {access(1, 100, true)}, 1);
  EXPECT_EQ(odd.initiator.accesses()[0].ended, sc_time(500 + 33'334, SC_PS));
}

TEST(FixedMemory, LatenciesOverlapWithEarlierData) {
  std::vector<Access> accesses(100, access(0, 640));
  const FixedMemoryOptions options{.gigabytes_per_second = 16, .latency_ns = 50};
  // One at a time each waits for its latency; two at a time leave the bus idle for 50 - 40 ns of every pair.
  EXPECT_EQ(Bench(options, accesses, 1).initiator.accesses().back().ended, sc_time(100 * (50 + 40), SC_NS));
  const Bench pairs(options, accesses, 2);
  EXPECT_EQ(pairs.initiator.accesses().back().ended, sc_time(50 * (50 + 40) + 40, SC_NS));
  const Bench stream(options, accesses, 3);
  EXPECT_EQ(stream.initiator.accesses().back().ended, sc_time(50 + 100 * 40, SC_NS));
  EXPECT_EQ(statistic(stream.memory, "data_busy"), 100U * 40'000);
  EXPECT_THAT(stream.checker.breaches(), IsEmpty());
}

TEST(FixedMemory, LongStreamsDoNotDrift) {
  // Seven bytes at 3 GB/s are 2333 1/3 ps each.
  const Bench bench({.gigabytes_per_second = 3, .latency_ns = 1}, std::vector<Access>(3000, access(7, 7)), 3000);
  EXPECT_EQ(bench.initiator.accesses().back().ended, sc_time(1000 + 7'000'000, SC_PS));
}

/// Any lengths and alignments, both directions, byte enables; the end of each access by a recurrence of its own.
TEST(FixedMemory, RandomAccessesAgreeWithAMapAndTheProtocol) {
  for (const double response_ns : {0.0, 7.3}) {
    std::mt19937_64 random(3);
    std::map<std::uint64_t, std::uint8_t> contents;
    std::vector<Access> accesses;
    std::vector<std::vector<std::uint8_t>> expected;
    std::uint64_t bytes_read = 0, bytes_written = 0;
    for (int i = 0; i < 1000; ++i) {
      Access made = access(random() % 4 * (1 << 20) + random() % 1000, 1 + random() % 300, random() % 2 == 0);
      if (random() % 4 == 0) {
        made.enables.resize(1 + random() % 9);
        for (auto& enable : made.enables) enable = random() % 2 == 0 ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
      }
      std::vector<std::uint8_t> seen(made.data.size());
      for (std::size_t j = 0; j < made.data.size(); ++j) {
        const bool enabled = made.enables.empty() || made.enables[j % made.enables.size()] == TLM_BYTE_ENABLED;
        if (made.write) {
          made.data[j] = static_cast<std::uint8_t>(random());
          if (enabled) contents[made.address + j] = made.data[j];
        } else if (enabled) {
          seen[j] = contents[made.address + j];
        }
        (made.write ? bytes_written : bytes_read) += enabled ? 1 : 0;
      }
      expected.push_back(made.write ? made.data : seen);
      accesses.push_back(std::move(made));
    }
    const Bench bench({.bytes = 1 << 23, .gigabytes_per_second = 2.5, .latency_ns = 33}, std::move(accesses), 5,
                      sc_time(response_ns, SC_NS));
    EXPECT_THAT(bench.checker.breaches(), IsEmpty());
    EXPECT_EQ(bench.checker.completed(), expected.size());
    std::uint64_t bus_free = 0;  // Whole picoseconds: 400 a byte.
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Access& each = bench.initiator.accesses()[i];
      ASSERT_EQ(each.data, expected[i]) << "access " << i;
      ASSERT_EQ(each.status, tlm::TLM_OK_RESPONSE);
      bus_free = std::max<std::uint64_t>(bus_free, each.begun.value() + 33'000) + 400 * expected[i].size();
      if (response_ns == 0) {
        ASSERT_EQ(each.ended.value(), bus_free) << "access " << i;
      }
    }
    EXPECT_EQ(statistic(bench.memory, "bytes_read"), bytes_read);
    EXPECT_EQ(statistic(bench.memory, "bytes_written"), bytes_written);
    EXPECT_EQ(statistic(bench.memory, "reads") + statistic(bench.memory, "writes"), expected.size());
  }
}

struct BlockingInitiator final : public sc_core::sc_module {
  tlm_utils::simple_initiator_socket<BlockingInitiator> socket{"socket"};
  std::vector<Access> accesses;
  bool wait_each;
  SC_HAS_PROCESS(BlockingInitiator);
  BlockingInitiator(const sc_core::sc_module_name& module_name, std::vector<Access> all, bool waits)
      : sc_module(module_name), accesses(std::move(all)), wait_each(waits) {
    SC_THREAD(run);
  }
  void run() {
    for (Access& each : accesses) {
      tlm::tlm_generic_payload transaction;
      transaction.set_command(each.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
      transaction.set_address(each.address);
      transaction.set_data_ptr(each.data.data());
      transaction.set_data_length(static_cast<unsigned>(each.data.size()));
      transaction.set_streaming_width(static_cast<unsigned>(each.data.size()));
      sc_time delay = SC_ZERO_TIME;
      socket->b_transport(transaction, delay);
      each.ended = sc_core::sc_time_stamp() + delay;
      each.status = transaction.get_response_status();
      if (wait_each) wait(delay);
    }
  }
};

TEST(FixedMemory, BlockingTransportFollowsTheSameLaw) {
  std::mt19937 random(6);
  std::vector<Access> accesses;
  for (int i = 0; i < 200; ++i) accesses.push_back(access(random() % 5000, 1 + random() % 2000, random() % 2));
  const FixedMemoryOptions options{.gigabytes_per_second = 7.3, .latency_ns = 21.5};
  const Bench one(options, accesses, 1), all(options, accesses, accesses.size());
  for (const bool wait_each : {true, false}) {
    const Kernel kernel;
    FixedMemory memory("memory", options);
    BlockingInitiator initiator("initiator", accesses, wait_each);
    initiator.socket.bind(memory.socket);
    sc_core::sc_start();
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      EXPECT_EQ(initiator.accesses[i].ended, (wait_each ? one : all).initiator.accesses()[i].ended) << i;
    }
  }
}

TEST(FixedMemory, TimingOnlyFollowsNoDataPointer) {
  std::vector<Access> accesses;
  for (int i = 0; i < 50; ++i) accesses.push_back(access(40u * static_cast<unsigned>(i), 1000, i % 2 == 0));
  for (Access& each : accesses) each.data.assign(each.data.size(), 0x5A);
  FixedMemoryOptions options{.gigabytes_per_second = 4, .latency_ns = 30};
  const Bench with(options, accesses, 4);
  options.move_bytes = false;
  Bench without(options, accesses, 4);
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    EXPECT_EQ(without.initiator.accesses()[i].data, accesses[i].data);
    EXPECT_EQ(without.initiator.accesses()[i].ended, with.initiator.accesses()[i].ended);
  }
  EXPECT_EQ(statistic(without.memory, "bytes_written"), 25U * 1000);
  std::uint8_t byte = 7;
  tlm::tlm_generic_payload debug;
  debug.set_command(tlm::TLM_READ_COMMAND);
  debug.set_data_ptr(&byte);
  debug.set_data_length(1);
  EXPECT_EQ(without.memory.socket.get_base_export()->transport_dbg(debug), 0U);
}

TEST(FixedMemory, RefusesAccessesItCannotServe) {
  const Bench bench({.bytes = 1000}, {access(990, 11), access(~std::uint64_t{0}, 1), access(0, 0), access(990, 10)}, 4);
  const auto& accesses = bench.initiator.accesses();
  EXPECT_EQ(accesses[0].status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(accesses[0].ended, SC_ZERO_TIME);
  EXPECT_EQ(accesses[1].status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(accesses[2].status, tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(accesses[3].status, tlm::TLM_OK_RESPONSE);
  EXPECT_THAT(bench.checker.breaches(), IsEmpty());
}

TEST(FixedMemory, RefusesWrongOptions) {
  const Kernel kernel;
  const auto make = [](FixedMemoryOptions options) { return [options] { FixedMemory("memory", options); }; };
  EXPECT_THAT(make({.bytes = 0}), ThrowsMessage<std::invalid_argument>(HasSubstr("bytes is 0")));
  EXPECT_THAT(make({.gigabytes_per_second = 0}),
              ThrowsMessage<std::invalid_argument>(HasSubstr("gigabytes_per_second is 0")));
  EXPECT_THAT(make({.gigabytes_per_second = std::nan("")}), ThrowsMessage<std::invalid_argument>(HasSubstr("nan")));
  EXPECT_THAT(make({.latency_ns = -1}), ThrowsMessage<std::invalid_argument>(HasSubstr("latency_ns is -1")));
}

}  // namespace
}  // namespace fusesim::memory
