// SPDX-License-Identifier: Apache-2.0
// Several TLM-2.0 initiators in front of one target.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <deque>
#include <string_view>
#include <systemc>
#include <tlm>
#include <vector>

#include "hw/memory/statistics/counters.h"

namespace fusesim::memory {

enum class Arbitration : std::uint8_t {
  round_robin,  ///< The first input with a request after the one served last.
  fixed,        ///< The lowest input with a request.
};

/// "round_robin" or "fixed". Throws std::invalid_argument naming the nearest name.
[[nodiscard]] Arbitration arbitration(std::string_view name);

/// Keeps the base protocol on every connection: one request before END_REQ and one response before END_RESP, at each
/// input and at the output. It takes no time of its own. A request is chosen when no other has come for a few delta
/// cycles, so that all requests of an instant compete: also one that an initiator could send only because a response of
/// that instant made room for it. Responses pass in the target's order and wait only for an input that has not ended
/// the one before.
///
/// Calls of b_transport and transport_dbg go straight through: loosely timed initiators compete in the target, if at
/// all.
class Arbiter final : public sc_core::sc_module {
 public:
  sc_core::sc_vector<tlm_utils::simple_target_socket_tagged<Arbiter>> inputs;
  tlm_utils::simple_initiator_socket<Arbiter> output{"output"};

  SC_HAS_PROCESS(Arbiter);
  /// Throws std::invalid_argument when there are no inputs.
  Arbiter(const sc_core::sc_module_name& module_name, std::size_t input_count,
          Arbitration order = Arbitration::round_robin);

  [[nodiscard]] std::vector<Statistic> statistics(std::size_t input) const {
    return state_.at(input).counters.statistics();
  }

 private:
  using Transaction = tlm::tlm_generic_payload;
  struct Waiting {
    Transaction* transaction;
    sc_core::sc_time from;
  };
  struct Input {
    Transaction* request = nullptr;  ///< Between BEGIN_REQ and END_REQ.
    sc_core::sc_time request_time;
    bool granted = false;           ///< The request has been passed on.
    std::deque<Waiting> responses;  ///< Not yet begun here.
    Transaction* responding = nullptr;
    sc_core::sc_time response_free;
    ArbiterCounters counters;
  };
  /// Of a transaction under way.
  struct Route {
    Transaction* transaction;
    std::size_t input;
    bool ended_at_target = false;  ///< The target completed early and awaits no END_RESP.
  };

  tlm::tlm_sync_enum forward(int input, Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  tlm::tlm_sync_enum backward(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void blocking(int input, Transaction& transaction, sc_core::sc_time& delay);
  unsigned debug(int input, Transaction& transaction);

  void act();
  void grant_request();
  void deliver_responses();
  [[nodiscard]] std::size_t choose() const;
  void end_request(Transaction& transaction, sc_core::sc_time delay);
  /// Begins a response at an input. True when the initiator ended it in the call; `delay` is then its time.
  bool begin_response(std::size_t input, Transaction& transaction, sc_core::sc_time& delay);
  [[nodiscard]] Route& route(const Transaction& transaction);
  void retire(Route& route);
  /// Has the requests looked at when one may be passed on: `from` at the earliest.
  void look_at_requests(const sc_core::sc_time& from);

  static constexpr std::size_t kNone = ~std::size_t{0};
  Arbitration order_;
  std::vector<Input> state_;
  std::vector<Route> routes_;          ///< In no order; few. Calls to the outside may change it.
  Transaction* requesting_ = nullptr;  ///< At the output, between BEGIN_REQ and END_REQ.
  std::size_t requesting_input_ = 0;
  std::size_t waiting_ = 0;  ///< Requests not yet passed on.
  sc_core::sc_time request_free_;
  std::size_t last_ = 0;
  /// Delta cycles without another request before one is granted: one for a response that waited here to reach its
  /// initiator, one for the initiator to send its next request, one to spare.
  static constexpr unsigned kSettling = 3;
  unsigned settling_ = 0;  ///< Left of these.
  sc_core::sc_event act_, grant_;
};

}  // namespace fusesim::memory
