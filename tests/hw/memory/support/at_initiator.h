// SPDX-License-Identifier: Apache-2.0
// An approximately timed initiator that a test feeds with accesses.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

namespace fusesim::memory_test {

struct Access {
  bool write = false;
  std::uint64_t address = 0;
  std::vector<std::uint8_t> data;     ///< To write, or room for what is read.
  std::vector<std::uint8_t> enables;  ///< Empty: all.
  sc_core::sc_time begun, accepted, ended;
  tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
};

/// Sends its accesses in order, each as soon as the last was accepted and fewer than `outstanding` are under way.
/// Ends responses in the call or, with a response delay, by END_RESP that much later.
class AtInitiator final : public sc_core::sc_module, public tlm::tlm_mm_interface {
 public:
  tlm_utils::simple_initiator_socket<AtInitiator> socket{"socket"};

  SC_HAS_PROCESS(AtInitiator);
  AtInitiator(const sc_core::sc_module_name& module_name, std::vector<Access> accesses, std::size_t outstanding,
              sc_core::sc_time response_delay = sc_core::SC_ZERO_TIME);

  [[nodiscard]] const std::vector<Access>& accesses() const { return accesses_; }
  [[nodiscard]] std::size_t completed() const { return completed_; }

 private:
  void free(tlm::tlm_generic_payload* transaction) override;
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void send();
  void end_response();
  void finish(tlm::tlm_generic_payload& transaction);
  std::size_t index(const tlm::tlm_generic_payload& transaction) const;

  std::vector<Access> accesses_;
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> transactions_;
  std::size_t outstanding_;
  sc_core::sc_time response_delay_;
  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
  std::size_t completed_ = 0;
  const tlm::tlm_generic_payload* requesting_ = nullptr;
  sc_core::sc_time request_free_;  ///< When the last END_REQ takes effect.
  tlm::tlm_generic_payload* responding_ = nullptr;
  sc_core::sc_event send_, end_;
};

}  // namespace fusesim::memory_test
