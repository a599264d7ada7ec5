// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/fixed_memory.h"

#include <algorithm>
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

FixedService checked_service(const char* memory, const FixedMemoryOptions& options) {
  if (sc_core::sc_get_time_resolution() != sc_core::sc_time(1, sc_core::SC_PS)) {
    throw std::invalid_argument(std::string("memory '") + memory + "': the SystemC time resolution must be 1 ps");
  }
  if (options.bytes == 0) refuse(memory, "bytes", 0, "it must be at least 1");
  if (!(options.gigabytes_per_second >= 1e-6 && options.gigabytes_per_second <= 1e6)) {
    refuse(memory, "gigabytes_per_second", options.gigabytes_per_second, "it must be from 1e-6 to 1e6");
  }
  if (!(options.latency_ns >= 0 && options.latency_ns <= 1e9)) {
    refuse(memory, "latency_ns", options.latency_ns, "it must be from 0 to 1e9");
  }
  return {options.gigabytes_per_second, options.latency_ns};
}

}  // namespace

FixedMemory::FixedMemory(const sc_core::sc_module_name& module_name, const FixedMemoryOptions& options)
    : sc_module(module_name), options_(options), service_(checked_service(name(), options)) {
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
    service_.answers().push({end, reinterpret_cast<std::uintptr_t>(&transaction)});
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
  if (options_.move_bytes) move_enabled_bytes(transaction, bytes_);
  transaction.set_response_status(tlm::TLM_OK_RESPONSE);
  return service_.serve(transaction.get_data_length(), enabled_bytes(transaction), transaction.is_write(), picoseconds);
}

void FixedMemory::respond() {
  const std::uint64_t now = now_picoseconds();
  MemoryAnswers& answers = service_.answers();
  while (responding_ == nullptr && !answers.empty()) {
    const std::uint64_t from = std::max(answers.first().picoseconds, response_free_);
    if (from > now) {
      wake_.notify(duration(from - now));
      return;
    }
    Transaction& transaction = *reinterpret_cast<Transaction*>(answers.first().tag);
    answers.pop();
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

}  // namespace fusesim::memory
