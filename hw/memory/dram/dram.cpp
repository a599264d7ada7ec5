// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram.h"

#include <algorithm>
#include <array>
#include <functional>
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

}  // namespace

Dram::Dram(const sc_core::sc_module_name& module_name, const DramSpec& spec, const DramControllerOptions& options,
           bool move_bytes)
    : sc_module(module_name), controller_(spec, options), move_bytes_(move_bytes) {
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
  const DramSpec& spec = controller_.spec();
  if (!has_bytes_to_transfer(transaction, spec.bytes())) {
    respond(transaction, picoseconds);
    return picoseconds;
  }
  // The commands of a clock are decided after it, when all its requests have come.
  const Cycle arrival = spec.clock_at(picoseconds);
  run_until(arrival);
  Cycle entered = arrival;
  enter(transaction, arrival, false, entered);
  return entered == arrival ? picoseconds : spec.picoseconds(entered);
}

void Dram::advance() {
  const std::uint64_t now = now_picoseconds();
  run_until(controller_.spec().clock_at(now));
  send_responses(now);
  schedule(now);
}

void Dram::send_responses(std::uint64_t now) {
  while (responding_ == nullptr && response_free_ <= now && !responses_.empty() &&
         responses_.top().picoseconds <= now) {
    Transaction& transaction = *responses_.top().transaction;
    responses_.pop();
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
  std::uint64_t next = ~std::uint64_t{0};
  if (responding_ == nullptr && !responses_.empty()) next = std::max(responses_.top().picoseconds, response_free_);
  // Nobody outside sees a command before the data of its transaction has passed.
  const Cycle done = controller_.next_done();
  if (done != DramController::kNever) next = std::min(next, controller_.spec().picoseconds(done));
  if (next != ~std::uint64_t{0}) wake_.notify(duration(std::max(next, now) - now));
}

void Dram::b_transport(Transaction& transaction, sc_core::sc_time& delay) {
  const DramSpec& spec = controller_.spec();
  if (!has_bytes_to_transfer(transaction, spec.bytes())) return;
  const std::uint64_t now = now_picoseconds();
  run_until(spec.clock_at(now));
  Cycle entered = 0;
  const std::size_t tag = enter(transaction, spec.clock_at(now + delay.value()), true, entered);
  while (transfers_[tag].remaining != 0) {
    controller_.step(done_);
    collect();
  }
  transaction.set_response_status(tlm::TLM_OK_RESPONSE);
  delay = duration(spec.picoseconds(transfers_[tag].data_end) - now);
  free_transfers_.push_back(tag);
  // Bursts of nb_transport may have been served on the way.
  if (!responses_.empty() || !controller_.empty()) wake_.notify(sc_core::SC_ZERO_TIME);
}

unsigned Dram::transport_dbg(Transaction& transaction) {
  return move_bytes_ ? debug_access(transaction, bytes_, controller_.spec().bytes()) : 0;
}

std::size_t Dram::enter(Transaction& transaction, Cycle arrival, bool blocking, Cycle& entered) {
  if (free_transfers_.empty()) {
    free_transfers_.push_back(transfers_.size());
    transfers_.emplace_back();
  }
  const std::size_t tag = free_transfers_.back();
  free_transfers_.pop_back();
  const std::uint64_t bytes = controller_.spec().burst_bytes();
  const std::uint64_t first = transaction.get_address() / bytes;
  const std::uint64_t end = (transaction.get_address() + transaction.get_data_length() - 1) / bytes + 1;
  transfers_[tag] = {&transaction, end - first, 0, blocking};
  for (std::uint64_t next = first; next < end;) {
    if (controller_.full()) {
      arrival = std::max(arrival, controller_.make_room(done_));
      collect();
    }
    const std::uint64_t count = std::min(end - next, controller_.longest_run());
    controller_.push(tag, next * bytes, transaction.is_write(), arrival, static_cast<std::uint32_t>(count));
    next += count;
  }
  entered = arrival;
  if (move_bytes_) move_enabled_bytes(transaction, bytes_);
  (transaction.is_read() ? bytes_read_ : bytes_written_) += enabled_bytes(transaction);
  return tag;
}

void Dram::run_until(Cycle limit) {
  controller_.run_until(limit, done_);
  collect();
}

void Dram::collect() {
  for (const DramRunDone& run : done_) {
    Transfer& transfer = transfers_[run.tag];
    transfer.data_end = std::max(transfer.data_end, run.data_end);
    transfer.remaining -= run.bursts;
    if (transfer.remaining != 0) continue;
    Transaction& transaction = *transfer.transaction;
    if (transfer.blocking) continue;  // Its caller still reads the transfer.
    respond(transaction, controller_.spec().picoseconds(transfer.data_end));
    free_transfers_.push_back(run.tag);
  }
  done_.clear();
}

void Dram::respond(Transaction& transaction, std::uint64_t picoseconds) {
  responses_.push({picoseconds, response_order_++, &transaction});
}

std::vector<Statistic> Dram::statistics() const {
  std::vector<Statistic> all = controller_.statistics();
  all.push_back({"bytes_read", "bytes", "asked for by read transactions and delivered", bytes_read_});
  all.push_back({"bytes_written", "bytes", "given by write transactions, bytes not enabled excepted", bytes_written_});
  return all;
}

}  // namespace fusesim::memory
