// SPDX-License-Identifier: Apache-2.0
// The TLM-2.0 side of the DRAM.
#include "hw/memory/dram/dram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "hw/memory/dram/dram_standards.h"
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
using sc_core::sc_time;
using sc_core::SC_ZERO_TIME;
using testing::IsEmpty;

sc_time at_clock(const DramSpec& spec, Cycle clock) {
  return sc_time::from_value(spec.picoseconds(clock));
}

std::uint64_t statistic(const Dram& dram, std::string_view name) {
  for (const Statistic& each : dram.statistics()) {
    if (each.name == name) return each.value;
  }
  ADD_FAILURE() << "no statistic " << name;
  return 0;
}

/// An initiator, a checker and a DRAM.
struct Bench {
  Bench(const DramSpec& spec, const DramControllerOptions& options, std::vector<Access> accesses,
        std::size_t outstanding, sc_time response_delay = SC_ZERO_TIME, bool move_bytes = true)
      : dram("dram", spec, options, move_bytes),
        initiator("initiator", std::move(accesses), outstanding, response_delay) {
    initiator.socket.bind(checker.from_initiator);
    checker.to_target.bind(dram.socket);
    sc_core::sc_start();
  }
  Kernel kernel;
  Dram dram;
  ProtocolChecker checker{"checker"};
  AtInitiator initiator;
};

Access read(std::uint64_t address, std::size_t bytes) {
  return {.write = false,
          .address = address,
          .data = std::vector<std::uint8_t>(bytes),
          .enables = {},
          .begun = {},
          .accepted = {},
          .ended = {}};
}

TEST(Dram, FourPhasesTakeTheTimeOfTheLaw) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const Bench bench(spec, {}, {read(0, 64), read(256, 64), read(128 << 10, 64)}, 1);
  const auto& accesses = bench.initiator.accesses();
  EXPECT_THAT(bench.checker.breaches(), IsEmpty());
  ASSERT_EQ(bench.checker.completed(), 3U);
  EXPECT_EQ(accesses[0].accepted, SC_ZERO_TIME);
  EXPECT_EQ(accesses[0].ended, at_clock(spec, 16 + 16 + 4));            // a closed bank
  EXPECT_EQ(accesses[1].ended, at_clock(spec, 36 + 16 + 4));            // a hit
  EXPECT_EQ(accesses[2].ended, at_clock(spec, 56 + 16 + 16 + 16 + 4));  // another row of the bank
  for (const Access& access : accesses) EXPECT_EQ(access.status, tlm::TLM_OK_RESPONSE);
}

TEST(Dram, ALongTransactionWaitsForRoomInTheQueue) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  DramControllerOptions options;
  options.queue_bursts = 4;
  const Bench bench(spec, options, {read(0, 12 * 64), read(12 * 64, 64)}, 2);
  const auto& accesses = bench.initiator.accesses();
  // Reads leave the queue at clocks 16, 20, 24 ... Of the runs of four the second enters after the first read, the
  // third when three of the eight bursts wait that were queued then; the other access when three of all wait.
  EXPECT_EQ(accesses[0].accepted, at_clock(spec, 16 + 4 * 4 + 1));
  EXPECT_EQ(accesses[0].ended, at_clock(spec, 16 + 11 * 4 + 16 + 4));
  EXPECT_EQ(accesses[1].accepted, at_clock(spec, 16 + 8 * 4 + 1));
  EXPECT_EQ(accesses[1].ended, at_clock(spec, 16 + 12 * 4 + 16 + 4));
  EXPECT_THAT(bench.checker.breaches(), IsEmpty());
}

/// Accesses one after the other as soon as each was accepted, against the controller driven from command to command.
TEST(Dram, AcceptsAndEndsAccessesAsTheControllerTakesAndServesThem) {
  for (const DramSpec& spec : dram_standards()) {
    for (const std::size_t queue : {1, 5, 32}) {
      SCOPED_TRACE(spec.name + ", queue of " + std::to_string(queue));
      std::mt19937_64 random(queue);
      std::vector<Access> accesses;
      std::uint64_t next[2] = {0, 1 << 24};
      for (int i = 0; i < 200; ++i) {
        const bool write = random() % 2 == 0;
        if (random() % 10 == 0) next[write] = random() % (1 << 25);
        accesses.push_back(read(next[write], 1 + random() % 4096));
        accesses.back().write = write;
        next[write] += accesses.back().data.size();
      }
      DramControllerOptions options;
      options.queue_bursts = queue;
      DramController controller(spec, options);
      std::vector<DramRunDone> done;
      std::vector<Cycle> entered, ended(accesses.size());
      Cycle now = 0;
      for (std::size_t i = 0; i < accesses.size(); ++i) {
        const std::uint64_t bytes = spec.burst_bytes();
        const std::uint64_t end = (accesses[i].address + accesses[i].data.size() - 1) / bytes + 1;
        for (std::uint64_t burst = accesses[i].address / bytes; burst < end;) {
          while (controller.full()) {
            now = controller.next_command() + 1;
            controller.run_until(now, done);
          }
          const std::uint64_t count = std::min<std::uint64_t>(queue, end - burst);
          controller.push(i, burst * bytes, accesses[i].write, now, static_cast<std::uint32_t>(count));
          burst += count;
        }
        entered.push_back(now);
      }
      while (!controller.empty()) controller.step(done);
      for (const DramRunDone& run : done) ended[run.tag] = std::max(ended[run.tag], run.data_end);

      const Bench bench(spec, options, accesses, accesses.size());
      EXPECT_THAT(bench.checker.breaches(), IsEmpty());
      for (std::size_t i = 0; i < accesses.size(); ++i) {
        ASSERT_EQ(bench.initiator.accesses()[i].accepted, at_clock(spec, entered[i])) << i;
        ASSERT_EQ(bench.initiator.accesses()[i].ended, at_clock(spec, ended[i])) << i;
      }
    }
  }
}

TEST(Dram, BlockingTransportFollowsTheSameLaw) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const Kernel kernel;
  Dram dram("dram", spec);
  struct Initiator final : public sc_core::sc_module {
    tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
    std::vector<sc_time> delays;
    SC_HAS_PROCESS(Initiator);
    explicit Initiator(const sc_core::sc_module_name& module_name) : sc_module(module_name) { SC_THREAD(run); }
    void run() {
      std::vector<std::uint8_t> data(8 * 64);
      sc_time local = SC_ZERO_TIME;
      for (const auto& [address, bytes] :
           std::vector<std::pair<std::uint64_t, unsigned>>{{0, 64}, {256, 64}, {128 << 10, 64}, {0, 512}}) {
        tlm::tlm_generic_payload transaction;
        transaction.set_command(tlm::TLM_READ_COMMAND);
        transaction.set_address(address);
        transaction.set_data_ptr(data.data());
        transaction.set_data_length(bytes);
        transaction.set_streaming_width(bytes);
        socket->b_transport(transaction, local);
        EXPECT_EQ(transaction.get_response_status(), tlm::TLM_OK_RESPONSE);
        delays.push_back(local);
      }
      wait(local);
    }
  } initiator("initiator");
  initiator.socket.bind(dram.socket);
  sc_core::sc_start();
  // As by four phases, one after the other; then a row conflict, and eight bursts of which four groups' first miss.
  ASSERT_EQ(initiator.delays.size(), 4U);
  EXPECT_EQ(initiator.delays[0], at_clock(spec, 36));
  EXPECT_EQ(initiator.delays[1], at_clock(spec, 56));
  EXPECT_EQ(initiator.delays[2], at_clock(spec, 108));
  EXPECT_GT(initiator.delays[3], at_clock(spec, 108 + 16 + 8 * 4));
  EXPECT_LT(initiator.delays[3], at_clock(spec, 108 + 16 + 16 + 16 + 8 * 6 + 4));
}

/// The same accesses, one at a time, by both protocols.
TEST(Dram, BothProtocolsEndEveryAccessAtTheSameTime) {
  for (const DramSpec& spec : dram_standards()) {
    SCOPED_TRACE(spec.name);
    std::mt19937_64 random(11);
    std::vector<Access> accesses;
    for (int i = 0; i < 300; ++i) {
      Access access = read(random() % (1 << 20), 1 + random() % 700);
      access.write = random() % 3 == 0;
      accesses.push_back(std::move(access));
    }
    std::vector<sc_time> four_phase;
    {
      const Bench bench(spec, {}, accesses, 1);
      for (const Access& access : bench.initiator.accesses()) four_phase.push_back(access.ended);
    }
    const Kernel kernel;
    Dram dram("dram", spec);
    struct Initiator final : public sc_core::sc_module {
      tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
      std::vector<Access> accesses;
      SC_HAS_PROCESS(Initiator);
      Initiator(const sc_core::sc_module_name& module_name, std::vector<Access> all)
          : sc_module(module_name), accesses(std::move(all)) {
        SC_THREAD(run);
      }
      void run() {
        for (Access& access : accesses) {
          tlm::tlm_generic_payload transaction;
          transaction.set_command(access.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
          transaction.set_address(access.address);
          transaction.set_data_ptr(access.data.data());
          transaction.set_data_length(static_cast<unsigned>(access.data.size()));
          transaction.set_streaming_width(static_cast<unsigned>(access.data.size()));
          sc_time delay = SC_ZERO_TIME;
          socket->b_transport(transaction, delay);
          wait(delay);
          access.ended = sc_core::sc_time_stamp();
        }
      }
    } initiator("initiator", accesses);
    initiator.socket.bind(dram.socket);
    sc_core::sc_start();
    for (std::size_t i = 0; i < accesses.size(); ++i) EXPECT_EQ(initiator.accesses[i].ended, four_phase[i]) << i;
  }
}

TEST(Dram, RandomReadsAndWritesAgreeWithAMapAndTheProtocol) {
  unsigned seed = 1;
  for (const DramSpec& spec : dram_standards()) {
    for (const double response_ns : {0.0, 7.3}) {
      SCOPED_TRACE(spec.name + (response_ns > 0 ? ", slow responses" : ""));
      std::mt19937_64 random(seed++);
      std::map<std::uint64_t, std::uint8_t> contents;
      std::vector<Access> accesses;
      std::vector<std::vector<std::uint8_t>> expected;
      std::uint64_t bytes_read = 0, bytes_written = 0;
      for (int i = 0; i < 1500; ++i) {
        // A few distant regions, overlapping accesses, any alignment.
        Access access = read(random() % 4 * (40 << 20) + random() % 1000, 1 + random() % 300);
        access.write = random() % 2 == 0;
        if (random() % 4 == 0) {
          access.enables.resize(1 + random() % 9);
          for (auto& enable : access.enables) enable = random() % 2 == 0 ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
        }
        std::vector<std::uint8_t> seen(access.data.size());
        for (std::size_t j = 0; j < access.data.size(); ++j) {
          const bool enabled = access.enables.empty() || access.enables[j % access.enables.size()] == TLM_BYTE_ENABLED;
          if (access.write) {
            access.data[j] = static_cast<std::uint8_t>(random());
            if (enabled) contents[access.address + j] = access.data[j];
            bytes_written += enabled ? 1 : 0;
          } else {
            seen[j] = enabled ? contents[access.address + j] : 0;
            bytes_read += enabled ? 1 : 0;
          }
        }
        expected.push_back(access.write ? access.data : seen);
        accesses.push_back(std::move(access));
      }
      Bench bench(spec, {}, std::move(accesses), 16, sc_time(response_ns, SC_NS));
      EXPECT_THAT(bench.checker.breaches(), IsEmpty());
      EXPECT_EQ(bench.checker.completed(), expected.size());
      EXPECT_EQ(bench.checker.open(), 0U);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(bench.initiator.accesses()[i].data, expected[i]) << "access " << i;
        ASSERT_EQ(bench.initiator.accesses()[i].status, tlm::TLM_OK_RESPONSE);
      }
      EXPECT_EQ(statistic(bench.dram, "bytes_read"), bytes_read);
      EXPECT_EQ(statistic(bench.dram, "bytes_written"), bytes_written);
      // The debug interface sees the final contents and takes no time.
      for (const auto& [address, value] : contents) {
        std::uint8_t byte = 0;
        tlm::tlm_generic_payload debug;
        debug.set_command(tlm::TLM_READ_COMMAND);
        debug.set_address(address);
        debug.set_data_ptr(&byte);
        debug.set_data_length(1);
        ASSERT_EQ(bench.dram.socket.get_base_export()->transport_dbg(debug), 1U);
        ASSERT_EQ(byte, value) << address;
      }
    }
  }
}

TEST(Dram, TimingOnlyIsTheSameAndFollowsNoDataPointer) {
  for (const DramSpec& spec : dram_standards()) {
    SCOPED_TRACE(spec.name);
    std::mt19937_64 random(12);
    std::vector<Access> accesses;
    for (int i = 0; i < 300; ++i) {
      Access access = read(random() % (1 << 20), 1 + random() % 700);
      access.write = random() % 2 == 0;
      access.data.assign(access.data.size(), 0x5A);
      if (random() % 4 == 0) access.enables = {TLM_BYTE_ENABLED, TLM_BYTE_DISABLED, TLM_BYTE_ENABLED};
      accesses.push_back(std::move(access));
    }
    const Bench with(spec, {}, accesses, 6);
    Bench without(spec, {}, accesses, 6, SC_ZERO_TIME, false);
    EXPECT_THAT(without.checker.breaches(), IsEmpty());
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      EXPECT_EQ(without.initiator.accesses()[i].data, accesses[i].data);
      EXPECT_EQ(without.initiator.accesses()[i].ended, with.initiator.accesses()[i].ended) << i;
      EXPECT_EQ(without.initiator.accesses()[i].status, tlm::TLM_OK_RESPONSE);
    }
    for (const Statistic& each : with.dram.statistics()) EXPECT_EQ(statistic(without.dram, each.name), each.value);
    std::uint8_t byte = 7;
    tlm::tlm_generic_payload debug;
    debug.set_command(tlm::TLM_READ_COMMAND);
    debug.set_data_ptr(&byte);
    debug.set_data_length(1);
    EXPECT_EQ(without.dram.socket.get_base_export()->transport_dbg(debug), 0U);
  }
}

TEST(Dram, StreamsAtThePeakRateLessRefreshByFourPhases) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  std::vector<Access> accesses;
  for (std::uint64_t i = 0; i < 10'000; ++i) accesses.push_back(read(i * 64, 64));
  const Bench bench(spec, {}, std::move(accesses), 32);
  const double seconds = bench.initiator.accesses().back().ended.to_seconds();
  const double expected = 1 - (9 + 16 + 420 + 16) / 9360.0;
  EXPECT_NEAR(10'000 * 64 / seconds / spec.peak_bytes_per_second(), expected, 0.01);
}

TEST(Dram, RefusesAccessesItCannotServe) {
  const DramSpec& spec = dram_standard("HBM2-2000");
  const Bench bench(spec, {}, {read(spec.bytes() - 32, 64), read(~std::uint64_t{0}, 1), read(0, 0), read(0, 64)}, 4);
  const auto& accesses = bench.initiator.accesses();
  EXPECT_EQ(accesses[0].status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(accesses[1].status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(accesses[2].status, tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(accesses[3].status, tlm::TLM_OK_RESPONSE);
  EXPECT_THAT(bench.checker.breaches(), IsEmpty());
}

}  // namespace
}  // namespace fusesim::memory
