// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/memory/support/protocol_checker.h"

#include <algorithm>

namespace fusesim::memory_test {

ProtocolChecker::ProtocolChecker(const sc_core::sc_module_name& module_name) : sc_module(module_name) {
  from_initiator.register_nb_transport_fw(this, &ProtocolChecker::forward);
  from_initiator.register_b_transport(this, &ProtocolChecker::blocking);
  from_initiator.register_transport_dbg(this, &ProtocolChecker::debug);
  to_target.register_nb_transport_bw(this, &ProtocolChecker::backward);
}

void ProtocolChecker::blocking(Transaction& transaction, sc_core::sc_time& delay) {
  to_target->b_transport(transaction, delay);
}

unsigned ProtocolChecker::debug(Transaction& transaction) {
  return to_target->transport_dbg(transaction);
}

tlm::tlm_sync_enum ProtocolChecker::forward(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::BEGIN_REQ && phase != tlm::END_RESP) breach(transaction, "phase of a target sent by the initiator");
  const bool request = phase == tlm::BEGIN_REQ;
  see(transaction, phase, delay);
  const tlm::tlm_sync_enum answer = to_target->nb_transport_fw(transaction, phase, delay);
  if (answer == tlm::TLM_UPDATED) {
    if (!request || (phase != tlm::END_REQ && phase != tlm::BEGIN_RESP)) breach(transaction, "update to a wrong phase");
    see(transaction, phase, delay);
  } else if (answer == tlm::TLM_COMPLETED && request) {
    begin_response(transaction);
    complete(transaction);
  }
  return answer;
}

tlm::tlm_sync_enum ProtocolChecker::backward(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::END_REQ && phase != tlm::BEGIN_RESP)
    breach(transaction, "phase of an initiator sent by the target");
  const bool response = phase == tlm::BEGIN_RESP;
  see(transaction, phase, delay);
  const tlm::tlm_sync_enum answer = from_initiator->nb_transport_bw(transaction, phase, delay);
  if (answer == tlm::TLM_UPDATED) {
    if (!response || phase != tlm::END_RESP) breach(transaction, "update to a wrong phase");
    see(transaction, phase, delay);
  } else if (answer == tlm::TLM_COMPLETED) {
    if (response) {
      complete(transaction);
    } else {
      breach(transaction, "completed by the initiator before its response");
    }
  }
  return answer;
}

void ProtocolChecker::see(const Transaction& transaction, const tlm::tlm_phase& phase, const sc_core::sc_time& delay) {
  const sc_core::sc_time time = sc_core::sc_time_stamp() + delay;
  if (phase == tlm::BEGIN_REQ) {
    begin_request(transaction, time);
    return;
  }
  const auto at = open_.find(&transaction);
  if (at == open_.end()) {
    breach(transaction, "phase of a transaction that has not begun");
    return;
  }
  if (time < at->second.time) breach(transaction, "goes back in time");
  at->second.time = time;
  if (attributes(transaction) != at->second.attributes) breach(transaction, "attributes changed on the way");
  if (phase == tlm::END_REQ) {
    end_request(transaction);
  } else if (phase == tlm::BEGIN_RESP) {
    begin_response(transaction);
  } else if (phase == tlm::END_RESP) {
    if (at->second.state != State::response) breach(transaction, "END_RESP before BEGIN_RESP");
    complete(transaction);
  }
}

void ProtocolChecker::begin_request(const Transaction& transaction, const sc_core::sc_time& time) {
  if (!transaction.has_mm()) breach(transaction, "no memory manager");
  if (requesting_ != nullptr) breach(transaction, "BEGIN_REQ while another request waits for END_REQ");
  if (transaction.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE) breach(transaction, "begins with a response");
  if (!open_.emplace(&transaction, Open{State::request, time, attributes(transaction)}).second) {
    breach(transaction, "BEGIN_REQ again before it completed");
  }
  requesting_ = &transaction;
  most_open_ = std::max(most_open_, open_.size());
}

void ProtocolChecker::end_request(const Transaction& transaction) {
  Open& open = open_.at(&transaction);
  if (open.state != State::request) breach(transaction, "END_REQ twice or after the response");
  open.state = State::accepted;
  if (requesting_ == &transaction) requesting_ = nullptr;
}

void ProtocolChecker::begin_response(const Transaction& transaction) {
  Open& open = open_.at(&transaction);
  if (open.state == State::response) breach(transaction, "BEGIN_RESP twice");
  if (requesting_ == &transaction) requesting_ = nullptr;
  if (responding_ != nullptr && responding_ != &transaction) {
    breach(transaction, "BEGIN_RESP while another response waits for END_RESP");
  }
  if (transaction.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
    breach(transaction, "responds without a status");
  open.state = State::response;
  responding_ = &transaction;
}

void ProtocolChecker::complete(const Transaction& transaction) {
  open_.erase(&transaction);
  if (responding_ == &transaction) responding_ = nullptr;
  ++completed_;
}

void ProtocolChecker::breach(const Transaction& transaction, const std::string& what) {
  breaches_.push_back(sc_core::sc_time_stamp().to_string() + ", address " + std::to_string(transaction.get_address()) +
                      ": " + what);
}

ProtocolChecker::Attributes ProtocolChecker::attributes(const Transaction& transaction) {
  return {transaction.get_command(),         transaction.get_address(),
          transaction.get_data_length(),     transaction.get_byte_enable_length(),
          transaction.get_streaming_width(), transaction.get_data_ptr(),
          transaction.get_byte_enable_ptr()};
}

}  // namespace fusesim::memory_test
