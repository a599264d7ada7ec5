// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dma/dma_channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "hw/memory/dram/dram.h"
#include "hw/memory/dram/dram_standards.h"
#include "tests/hw/memory/support/kernel.h"
#include "tests/hw/memory/support/protocol_checker.h"
#include "tests/hw/memory/support/random_descriptor.h"

namespace fusesim::memory {
namespace {

using memory_test::Kernel;
using memory_test::ProtocolChecker;
using sc_core::SC_NS;
using sc_core::sc_time;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

struct LocalBytes final : LocalMemoryIf {
  explicit LocalBytes(std::size_t size) : data(size) {}
  std::uint64_t bytes() const override { return data.size(); }
  void read(std::uint64_t address, std::span<std::uint8_t> out) override {
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
  }
  void write(std::uint64_t address, std::span<const std::uint8_t> in) override {
    std::copy(in.begin(), in.end(), data.begin() + static_cast<std::ptrdiff_t>(address));
  }
  std::vector<std::uint8_t> data;
};

/// A memory as others write them: a simple_target_socket with b_transport and nothing else.
struct PlainMemory final : public sc_core::sc_module {
  tlm_utils::simple_target_socket<PlainMemory> socket{"socket"};
  std::vector<std::uint8_t> data;
  unsigned calls = 0, most_calls = 0;

  PlainMemory(const sc_core::sc_module_name& module_name, std::size_t size) : sc_module(module_name), data(size) {
    socket.register_b_transport(this, &PlainMemory::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& transaction, sc_time& delay) {
    most_calls = std::max(most_calls, ++calls);
    sc_core::wait(delay + sc_time(30, SC_NS));
    delay = sc_time(10, SC_NS);
    const std::uint64_t address = transaction.get_address();
    if (address + transaction.get_data_length() > data.size()) {
      transaction.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    } else if (transaction.is_read()) {
      std::memcpy(transaction.get_data_ptr(), data.data() + address, transaction.get_data_length());
      transaction.set_response_status(tlm::TLM_OK_RESPONSE);
    } else {
      std::memcpy(data.data() + address, transaction.get_data_ptr(), transaction.get_data_length());
      transaction.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    --calls;
  }
};

void debug_access(Dram& dram, tlm::tlm_command command, std::vector<std::uint8_t>& data) {
  tlm::tlm_generic_payload transaction;
  transaction.set_command(command);
  transaction.set_address(0);
  transaction.set_data_ptr(data.data());
  transaction.set_data_length(static_cast<unsigned>(data.size()));
  ASSERT_EQ(dram.socket.get_base_export()->transport_dbg(transaction), data.size());
}

std::uint64_t statistic(const std::vector<Statistic>& all, std::string_view name) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const Statistic& each) { return each.name == name; });
  if (at != all.end()) return at->value;
  ADD_FAILURE() << "no statistic " << name;
  return 0;
}

constexpr std::uint64_t kSize = 40'000;

std::vector<std::uint8_t> random_bytes(std::mt19937_64& random, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (auto& each : bytes) each = static_cast<std::uint8_t>(random());
  return bytes;
}

/// One channel moving random descriptors one after the other; the expected bytes by definition. Made before anything is
/// simulated: making it throws and catches, which the address sanitizer mistakes for an error once SystemC has switched
/// stacks.
struct Work {
  Work(DmaDirection direction, unsigned seed) {
    std::mt19937_64 random(seed);
    remote = random_bytes(random, kSize);
    local = random_bytes(random, kSize);
    remote_after = remote;
    local_after = local;
    const auto& from = direction == DmaDirection::load ? remote_after : local_after;
    auto& to = direction == DmaDirection::load ? local_after : remote_after;
    for (int i = 0; i < 40; ++i) {
      descriptors.push_back(memory_test::random_descriptor(random, kSize));
      for (const auto& [source, destination] : memory_test::moved_bytes(descriptors.back())) {
        to[destination] = from[source];
        ++bytes;
      }
    }
  }
  /// Each transfer begins when the one before completed: they may overlap in the destination.
  void submit_all(DmaChannel& channel, std::size_t next = 0) {
    if (next == descriptors.size()) return;
    channel.submit(descriptors[next], 0, [this, &channel, next](const DmaCompletion& completion) {
      EXPECT_EQ(completion.bytes, descriptors[next].bytes());
      EXPECT_EQ(completion.status, tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(completion.ended, sc_core::sc_time_stamp());
      ++completions;
      submit_all(channel, next + 1);
    });
  }
  std::vector<std::uint8_t> remote, local, remote_after, local_after;
  std::vector<DmaDescriptor> descriptors;
  std::uint64_t bytes = 0;
  std::size_t completions = 0;
};

TEST(DmaChannel, MovesExactlyTheBytesOfRandomDescriptorsToAndFromDram) {
  const Work loads(DmaDirection::load, 5), stores(DmaDirection::store, 5);
  for (const DmaDirection direction : {DmaDirection::load, DmaDirection::store}) {
    for (const DmaProtocol protocol : {DmaProtocol::nonblocking, DmaProtocol::blocking}) {
      SCOPED_TRACE(std::string(direction == DmaDirection::load ? "load" : "store") +
                   (protocol == DmaProtocol::blocking ? ", blocking" : ""));
      Work work = direction == DmaDirection::load ? loads : stores;
      const Kernel kernel;
      LocalBytes local(0);
      local.data = work.local;
      Dram dram("dram", dram_standard("LPDDR4-3200"));
      ProtocolChecker checker("checker");
      DmaChannel channel("channel", direction, local, {.protocol = protocol, .burst_bytes = 64, .outstanding = 6});
      channel.socket.bind(checker.from_initiator);
      checker.to_target.bind(dram.socket);
      debug_access(dram, tlm::TLM_WRITE_COMMAND, work.remote);
      work.submit_all(channel);
      sc_core::sc_start();
      EXPECT_TRUE(channel.idle());
      EXPECT_EQ(work.completions, work.descriptors.size());
      EXPECT_THAT(checker.breaches(), IsEmpty());
      EXPECT_EQ(local.data, work.local_after);
      std::vector<std::uint8_t> remote(kSize);
      debug_access(dram, tlm::TLM_READ_COMMAND, remote);
      EXPECT_EQ(remote, work.remote_after);
      EXPECT_EQ(statistic(channel.statistics(), "bytes"), work.bytes);
      EXPECT_EQ(statistic(channel.statistics(), "descriptors"), work.descriptors.size());
      const char* counter = direction == DmaDirection::load ? "bytes_read" : "bytes_written";
      EXPECT_EQ(statistic(dram.statistics(), counter), work.bytes);
      if (protocol == DmaProtocol::nonblocking) {
        EXPECT_EQ(checker.completed(), statistic(channel.statistics(), "bursts"));
        EXPECT_EQ(checker.most_open(), 6U);  // as many as allowed, and no more
      }
    }
  }
}

TEST(DmaChannel, WorksWithAMemoryThatOnlyHasBTransport) {
  const Work loads(DmaDirection::load, 6), stores(DmaDirection::store, 6);
  for (const DmaDirection direction : {DmaDirection::load, DmaDirection::store}) {
    for (const DmaProtocol protocol : {DmaProtocol::nonblocking, DmaProtocol::blocking}) {
      SCOPED_TRACE(std::string(direction == DmaDirection::load ? "load" : "store") +
                   (protocol == DmaProtocol::blocking ? ", blocking" : ", adapted by the socket"));
      Work work = direction == DmaDirection::load ? loads : stores;
      const Kernel kernel;
      LocalBytes local(0);
      local.data = work.local;
      PlainMemory memory("memory", kSize);
      memory.data = work.remote;
      DmaChannel channel("channel", direction, local, {.protocol = protocol, .burst_bytes = 32, .outstanding = 4});
      channel.socket.bind(memory.socket);
      work.submit_all(channel);
      sc_core::sc_start();
      EXPECT_TRUE(channel.idle());
      EXPECT_EQ(work.completions, work.descriptors.size());
      EXPECT_EQ(local.data, work.local_after);
      EXPECT_EQ(memory.data, work.remote_after);
      EXPECT_EQ(statistic(channel.statistics(), "bytes"), work.bytes);
      EXPECT_LE(memory.most_calls, 4U);
      if (protocol == DmaProtocol::blocking) {
        EXPECT_EQ(memory.most_calls, 4U);
      }
    }
  }
}

/// What the callbacks of a channel were told.
struct Told {
  struct Event {
    DmaRequest request;
    sc_time at;
  };
  explicit Told(DmaChannel& channel) {
    channel.on_sent([this](const DmaRequest& request) { sent.push_back({request, sc_core::sc_time_stamp()}); });
    channel.on_answered([this](const DmaRequest& request) { answered.push_back({request, sc_core::sc_time_stamp()}); });
  }
  std::vector<Event> sent, answered;
};

TEST(DmaChannel, TellsOfEveryRequestWhenItIsSentAndWhenItIsAnswered) {
  const Work loads(DmaDirection::load, 9), stores(DmaDirection::store, 9);
  for (const DmaDirection direction : {DmaDirection::load, DmaDirection::store}) {
    for (const DmaProtocol protocol : {DmaProtocol::nonblocking, DmaProtocol::blocking}) {
      Work work = direction == DmaDirection::load ? loads : stores;
      const Kernel kernel;
      LocalBytes local(0);
      local.data = work.local;
      Dram dram("dram", dram_standard("HBM2-2000"));
      DmaChannel channel("channel", direction, local, {.protocol = protocol, .burst_bytes = 256, .outstanding = 3});
      channel.socket.bind(dram.socket);
      const Told told(channel);
      work.submit_all(channel);
      sc_core::sc_start();
      EXPECT_EQ(work.completions, work.descriptors.size());
      ASSERT_EQ(told.sent.size(), statistic(channel.statistics(), "bursts"));
      ASSERT_EQ(told.answered.size(), told.sent.size());
      // The requests of the descriptors, in order.
      std::vector<Told::Event> sent = told.sent;
      std::size_t at = 0;
      for (std::size_t i = 0; i < work.descriptors.size(); ++i) {
        DmaBursts bursts(work.descriptors[i], 256,
                         direction == DmaDirection::load ? DmaBursts::Memory::source : DmaBursts::Memory::destination);
        std::vector<DmaPiece> pieces;
        while (!bursts.done()) {
          ASSERT_LT(at, sent.size());
          const DmaRequest& request = sent[at].request;
          bursts.next_request(pieces);
          EXPECT_EQ(request.memory, pieces.front().memory);
          EXPECT_EQ(request.memory + request.bytes, pieces.back().memory + pieces.back().bytes);
          EXPECT_EQ(request.transfer, i);
          EXPECT_EQ(request.sent, sent[at].at);
          EXPECT_EQ(request.status, tlm::TLM_INCOMPLETE_RESPONSE);
          ++at;
        }
      }
      EXPECT_EQ(at, sent.size());
      // Each answered once, later.
      sc_time latency;
      for (const Told::Event& each : told.answered) {
        const auto its = std::find_if(sent.begin(), sent.end(), [&](const Told::Event& other) {
          return other.request.memory == each.request.memory && other.request.transfer == each.request.transfer;
        });
        ASSERT_NE(its, sent.end());
        EXPECT_EQ(each.request.bytes, its->request.bytes);
        EXPECT_EQ(each.request.sent, its->at);
        EXPECT_GT(each.at, its->at);
        EXPECT_EQ(each.request.status, tlm::TLM_OK_RESPONSE);
        latency += each.at - its->at;
        sent.erase(its);
      }
      EXPECT_EQ(latency.value(), statistic(channel.statistics(), "latency"));
    }
  }
}

TEST(DmaChannel, TimingOnlyIsTheSameAndMovesNothing) {
  const Work loads(DmaDirection::load, 10), stores(DmaDirection::store, 10);
  for (const DmaDirection direction : {DmaDirection::load, DmaDirection::store}) {
    for (const DmaProtocol protocol : {DmaProtocol::nonblocking, DmaProtocol::blocking}) {
      std::vector<sc_time> answered[2];
      std::vector<Statistic> statistics[2];
      for (const bool move_bytes : {false, true}) {
        Work work = direction == DmaDirection::load ? loads : stores;
        const Kernel kernel;
        LocalBytes local(0);
        local.data = work.local;
        Dram dram("dram", dram_standard("DDR4-2400"), {}, move_bytes);
        DmaChannel channel("channel", direction, local,
                           {.protocol = protocol, .burst_bytes = 1024, .outstanding = 4, .move_bytes = move_bytes});
        channel.socket.bind(dram.socket);
        const Told told(channel);
        if (move_bytes) debug_access(dram, tlm::TLM_WRITE_COMMAND, work.remote);
        work.submit_all(channel);
        sc_core::sc_start();
        EXPECT_EQ(work.completions, work.descriptors.size());
        EXPECT_EQ(local.data, move_bytes ? work.local_after : work.local);
        for (const Told::Event& each : told.answered) answered[move_bytes].push_back(each.at);
        statistics[move_bytes] = channel.statistics();
      }
      EXPECT_EQ(answered[0], answered[1]);
      for (std::size_t i = 0; i < statistics[0].size(); ++i) EXPECT_EQ(statistics[0][i].value, statistics[1][i].value);
    }
  }
}

TEST(DmaChannel, TheHigherPriorityGoesFirstAndTheOlderOfEquals) {
  const Kernel kernel;
  LocalBytes local(4096);
  Dram dram("dram", dram_standard("DDR4-2400"));
  DmaChannel channel("channel", DmaDirection::load, local, {.outstanding = 1});
  channel.socket.bind(dram.socket);
  std::vector<std::uint64_t> order;
  DmaDescriptor d;
  d.element_bytes = 256;
  const auto submit = [&](int priority) {
    channel.submit(d, priority, [&](const DmaCompletion& completion) { order.push_back(completion.id); });
  };
  for (const int priority : {0, 5, -1, 5, 9}) submit(priority);
  sc_core::sc_start(sc_time(30, SC_NS));
  submit(100);  // 4, of priority 9, has begun and is not interrupted
  sc_core::sc_start();
  EXPECT_THAT(order, ElementsAre(4, 5, 1, 3, 0, 2));
}

TEST(DmaChannel, OutstandingRequestsHideTheLatencyOfDram) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const auto seconds = [&](std::size_t outstanding) {
    const Kernel kernel;
    LocalBytes local(1 << 20);
    Dram dram("dram", spec);
    DmaChannel channel("channel", DmaDirection::load, local, {.outstanding = outstanding});
    channel.socket.bind(dram.socket);
    sc_time ended;
    DmaDescriptor d;
    d.element_bytes = 1 << 20;
    channel.submit(d, 0, [&](const DmaCompletion& completion) { ended = completion.ended; });
    sc_core::sc_start();
    return ended.to_seconds();
  };
  const double bytes = 1 << 20;
  const double alone = bytes / seconds(1) / spec.peak_bytes_per_second();
  EXPECT_LT(alone, 4.0 / (16 + 4));  // each burst waits for CL and its own data
  EXPECT_GT(alone, 0.9 * 4.0 / (16 + 4));
  EXPECT_GT(bytes / seconds(32) / spec.peak_bytes_per_second(), 0.94);
}

TEST(DmaChannel, ReportsTheErrorOfItsMemory) {
  const Kernel kernel;
  LocalBytes local(4096);
  PlainMemory memory("memory", 1000);
  DmaChannel channel("channel", DmaDirection::load, local, {.protocol = DmaProtocol::blocking});
  channel.socket.bind(memory.socket);
  std::vector<tlm::tlm_response_status> status;
  DmaDescriptor d;
  d.element_bytes = 2000;
  channel.submit(d, 0, [&](const DmaCompletion& completion) { status.push_back(completion.status); });
  sc_core::sc_start();
  EXPECT_THAT(status, ElementsAre(tlm::TLM_ADDRESS_ERROR_RESPONSE));
  EXPECT_EQ(statistic(channel.statistics(), "bytes"), 15U * 64);  // the requests wholly inside
}

TEST(DmaChannel, RefusesWrongOptionsAndDescriptors) {
  const Kernel kernel;
  LocalBytes local(100);
  EXPECT_THAT([&] { DmaChannel("a", DmaDirection::load, local, {.burst_bytes = 48}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("burst_bytes is 48")));
  EXPECT_THAT([&] { DmaChannel("b", DmaDirection::load, local, {.outstanding = 0}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("outstanding is 0")));
  DmaEngine engine("engine", local);
  DmaDescriptor d;
  d.element_bytes = 101;
  EXPECT_THAT([&] { engine.load.submit(d); }, ThrowsMessage<std::invalid_argument>(HasSubstr("destination reaches")));
  EXPECT_THAT([&] { engine.store.submit(d); }, ThrowsMessage<std::invalid_argument>(HasSubstr("source reaches")));
}

}  // namespace
}  // namespace fusesim::memory
