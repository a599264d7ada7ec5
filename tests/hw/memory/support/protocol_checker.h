// SPDX-License-Identifier: Apache-2.0
// Watches a TLM-2.0 connection for breaches of the base protocol.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <map>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

namespace fusesim::memory_test {

/// Stands between an initiator and a target and passes everything on. Checks of the approximately timed protocol, by
/// the times at which phases take effect (now plus the annotated delay):
///  - each transaction goes BEGIN_REQ, END_REQ, BEGIN_RESP, END_RESP, END_REQ being implied by BEGIN_RESP;
///  - phases come from the right side, and a return value says what is allowed in its place;
///  - one request between BEGIN_REQ and END_REQ at a time, one response between BEGIN_RESP and END_RESP;
///  - the phases of a transaction do not go back in time;
///  - command, address, length, data pointer, byte enables and streaming width do not change on the way;
///  - the response status is set when the response begins, and not before;
///  - there is a memory manager.
class ProtocolChecker final : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<ProtocolChecker> from_initiator{"from_initiator"};
  tlm_utils::simple_initiator_socket<ProtocolChecker> to_target{"to_target"};

  explicit ProtocolChecker(const sc_core::sc_module_name& module_name);

  /// One line each, in order; empty when the rules were kept.
  [[nodiscard]] const std::vector<std::string>& breaches() const { return breaches_; }
  /// Transactions that completed.
  [[nodiscard]] std::uint64_t completed() const { return completed_; }
  /// Transactions begun and not completed.
  [[nodiscard]] std::size_t open() const { return open_.size(); }
  [[nodiscard]] std::size_t most_open() const { return most_open_; }

 private:
  using Transaction = tlm::tlm_generic_payload;
  enum class State { request, accepted, response };
  struct Attributes {
    tlm::tlm_command command;
    std::uint64_t address;
    unsigned length, enable_length, streaming_width;
    const unsigned char *data, *enables;
    bool operator==(const Attributes&) const = default;
  };
  struct Open {
    State state = State::request;
    sc_core::sc_time time;
    Attributes attributes{};
  };

  tlm::tlm_sync_enum forward(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  tlm::tlm_sync_enum backward(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void blocking(Transaction& transaction, sc_core::sc_time& delay);
  unsigned debug(Transaction& transaction);

  void see(const Transaction& transaction, const tlm::tlm_phase& phase, const sc_core::sc_time& delay);
  void begin_request(const Transaction& transaction, const sc_core::sc_time& time);
  void end_request(const Transaction& transaction);
  void begin_response(const Transaction& transaction);
  void complete(const Transaction& transaction);
  void breach(const Transaction& transaction, const std::string& what);
  static Attributes attributes(const Transaction& transaction);

  std::map<const Transaction*, Open> open_;
  const Transaction* requesting_ = nullptr;
  const Transaction* responding_ = nullptr;
  std::uint64_t completed_ = 0;
  std::size_t most_open_ = 0;
  std::vector<std::string> breaches_;
};

}  // namespace fusesim::memory_test
