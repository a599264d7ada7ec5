// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/fixed_memory.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

#include "hw/memory/dram/target_bytes.h"

namespace fusesim::memory {
namespace {

std::uint64_t now_picoseconds() {
  return sc_core::sc_time_stamp().value();
}

sc_core::sc_time duration(std::uint64_t picoseconds) {
  return sc_core::sc_time::from_value(picoseconds);
}

[[noreturn]] void refuse(const char* memory, const char* option, double value, const char* rule) {
  std::ostringstream text;
  text << "memory '" << memory << "': " << option << " is " << value << "; " << rule;
  throw std::invalid_argument(text.str());
}

}  // namespace

FixedMemory::FixedMemory(const sc_core::sc_module_name& module_name, const FixedMemoryOptions& options)
    : sc_module(module_name), options_(options), latency_(0) {
  if (sc_core::sc_get_time_resolution() != sc_core::sc_time(1, sc_core::SC_PS)) {
    throw std::invalid_argument(std::string("memory '") + name() + "': the SystemC time resolution must be 1 ps");
  }
  if (options.bytes == 0) refuse(name(), "bytes", 0, "it must be at least 1");
  if (!(options.gigabytes_per_second >= 1e-6 && options.gigabytes_per_second <= 1e6)) {
    refuse(name(), "gigabytes_per_second", options.gigabytes_per_second, "it must be from 1e-6 to 1e6");
  }
  if (!(options.latency_ns >= 0 && options.latency_ns <= 1e9)) {
    refuse(name(), "latency_ns", options.latency_ns, "it must be from 0 to 1e9");
  }
  latency_ = static_cast<std::uint64_t>(std::llround(options.latency_ns * 1000));
  socket.register_nb_transport_fw(this, &FixedMemory::nb_transport_fw);
  socket.register_b_transport(this, &FixedMemory::b_transport);
  socket.register_transport_dbg(this, &FixedMemory::transport_dbg);
  SC_METHOD(respond);
  sensitive << wake_;
  dont_initialize();
}

tlm::tlm_sync_enum FixedMemory::nb_transport_fw(Transaction& transaction, tlm::tlm_phase& phase,
                                                sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_REQ) {
    if (!transaction.has_mm()) SC_REPORT_FATAL(name(), "a transaction of nb_transport needs a memory manager");
    transaction.acquire();
    const std::uint64_t now = now_picoseconds();
    const std::uint64_t end = serve(transaction, now + delay.value());
    // An error may be answered before the data of earlier requests has passed.
    const auto place =
        std::upper_bound(responses_.begin(), responses_.end(), end,
                         [](std::uint64_t time, const Response& each) { return time < each.picoseconds; });
    responses_.insert(place, {end, &transaction});
    wake_.notify(duration(end - now));
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
  }
  if (phase != tlm::END_RESP) SC_REPORT_FATAL(name(), "only BEGIN_REQ and END_RESP come this way");
  if (responding_ != &transaction) SC_REPORT_FATAL(name(), "END_RESP of a transaction that is not responding");
  responding_ = nullptr;
  response_free_ = now_picoseconds() + delay.value();
  transaction.release();
  wake_.notify(delay);
  return tlm::TLM_ACCEPTED;
}

void FixedMemory::b_transport(Transaction& transaction, sc_core::sc_time& delay) {
  const std::uint64_t now = now_picoseconds();
  delay = duration(serve(transaction, now + delay.value()) - now);
}

unsigned FixedMemory::transport_dbg(Transaction& transaction) {
  return options_.move_bytes ? debug_access(transaction, bytes_, options_.bytes) : 0;
}

std::uint64_t FixedMemory::serve(Transaction& transaction, std::uint64_t picoseconds) {
  if (!has_bytes_to_transfer(transaction, options_.bytes)) return picoseconds;
  const std::uint64_t first_data = picoseconds + latency_;
  if (first_data >= busy_until_) {
    busy_from_ = busy_until_ = first_data;
    busy_bytes_ = 0;
  }
  busy_bytes_ += transaction.get_data_length();
  const double passed = std::ceil(static_cast<double>(busy_bytes_) * 1000 / options_.gigabytes_per_second);
  const std::uint64_t end = busy_from_ + static_cast<std::uint64_t>(passed);
  data_busy_ += end - busy_until_;
  busy_until_ = end;
  if (options_.move_bytes) move_enabled_bytes(transaction, bytes_);
  ++(transaction.is_read() ? reads_ : writes_);
  (transaction.is_read() ? bytes_read_ : bytes_written_) += enabled_bytes(transaction);
  transaction.set_response_status(tlm::TLM_OK_RESPONSE);
  return end;
}

void FixedMemory::respond() {
  const std::uint64_t now = now_picoseconds();
  while (responding_ == nullptr && !responses_.empty()) {
    const std::uint64_t from = std::max(responses_.front().picoseconds, response_free_);
    if (from > now) {
      wake_.notify(duration(from - now));
      return;
    }
    Transaction& transaction = *responses_.front().transaction;
    responses_.pop_front();
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

std::vector<Statistic> FixedMemory::statistics() const {
  return {
      {"reads", "transactions", "that read", reads_},
      {"writes", "transactions", "that wrote", writes_},
      {"bytes_read", "bytes", "asked for by read transactions and delivered", bytes_read_},
      {"bytes_written", "bytes", "given by write transactions, bytes not enabled excepted", bytes_written_},
      {"data_busy", "ps", "in which the data bus carried data", data_busy_},
  };
}

}  // namespace fusesim::memory
