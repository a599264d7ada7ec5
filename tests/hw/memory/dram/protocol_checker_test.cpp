// SPDX-License-Identifier: Apache-2.0
// The protocol checker of these tests finds breaches: an initiator and a target that commit them.
#include "tests/hw/memory/support/protocol_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/hw/memory/support/kernel.h"

namespace fusesim::memory_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

/// Sockets at both ends of a checker, driven phase by phase.
struct Ends final : public sc_core::sc_module, public tlm::tlm_mm_interface {
  tlm_utils::simple_initiator_socket<Ends> initiator{"initiator"};
  tlm_utils::simple_target_socket<Ends> target{"target"};
  ProtocolChecker checker{"checker"};
  tlm::tlm_generic_payload a{this}, b{this};

  SC_HAS_PROCESS(Ends);
  Ends(const sc_core::sc_module_name& module_name, std::function<void(Ends&)> script)
      : sc_module(module_name), script_(std::move(script)) {
    initiator.bind(checker.from_initiator);
    checker.to_target.bind(target);
    initiator.register_nb_transport_bw(this, &Ends::accept);
    target.register_nb_transport_fw(this, &Ends::accept);
    a.acquire();
    b.acquire();
    SC_METHOD(go);
  }
  void free(tlm::tlm_generic_payload*) override {}

  void forward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase phase, double delay_ns = 0) {
    sc_core::sc_time delay(delay_ns, sc_core::SC_NS);
    initiator->nb_transport_fw(transaction, phase, delay);
  }
  void backward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase phase, double delay_ns = 0) {
    sc_core::sc_time delay(delay_ns, sc_core::SC_NS);
    target->nb_transport_bw(transaction, phase, delay);
  }

 private:
  tlm::tlm_sync_enum accept(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) { return tlm::TLM_ACCEPTED; }
  void go() { script_(*this); }
  std::function<void(Ends&)> script_;
};

std::vector<std::string> breaches_of(std::function<void(Ends&)> script) {
  const Kernel kernel;
  Ends ends("ends", std::move(script));
  sc_core::sc_start();
  return ends.checker.breaches();
}

TEST(ProtocolChecker, PassesFourPhasesOfOverlappingTransactions) {
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.backward(e.a, tlm::END_REQ);
                e.forward(e.b, tlm::BEGIN_REQ, 1);
                e.a.set_response_status(tlm::TLM_OK_RESPONSE);
                e.backward(e.a, tlm::BEGIN_RESP, 2);
                e.forward(e.a, tlm::END_RESP, 3);
                e.b.set_response_status(tlm::TLM_OK_RESPONSE);
                e.backward(e.b, tlm::BEGIN_RESP, 4);  // implies END_REQ
                e.forward(e.b, tlm::END_RESP, 4);
              }),
              IsEmpty());
}

TEST(ProtocolChecker, FindsASecondRequestBeforeEndReq) {
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.forward(e.b, tlm::BEGIN_REQ);
              }),
              Contains(HasSubstr("waits for END_REQ")));
}

TEST(ProtocolChecker, FindsASecondResponseBeforeEndResp) {
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.backward(e.a, tlm::END_REQ);
                e.forward(e.b, tlm::BEGIN_REQ);
                e.backward(e.b, tlm::END_REQ);
                e.a.set_response_status(tlm::TLM_OK_RESPONSE);
                e.b.set_response_status(tlm::TLM_OK_RESPONSE);
                e.backward(e.a, tlm::BEGIN_RESP);
                e.backward(e.b, tlm::BEGIN_RESP);
              }),
              Contains(HasSubstr("waits for END_RESP")));
}

TEST(ProtocolChecker, FindsPhasesOutOfOrderAndOutOfNothing) {
  EXPECT_THAT(breaches_of([](Ends& e) { e.backward(e.a, tlm::END_REQ); }), Contains(HasSubstr("has not begun")));
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.forward(e.a, tlm::END_RESP);
              }),
              Contains(HasSubstr("END_RESP before BEGIN_RESP")));
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.backward(e.a, tlm::END_REQ);
                e.backward(e.a, tlm::END_REQ);
              }),
              Contains(HasSubstr("END_REQ twice")));
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.forward(e.a, tlm::END_REQ);
              }),
              Contains(HasSubstr("phase of a target")));
}

TEST(ProtocolChecker, FindsTimesThatRunBackAttributesThatChangeAndMissingStatus) {
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ, 5);
                e.backward(e.a, tlm::END_REQ, 4);
              }),
              Contains(HasSubstr("back in time")));
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.a.set_address(1);
                e.backward(e.a, tlm::END_REQ);
              }),
              Contains(HasSubstr("attributes changed")));
  EXPECT_THAT(breaches_of([](Ends& e) {
                e.forward(e.a, tlm::BEGIN_REQ);
                e.backward(e.a, tlm::BEGIN_RESP);
              }),
              Contains(HasSubstr("without a status")));
}

}  // namespace
}  // namespace fusesim::memory_test
