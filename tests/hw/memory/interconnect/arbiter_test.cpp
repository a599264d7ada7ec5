// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/interconnect/arbiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <stdexcept>

#include "hw/memory/dma/dma_channel.h"
#include "hw/memory/dram/dram.h"
#include "hw/memory/dram/dram_standards.h"
#include "hw/memory/dram/fixed_memory.h"
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
using testing::AllOf;
using testing::Each;
using testing::Eq;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::ThrowsMessage;

Access access(std::uint64_t address, std::size_t bytes, bool write = false) {
  Access made;
  made.write = write;
  made.address = address;
  made.data.resize(bytes);
  return made;
}

/// Accepts a request every 10 ns and answers it in a way of the test's choice. Notes where each came from: the inputs'
/// addresses begin at multiples of a megabyte.
struct Target final : public sc_core::sc_module {
  enum class Style { four_phases, end_req_returned, response_returned, completed };
  tlm_utils::simple_target_socket<Target> socket{"socket"};
  std::vector<std::uint64_t> order;

  SC_HAS_PROCESS(Target);
  Target(const sc_core::sc_module_name& module_name, Style way) : sc_module(module_name), style(way) {
    socket.register_nb_transport_fw(this, &Target::forward);
    SC_THREAD(run);
  }

 private:
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase, sc_time& delay) {
    if (phase == tlm::END_RESP) {
      responding = false;
      changed.notify(delay);
      return tlm::TLM_COMPLETED;
    }
    order.push_back(transaction.get_address() >> 20);
    const sc_time accept(10, SC_NS);
    switch (style) {
      case Style::four_phases:
        requests.push_back(&transaction);
        changed.notify(delay);
        return tlm::TLM_ACCEPTED;
      case Style::end_req_returned:
        requests.push_back(&transaction);
        changed.notify(delay);
        phase = tlm::END_REQ;
        break;
      case Style::response_returned:
        if (responding || !requests.empty()) {
          requests.push_back(&transaction);
          changed.notify(delay);
          return tlm::TLM_ACCEPTED;
        }
        responding = true;
        transaction.set_response_status(tlm::TLM_OK_RESPONSE);
        phase = tlm::BEGIN_RESP;
        break;
      case Style::completed:
        transaction.set_response_status(tlm::TLM_OK_RESPONSE);
        delay += accept;
        return tlm::TLM_COMPLETED;
    }
    delay += accept;
    return tlm::TLM_UPDATED;
  }
  void run() {
    while (true) {
      while (requests.empty() || responding) wait(changed);
      tlm::tlm_generic_payload& transaction = *requests.front();
      requests.pop_front();
      transaction.acquire();
      wait(10, SC_NS);
      sc_time delay = SC_ZERO_TIME;
      tlm::tlm_phase phase = tlm::END_REQ;
      // Without an END_REQ of its own, the response implies it.
      if (style == Style::four_phases && order.size() % 2 == 0) socket->nb_transport_bw(transaction, phase, delay);
      transaction.set_response_status(tlm::TLM_OK_RESPONSE);
      phase = tlm::BEGIN_RESP;
      delay = SC_ZERO_TIME;
      const tlm::tlm_sync_enum answer = socket->nb_transport_bw(transaction, phase, delay);
      responding = answer == tlm::TLM_ACCEPTED;
      while (responding) wait(changed);
      transaction.release();
    }
  }
  Style style;
  std::deque<tlm::tlm_generic_payload*> requests;
  bool responding = false;  // Between BEGIN_RESP and END_RESP.
  sc_core::sc_event changed;
};

/// Initiators, a checker on every connection, an arbiter and a target.
template <typename AnyTarget>
struct Bench {
  template <typename... TargetOptions>
  Bench(std::vector<std::vector<Access>> work, Arbitration order, std::size_t outstanding, sc_time response_delay,
        TargetOptions... options)
      : arbiter("arbiter", work.size(), order), target("target", options...) {
    for (std::size_t i = 0; i < work.size(); ++i) {
      const std::string number = std::to_string(i);
      initiators.push_back(
          std::make_unique<AtInitiator>(("initiator" + number).c_str(), work[i], outstanding, response_delay));
      checkers.push_back(std::make_unique<ProtocolChecker>(("checker" + number).c_str()));
      initiators[i]->socket.bind(checkers[i]->from_initiator);
      checkers[i]->to_target.bind(arbiter.inputs[i]);
    }
    arbiter.output.bind(output_checker.from_initiator);
    output_checker.to_target.bind(target.socket);
    sc_core::sc_start();
  }
  void expect_all_served() {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < initiators.size(); ++i) {
      SCOPED_TRACE("initiator " + std::to_string(i));
      EXPECT_THAT(checkers[i]->breaches(), IsEmpty());
      EXPECT_EQ(checkers[i]->open(), 0U);
      EXPECT_EQ(initiators[i]->completed(), initiators[i]->accesses().size());
      EXPECT_EQ(arbiter.statistics(i)[0].value, initiators[i]->accesses().size());
      for (const Access& each : initiators[i]->accesses()) EXPECT_EQ(each.status, tlm::TLM_OK_RESPONSE);
      total += initiators[i]->accesses().size();
    }
    EXPECT_THAT(output_checker.breaches(), IsEmpty());
    EXPECT_EQ(output_checker.completed(), total);
  }
  Kernel kernel;
  Arbiter arbiter;
  AnyTarget target;
  ProtocolChecker output_checker{"output_checker"};
  std::vector<std::unique_ptr<ProtocolChecker>> checkers;
  std::vector<std::unique_ptr<AtInitiator>> initiators;
};

std::vector<std::vector<Access>> busy(std::size_t inputs, std::size_t count) {
  std::vector<std::vector<Access>> work(inputs);
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t j = 0; j < count; ++j) work[i].push_back(access((i << 20) + 64 * j, 64));
  }
  return work;
}

TEST(Arbiter, KeepsTheProtocolWithEveryKindOfTargetAndInitiator) {
  using enum Target::Style;
  for (const Target::Style style : {four_phases, end_req_returned, response_returned, completed}) {
    for (const double response_ns : {0.0, 3.0, 35.0}) {
      for (const std::size_t outstanding : {1, 4}) {
        SCOPED_TRACE("style " + std::to_string(static_cast<int>(style)) + ", response in " +
                     std::to_string(response_ns) + " ns, " + std::to_string(outstanding) + " outstanding");
        Bench<Target> bench(busy(3, 20), Arbitration::round_robin, outstanding, sc_time(response_ns, SC_NS), style);
        bench.expect_all_served();
      }
    }
  }
}

TEST(Arbiter, RoundRobinServesBusyInputsInTurn) {
  Bench<Target> bench(busy(4, 25), Arbitration::round_robin, 4, SC_ZERO_TIME, Target::Style::end_req_returned);
  bench.expect_all_served();
  ASSERT_EQ(bench.target.order.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) ASSERT_EQ(bench.target.order[i], i % 4) << i;
}

TEST(Arbiter, FixedPriorityServesTheLowestInputFirst) {
  Bench<Target> bench(busy(3, 20), Arbitration::fixed, 4, SC_ZERO_TIME, Target::Style::end_req_returned);
  bench.expect_all_served();
  const std::vector<std::uint64_t>& order = bench.target.order;
  ASSERT_EQ(order.size(), 60U);
  EXPECT_THAT(std::vector(order.begin(), order.begin() + 20), Each(Eq(0U)));
  EXPECT_THAT(std::vector(order.begin() + 20, order.begin() + 40), Each(Eq(1U)));
  EXPECT_GT(bench.arbiter.statistics(2)[1].value, bench.arbiter.statistics(0)[1].value);  // waited
}

TEST(Arbiter, SharesDramFairlyAndRefusesNothingOfTheProtocol) {
  for (const double response_ns : {0.0, 11.0}) {
    std::mt19937 random(8);
    std::vector<std::vector<Access>> work(3);
    for (auto& accesses : work) {
      for (int i = 0; i < 400; ++i) accesses.push_back(access(random() % (1 << 22), 1 + random() % 200, random() % 2));
    }
    Bench<Dram> bench(work, Arbitration::round_robin, 8, sc_time(response_ns, SC_NS), dram_standard("DDR4-2400"));
    bench.expect_all_served();
    // All had as much to do: they end together.
    sc_time first = bench.initiators[0]->accesses().back().ended, last = first;
    for (const auto& initiator : bench.initiators) {
      first = std::min(first, initiator->accesses().back().ended);
      last = std::max(last, initiator->accesses().back().ended);
    }
    EXPECT_GT(first / last, 0.95);
  }
}

struct LocalBytes final : LocalMemoryIf {
  std::vector<std::uint8_t> data = std::vector<std::uint8_t>(1 << 18);
  std::uint64_t bytes() const override { return data.size(); }
  void read(std::uint64_t address, std::span<std::uint8_t> out) override {
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
  }
  void write(std::uint64_t address, std::span<const std::uint8_t> in) override {
    std::copy(in.begin(), in.end(), data.begin() + static_cast<std::ptrdiff_t>(address));
  }
};

TEST(Arbiter, SharesAMemoryOfFixedBandwidthExactly) {
  // Two inputs, each with four requests of 1000 bytes under way: the bus is never idle.
  std::vector<std::vector<Access>> work(2);
  for (int i = 0; i < 100; ++i) {
    work[0].push_back(access(0, 1000, false));
    work[1].push_back(access(5000, 1000, true));
  }
  Bench<FixedMemory> bench(work, Arbitration::round_robin, 4, SC_ZERO_TIME,
                           FixedMemoryOptions{.gigabytes_per_second = 10, .latency_ns = 120});
  bench.expect_all_served();
  EXPECT_EQ(bench.initiators[0]->accesses().back().ended, sc_time(120 + 199 * 100, SC_NS));
  EXPECT_EQ(bench.initiators[1]->accesses().back().ended, sc_time(120 + 200 * 100, SC_NS));
}

TEST(Arbiter, BothDmaChannelsShareOneDram) {
  for (const DmaProtocol protocol : {DmaProtocol::nonblocking, DmaProtocol::blocking}) {
    const Kernel kernel;
    LocalBytes local;
    std::mt19937 random(4);
    for (std::size_t i = 0; i < local.data.size() / 2; ++i) local.data[i] = static_cast<std::uint8_t>(random());
    Dram dram("dram", dram_standard("HBM2-2000"));
    Arbiter arbiter("arbiter", 2);
    DmaEngine engine("engine", local, {.protocol = protocol, .outstanding = 16});
    ProtocolChecker checker("checker");
    engine.load.socket.bind(arbiter.inputs[0]);
    engine.store.socket.bind(arbiter.inputs[1]);
    arbiter.output.bind(checker.from_initiator);
    checker.to_target.bind(dram.socket);
    // Half the local memory out, then back into the other half, while something else is stored.
    DmaDescriptor out;
    out.element_bytes = 1 << 17;
    out.destination = 1 << 20;
    DmaDescriptor back;
    back.element_bytes = 1 << 17;
    back.source = 1 << 20;
    back.destination = 1 << 17;
    DmaDescriptor other = out;
    other.destination = 4 << 20;
    int completions = 0;
    engine.store.submit(out, 0, [&](const DmaCompletion&) {
      ++completions;
      engine.load.submit(back, 0, [&](const DmaCompletion&) { ++completions; });
      engine.store.submit(other, 0, [&](const DmaCompletion&) { ++completions; });
    });
    sc_core::sc_start();
    EXPECT_EQ(completions, 3);
    EXPECT_THAT(checker.breaches(), IsEmpty());
    const auto half = local.data.begin() + (1 << 17);
    EXPECT_TRUE(std::equal(local.data.begin(), half, half));
  }
}

/// Loads and stores of long requests, to and from any bytes: what arrives, and that every connection keeps the
/// protocol.
TEST(Arbiter, BothDmaChannelsMoveLongRequestsSideBySide) {
  for (const char* standard : {"DDR4-2400", "LPDDR4-3200", "HBM2-2000"}) {
    for (const std::uint32_t request_bytes : {256, 1024, 4096}) {
      SCOPED_TRACE(standard + (" " + std::to_string(request_bytes)));
      const Kernel kernel;
      LocalBytes local, other;
      std::mt19937 random(request_bytes);
      for (auto& each : local.data) each = static_cast<std::uint8_t>(random());
      Dram dram("dram", dram_standard(standard));
      Arbiter arbiter("arbiter", 2);
      const DmaOptions options{.burst_bytes = request_bytes};
      DmaChannel store("store", DmaDirection::store, local, options), load("load", DmaDirection::load, other, options);
      ProtocolChecker checker("checker"), load_checker("load_checker"), store_checker("store_checker");
      load.socket.bind(load_checker.from_initiator);
      load_checker.to_target.bind(arbiter.inputs[0]);
      store.socket.bind(store_checker.from_initiator);
      store_checker.to_target.bind(arbiter.inputs[1]);
      arbiter.output.bind(checker.from_initiator);
      checker.to_target.bind(dram.socket);
      // Pieces of any length are stored; each is loaded into another memory as soon as it has been.
      std::uint64_t at = 0;
      int under_way = 0;
      while (at < local.data.size()) {
        const auto bytes =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(1 + random() % 9000, local.data.size() - at));
        DmaDescriptor out;
        out.element_bytes = bytes;
        out.source = at;
        out.destination = (1 << 20) + 3 * at;
        DmaDescriptor back = out;
        std::swap(back.source, back.destination);
        ++under_way;
        store.submit(out, 0, [&, back](const DmaCompletion&) {
          load.submit(back, 0, [&](const DmaCompletion&) { --under_way; });
        });
        at += bytes;
      }
      sc_core::sc_start();
      EXPECT_EQ(under_way, 0);
      EXPECT_EQ(local.data, other.data);
      EXPECT_THAT(checker.breaches(), IsEmpty());
      EXPECT_THAT(load_checker.breaches(), IsEmpty());
      EXPECT_THAT(store_checker.breaches(), IsEmpty());
      EXPECT_EQ(checker.open(), 0U);
    }
  }
}

TEST(Arbiter, RefusesWrongOptions) {
  const Kernel kernel;
  EXPECT_THAT([] { Arbiter("arbiter", 0); }, ThrowsMessage<std::invalid_argument>(HasSubstr("no inputs")));
  EXPECT_THAT([] { (void)arbitration("round-robin"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("did you mean 'round_robin'")));
}

}  // namespace
}  // namespace fusesim::memory
