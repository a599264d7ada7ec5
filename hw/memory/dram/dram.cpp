// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram.h"

#include <algorithm>
#include <stdexcept>

#include "hw/memory/dram/target_bytes.h"

namespace fusesim::memory {
namespace {

std::uint64_t now_picoseconds() {
  return sc_core::sc_time_stamp().value();
}

sc_core::sc_time duration(std::uint64_t picoseconds) {
  return sc_core::sc_time::from_value(picoseconds);
}

std::uint64_t tag_of(tlm::tlm_generic_payload& transaction) {
  return reinterpret_cast<std::uintptr_t>(&transaction);
}

tlm::tlm_generic_payload& transaction_of(const MemoryAnswer& answer) {
  return *reinterpret_cast<tlm::tlm_generic_payload*>(answer.tag);
}

}  // namespace

Dram::Dram(const sc_core::sc_module_name& module_name, const DramSpec& spec, const DramControllerOptions& options,
           bool move_bytes)
    : sc_module(module_name), service_(spec, options), move_bytes_(move_bytes) {
  if (sc_core::sc_get_time_resolution() != sc_core::sc_time(1, sc_core::SC_PS)) {
    throw std::invalid_argument(std::string("DRAM '") + name() + "': the SystemC time resolution must be 1 ps");
  }
  socket.register_nb_transport_fw(this, &Dram::nb_transport_fw);
  socket.register_b_transport(this, &Dram::b_transport);
  socket.register_transport_dbg(this, &Dram::transport_dbg);
  SC_METHOD(advance);
  sensitive << wake_;
  dont_initialize();
}

tlm::tlm_sync_enum Dram::nb_transport_fw(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  const std::uint64_t now = now_picoseconds();
  if (phase == tlm::BEGIN_REQ) {
    if (!transaction.has_mm()) SC_REPORT_FATAL(name(), "a transaction of nb_transport needs a memory manager");
    const std::uint64_t time = now + delay.value();
    if (time < request_free_) SC_REPORT_FATAL(name(), "BEGIN_REQ before the END_REQ of the last request");
    transaction.acquire();
    request_free_ = begin_request(transaction, time);
    schedule(now);
    phase = tlm::END_REQ;
    delay = duration(request_free_ - now);
    return tlm::TLM_UPDATED;
  }
  if (phase != tlm::END_RESP) SC_REPORT_FATAL(name(), "only BEGIN_REQ and END_RESP come this way");
  if (responding_ != &transaction) SC_REPORT_FATAL(name(), "END_RESP of a transaction that is not responding");
  responding_ = nullptr;
  response_free_ = now + delay.value();
  transaction.release();
  wake_.notify(delay);
  return tlm::TLM_ACCEPTED;
}

std::uint64_t Dram::begin_request(Transaction& transaction, std::uint64_t picoseconds) {
  if (!has_bytes_to_transfer(transaction, service_.spec().bytes())) {
    service_.answers().push({picoseconds, tag_of(transaction)});
    return picoseconds;
  }
  const std::uint64_t entered = service_.request(tag_of(transaction), transaction.get_address(),
                                                 transaction.get_data_length(), transaction.is_write(), picoseconds);
  move_bytes(transaction);
  return entered;
}

void Dram::move_bytes(Transaction& transaction) {
  if (move_bytes_) move_enabled_bytes(transaction, bytes_);
  service_.count(transaction.is_write(), enabled_bytes(transaction));
}

void Dram::advance() {
  const std::uint64_t now = now_picoseconds();
  service_.run_until(now);
  send_responses(now);
  schedule(now);
}

void Dram::send_responses(std::uint64_t now) {
  MemoryAnswers& answers = service_.answers();
  while (responding_ == nullptr && response_free_ <= now && !answers.empty() && answers.first().picoseconds <= now) {
    Transaction& transaction = transaction_of(answers.first());
    answers.pop();
    if (transaction.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE) {
      transaction.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    responding_ = &transaction;
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const tlm::tlm_sync_enum answer = socket->nb_transport_bw(transaction, phase, delay);
    const bool ended = answer == tlm::TLM_COMPLETED || (answer == tlm::TLM_UPDATED && phase == tlm::END_RESP);
    if (ended && responding_ == &transaction) {
      responding_ = nullptr;
      response_free_ = now + delay.value();
      transaction.release();
    }
  }
}

void Dram::schedule(std::uint64_t now) {
  const MemoryAnswers& answers = service_.answers();
  std::uint64_t next = DramService::kNever;
  if (responding_ == nullptr && !answers.empty()) next = std::max(answers.first().picoseconds, response_free_);
  // Nobody outside sees a command before the data of its transaction has passed.
  next = std::min(next, service_.next_done());
  if (next != DramService::kNever) wake_.notify(duration(std::max(next, now) - now));
}

void Dram::b_transport(Transaction& transaction, sc_core::sc_time& delay) {
  if (!has_bytes_to_transfer(transaction, service_.spec().bytes())) return;
  const std::uint64_t now = now_picoseconds();
  const std::uint64_t end = service_.serve(transaction.get_address(), transaction.get_data_length(),
                                           transaction.is_write(), now, now + delay.value());
  move_bytes(transaction);
  transaction.set_response_status(tlm::TLM_OK_RESPONSE);
  delay = duration(end - now);
  // Bursts of nb_transport may have been served on the way.
  if (!service_.answers().empty() || !service_.idle()) wake_.notify(sc_core::SC_ZERO_TIME);
}

unsigned Dram::transport_dbg(Transaction& transaction) {
  return move_bytes_ ? debug_access(transaction, bytes_, service_.spec().bytes()) : 0;
}

}  // namespace fusesim::memory
