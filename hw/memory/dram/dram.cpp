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
    : sc_module(module_name),
      controller_(spec, options),
      move_bytes_(move_bytes),
      least_latency_(std::min(spec.timing.cl, spec.timing.cwl) + spec.burst_clocks()) {
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
  if (phase == tlm::BEGIN_REQ) {
    if (request_ != nullptr) SC_REPORT_FATAL(name(), "BEGIN_REQ before the END_REQ of the last request");
    if (!transaction.has_mm()) SC_REPORT_FATAL(name(), "a transaction of nb_transport needs a memory manager");
    transaction.acquire();
    request_ = &transaction;
    request_time_ = now_picoseconds() + delay.value();
  } else if (phase == tlm::END_RESP) {
    if (responding_ != &transaction) SC_REPORT_FATAL(name(), "END_RESP of a transaction that is not responding");
    responding_ = nullptr;
    response_free_ = now_picoseconds() + delay.value();
    transaction.release();
  } else {
    SC_REPORT_FATAL(name(), "only BEGIN_REQ and END_RESP come this way");
  }
  wake_.notify(delay);
  return tlm::TLM_ACCEPTED;
}

void Dram::advance() {
  const std::uint64_t now = now_picoseconds();
  // The commands of a clock are decided after it, when all its requests have come.
  const Cycle clock = controller_.spec().clock_at(now);
  run_until(clock);
  accept_request(now, clock);
  send_response(now);
  schedule(now);
}

void Dram::accept_request(std::uint64_t now, Cycle clock) {
  while (request_ != nullptr && request_time_ <= now) {
    Transaction& transaction = *request_;
    if (request_transfer_ == kNone && has_bytes_to_transfer(transaction, controller_.spec().bytes()))
      request_transfer_ = open_transfer(transaction, false);
    if (request_transfer_ == kNone) {
      respond(transaction, now);
    } else if (!push_bursts(request_transfer_, clock)) {
      return;
    }
    request_transfer_ = kNone;
    request_ = nullptr;
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->nb_transport_bw(transaction, phase, delay);
  }
}

void Dram::send_response(std::uint64_t now) {
  while (responding_ == nullptr && response_free_ <= now && !responses_.empty() &&
         responses_.top().picoseconds <= now) {
    Transaction& transaction = *responses_.top().transaction;
    responses_.pop();
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
  const DramSpec& spec = controller_.spec();
  std::uint64_t next = ~std::uint64_t{0};
  const auto wake_at = [&next](std::uint64_t time) { next = std::min(next, time); };
  if (responding_ == nullptr && !responses_.empty()) wake_at(std::max(responses_.top().picoseconds, response_free_));
  if (request_ != nullptr && request_time_ > now) wake_at(request_time_);
  const Cycle command = controller_.next_command();
  if (command != DramController::kNever) {
    // Nobody outside sees a command before its data has passed, but for a request that waits for room in the queue.
    const bool waiting = request_transfer_ != kNone;
    wake_at(spec.picoseconds(command + (waiting ? 1 : least_latency_)));
  }
  if (next != ~std::uint64_t{0}) wake_.notify(duration(std::max(next, now) - now));
}

void Dram::b_transport(Transaction& transaction, sc_core::sc_time& delay) {
  if (!has_bytes_to_transfer(transaction, controller_.spec().bytes())) return;
  const DramSpec& spec = controller_.spec();
  const std::uint64_t now = now_picoseconds();
  const Cycle arrival = spec.clock_at(now + delay.value());
  run_until(spec.clock_at(now));
  const std::size_t tag = open_transfer(transaction, true);
  while (!push_bursts(tag, arrival)) {
    controller_.step(done_);
    collect();
  }
  while (transfers_[tag].remaining != 0) {
    controller_.step(done_);
    collect();
  }
  delay = duration(spec.picoseconds(transfers_[tag].data_end) - now);
  free_transfers_.push_back(tag);
  // Bursts of nb_transport may have been served on the way, and room made for more.
  if (request_ != nullptr || !responses_.empty() || !controller_.empty()) wake_.notify(sc_core::SC_ZERO_TIME);
}

unsigned Dram::transport_dbg(Transaction& transaction) {
  if (!move_bytes_) return 0;
  run_until(controller_.spec().clock_at(now_picoseconds()));
  return debug_access(transaction, bytes_, controller_.spec().bytes());
}

std::size_t Dram::open_transfer(Transaction& transaction, bool blocking) {
  if (free_transfers_.empty()) {
    free_transfers_.push_back(transfers_.size());
    transfers_.emplace_back();
  }
  const std::size_t tag = free_transfers_.back();
  free_transfers_.pop_back();
  const std::uint64_t bytes = controller_.spec().burst_bytes();
  const std::uint64_t first = transaction.get_address() / bytes;
  const std::uint64_t last = (transaction.get_address() + transaction.get_data_length() - 1) / bytes;
  transfers_[tag] = {&transaction, first * bytes, last - first + 1, 0, blocking};
  return tag;
}

bool Dram::push_bursts(std::size_t tag, Cycle arrival) {
  Transfer& transfer = transfers_[tag];
  const Transaction& transaction = *transfer.transaction;
  const std::uint64_t end = transaction.get_address() + transaction.get_data_length();
  while (transfer.next < end) {
    if (controller_.full()) return false;
    controller_.push(tag, transfer.next, transaction.is_write(), arrival);
    transfer.next += controller_.spec().burst_bytes();
  }
  return true;
}

void Dram::run_until(Cycle limit) {
  controller_.run_until(limit, done_);
  collect();
}

void Dram::collect() {
  for (const DramBurstDone& burst : done_) {
    Transfer& transfer = transfers_[burst.tag];
    move_burst(*transfer.transaction, burst.address);
    transfer.data_end = std::max(transfer.data_end, burst.data_end);
    if (--transfer.remaining != 0) continue;
    Transaction& transaction = *transfer.transaction;
    transaction.set_response_status(tlm::TLM_OK_RESPONSE);
    if (transfer.blocking) continue;  // Its caller still reads the transfer.
    respond(transaction, controller_.spec().picoseconds(transfer.data_end));
    free_transfers_.push_back(burst.tag);
  }
  done_.clear();
}

void Dram::move_burst(const Transaction& transaction, std::uint64_t burst) {
  const std::uint64_t first = transaction.get_address();
  const std::uint64_t begin = std::max(burst, first);
  const std::uint64_t end = std::min(burst + controller_.spec().burst_bytes(), first + transaction.get_data_length());
  const std::uint64_t offset = begin - first;
  const std::span<std::uint8_t> data(transaction.get_data_ptr() + offset, end - begin);
  const std::uint8_t* enable = transaction.get_byte_enable_ptr();
  if (enable == nullptr) {
    if (transaction.is_read()) {
      if (move_bytes_) bytes_.read(begin, data);
      bytes_read_ += data.size();
    } else {
      if (move_bytes_) bytes_.write(begin, data);
      bytes_written_ += data.size();
    }
    return;
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (enable[(offset + i) % transaction.get_byte_enable_length()] != TLM_BYTE_ENABLED) continue;
    if (transaction.is_read()) {
      if (move_bytes_) bytes_.read(begin + i, data.subspan(i, 1));
      ++bytes_read_;
    } else {
      if (move_bytes_) bytes_.write(begin + i, data.subspan(i, 1));
      ++bytes_written_;
    }
  }
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
