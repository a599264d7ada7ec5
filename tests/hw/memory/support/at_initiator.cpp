// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/memory/support/at_initiator.h"

#include <algorithm>

namespace fusesim::memory_test {

AtInitiator::AtInitiator(const sc_core::sc_module_name& module_name, std::vector<Access> accesses,
                         std::size_t outstanding, sc_core::sc_time response_delay)
    : sc_module(module_name),
      accesses_(std::move(accesses)),
      transactions_(accesses_.size()),
      outstanding_(outstanding),
      response_delay_(response_delay) {
  socket.register_nb_transport_bw(this, &AtInitiator::backward);
  SC_METHOD(send);
  sensitive << send_;
  SC_METHOD(end_response);
  sensitive << end_;
  dont_initialize();
}

void AtInitiator::free(tlm::tlm_generic_payload* transaction) {
  transaction->reset();
}

std::size_t AtInitiator::index(const tlm::tlm_generic_payload& transaction) const {
  const auto at = std::find_if(transactions_.begin(), transactions_.end(),
                               [&](const auto& each) { return each.get() == &transaction; });
  return static_cast<std::size_t>(at - transactions_.begin());
}

void AtInitiator::send() {
  while (next_ < accesses_.size() && requesting_ == nullptr && under_way_ < outstanding_) {
    if (request_free_ > sc_core::sc_time_stamp()) return;  // notified for then
    Access& access = accesses_[next_];
    auto& transaction = transactions_[next_++];
    transaction = std::make_unique<tlm::tlm_generic_payload>(this);
    transaction->acquire();
    transaction->set_command(access.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    transaction->set_address(access.address);
    transaction->set_data_ptr(access.data.data());
    transaction->set_data_length(static_cast<unsigned>(access.data.size()));
    transaction->set_streaming_width(static_cast<unsigned>(access.data.size()));
    if (!access.enables.empty()) {
      transaction->set_byte_enable_ptr(access.enables.data());
      transaction->set_byte_enable_length(static_cast<unsigned>(access.enables.size()));
    }
    access.begun = sc_core::sc_time_stamp();
    ++under_way_;
    requesting_ = transaction.get();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const tlm::tlm_sync_enum answer = socket->nb_transport_fw(*transaction, phase, delay);
    if (answer == tlm::TLM_UPDATED) {
      backward(*transaction, phase, delay);
    } else if (answer == tlm::TLM_COMPLETED) {
      requesting_ = nullptr;
      finish(*transaction);
    }
  }
}

tlm::tlm_sync_enum AtInitiator::backward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase,
                                         sc_core::sc_time& delay) {
  if (requesting_ == &transaction) {
    accesses_[index(transaction)].accepted = sc_core::sc_time_stamp() + delay;
    request_free_ = sc_core::sc_time_stamp() + delay;
    requesting_ = nullptr;
    send_.notify(delay);
  }
  if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
  if (response_delay_ == sc_core::SC_ZERO_TIME) {
    finish(transaction);
    return tlm::TLM_COMPLETED;
  }
  responding_ = &transaction;
  end_.notify(response_delay_ + delay);
  return tlm::TLM_ACCEPTED;
}

void AtInitiator::end_response() {
  tlm::tlm_generic_payload& transaction = *responding_;
  tlm::tlm_phase phase = tlm::END_RESP;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  socket->nb_transport_fw(transaction, phase, delay);
  finish(transaction);
}

void AtInitiator::finish(tlm::tlm_generic_payload& transaction) {
  Access& access = accesses_[index(transaction)];
  access.ended = sc_core::sc_time_stamp();
  access.status = transaction.get_response_status();
  --under_way_;
  ++completed_;
  transaction.release();
  send_.notify(request_free_ > sc_core::sc_time_stamp() ? request_free_ - sc_core::sc_time_stamp()
                                                        : sc_core::SC_ZERO_TIME);
}

}  // namespace fusesim::memory_test
