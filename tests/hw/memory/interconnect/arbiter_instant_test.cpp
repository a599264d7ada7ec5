// SPDX-License-Identifier: Apache-2.0
// All requests of an instant compete, also those that follow from a response of that instant, whatever the order of
// processes.
#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <deque>

#include "hw/memory/interconnect/arbiter.h"
#include "tests/hw/memory/support/at_initiator.h"
#include "tests/hw/memory/support/kernel.h"

namespace fusesim::memory {
namespace {

using memory_test::Access;
using memory_test::AtInitiator;
using sc_core::SC_NS;
using sc_core::sc_time;

/// Takes 10 ns for a request and answers it just when it can take the next one; with `late` a delta cycle after that.
struct PunctualTarget final : public sc_core::sc_module {
  tlm_utils::simple_target_socket<PunctualTarget> socket{"socket"};
  std::vector<std::uint64_t> order;  ///< Which input each request came from: its address.

  SC_HAS_PROCESS(PunctualTarget);
  PunctualTarget(const sc_core::sc_module_name& module_name, bool late) : sc_module(module_name), late_(late) {
    socket.register_nb_transport_fw(this, &PunctualTarget::forward);
    SC_METHOD(wake);
    sensitive << wake_;
    dont_initialize();
    SC_METHOD(respond);
    sensitive << respond_;
    dont_initialize();
  }

 private:
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase, sc_time& delay) {
    order.push_back(transaction.get_address());
    transaction.acquire();
    taken_.push_back(&transaction);
    wake_.notify(10, SC_NS);
    phase = tlm::END_REQ;
    delay = sc_time(10, SC_NS);
    return tlm::TLM_UPDATED;
  }
  void wake() {
    if (late_) {
      respond_.notify(sc_core::SC_ZERO_TIME);
    } else {
      respond();
    }
  }
  void respond() {
    tlm::tlm_generic_payload& transaction = *taken_.front();
    taken_.pop_front();
    transaction.set_response_status(tlm::TLM_OK_RESPONSE);
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_time delay = sc_core::SC_ZERO_TIME;
    EXPECT_EQ(socket->nb_transport_bw(transaction, phase, delay), tlm::TLM_COMPLETED);
    transaction.release();
  }
  bool late_;
  std::deque<tlm::tlm_generic_payload*> taken_;
  sc_core::sc_event wake_, respond_;
};

TEST(ArbiterInstant, ARequestThatAResponseMadeRoomForStillWinsByItsPriority) {
  constexpr std::size_t count = 20;
  for (const bool late : {false, true}) {
    SCOPED_TRACE(late);
    const memory_test::Kernel kernel;
    Arbiter arbiter("arbiter", 2, Arbitration::fixed);
    PunctualTarget target("target", late);
    arbiter.output.bind(target.socket);
    std::unique_ptr<AtInitiator> initiators[2];
    for (const std::size_t i : {0, 1}) {
      Access access;
      access.address = i;
      access.data.resize(1);
      // Input 0 waits for each response before it sends again; input 1 always has a request waiting.
      initiators[i] =
          std::make_unique<AtInitiator>(i == 0 ? "first" : "second", std::vector(count, access), i == 0 ? 1 : count);
      initiators[i]->socket.bind(arbiter.inputs[i]);
    }
    sc_core::sc_start();
    std::vector<std::uint64_t> expected(count, 0);
    expected.insert(expected.end(), count, 1);
    EXPECT_EQ(target.order, expected);
    EXPECT_EQ(initiators[0]->accesses().back().ended, sc_time(10.0 * count, SC_NS));
  }
}

}  // namespace
}  // namespace fusesim::memory
