// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/interconnect/arbiter.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "hw/isa/names.h"

namespace fusesim::memory {
namespace {

constexpr std::pair<std::string_view, Arbitration> kArbitrations[] = {
    {"round_robin", Arbitration::round_robin},
    {"fixed", Arbitration::fixed},
};

sc_core::sc_time now() {
  return sc_core::sc_time_stamp();
}

}  // namespace

Arbitration arbitration(std::string_view name) {
  return isa::value_in(isa::NameTable<Arbitration>(kArbitrations), "arbitration", name);
}

Arbiter::Arbiter(const sc_core::sc_module_name& module_name, std::size_t input_count, Arbitration order)
    : sc_module(module_name), inputs("input", input_count), order_(order), state_(input_count) {
  if (input_count == 0) throw std::invalid_argument(std::string("arbiter '") + name() + "' has no inputs");
  last_ = input_count - 1;
  for (std::size_t i = 0; i < input_count; ++i) {
    inputs[i].register_nb_transport_fw(this, &Arbiter::forward, static_cast<int>(i));
    inputs[i].register_b_transport(this, &Arbiter::blocking, static_cast<int>(i));
    inputs[i].register_transport_dbg(this, &Arbiter::debug, static_cast<int>(i));
  }
  output.register_nb_transport_bw(this, &Arbiter::backward);
  SC_METHOD(act);
  sensitive << act_;
  dont_initialize();
  SC_METHOD(grant_request);
  sensitive << grant_;
  dont_initialize();
}

void Arbiter::blocking(int, Transaction& transaction, sc_core::sc_time& delay) {
  output->b_transport(transaction, delay);
}

unsigned Arbiter::debug(int, Transaction& transaction) {
  return output->transport_dbg(transaction);
}

Arbiter::Route& Arbiter::route(const Transaction& transaction) {
  const auto at =
      std::find_if(routes_.begin(), routes_.end(), [&](const Route& each) { return each.transaction == &transaction; });
  if (at == routes_.end()) SC_REPORT_FATAL(name(), "a phase of a transaction that is not under way");
  return *at;
}

void Arbiter::retire(Route& route) {
  Transaction& transaction = *route.transaction;
  route = routes_.back();
  routes_.pop_back();
  transaction.release();
}

// While a request is at the output, its end has the others looked at.
void Arbiter::look_at_requests(const sc_core::sc_time& from) {
  if (waiting_ == 0 || requesting_ != nullptr) return;
  const sc_core::sc_time time = std::max(from, request_free_);
  act_.notify(time > now() ? time - now() : sc_core::SC_ZERO_TIME);
}

tlm::tlm_sync_enum Arbiter::forward(int input, Transaction& transaction, tlm::tlm_phase& phase,
                                    sc_core::sc_time& delay) {
  const auto index = static_cast<std::size_t>(input);
  Input& state = state_[index];
  if (phase == tlm::BEGIN_REQ) {
    if (state.request != nullptr) SC_REPORT_FATAL(name(), "BEGIN_REQ before the END_REQ of the last request");
    transaction.acquire();
    routes_.push_back({&transaction, index});
    state.request = &transaction;
    state.request_time = now() + delay;
    state.granted = false;
    ++waiting_;
    look_at_requests(state.request_time);
  } else if (phase == tlm::END_RESP) {
    if (state.responding != &transaction) SC_REPORT_FATAL(name(), "END_RESP of a transaction that is not responding");
    state.responding = nullptr;
    state.response_free = now() + delay;
    if (!route(transaction).ended_at_target) {
      tlm::tlm_phase end = tlm::END_RESP;
      sc_core::sc_time end_delay = delay;
      output->nb_transport_fw(transaction, end, end_delay);
    }
    retire(route(transaction));
    if (!state.responses.empty()) act_.notify(delay);
  } else {
    SC_REPORT_FATAL(name(), "only BEGIN_REQ and END_RESP come this way");
  }
  return tlm::TLM_ACCEPTED;
}

tlm::tlm_sync_enum Arbiter::backward(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (requesting_ == &transaction) end_request(transaction, delay);
  if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
  const std::size_t index = route(transaction).input;
  Input& state = state_[index];
  if (state.responding != nullptr || !state.responses.empty() || state.response_free > now() + delay) {
    state.responses.push_back({&transaction, now() + delay});
    act_.notify(delay);
    return tlm::TLM_ACCEPTED;
  }
  if (!begin_response(index, transaction, delay)) return tlm::TLM_ACCEPTED;
  retire(route(transaction));
  return tlm::TLM_COMPLETED;
}

void Arbiter::act() {
  deliver_responses();
  if (waiting_ == 0 || requesting_ != nullptr) return;
  for (const Input& state : state_) {
    if (state.request == nullptr || state.granted) continue;
    const sc_core::sc_time from = std::max(state.request_time, request_free_);
    if (from > now()) {
      act_.notify(from - now());
    } else {
      settling_ = kSettling;
      grant_.notify(sc_core::SC_ZERO_TIME);
    }
  }
}

std::size_t Arbiter::choose() const {
  const std::size_t first = order_ == Arbitration::fixed ? 0 : last_ + 1;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    const std::size_t index = (first + i) % state_.size();
    const Input& state = state_[index];
    if (state.request != nullptr && !state.granted && state.request_time <= now()) return index;
  }
  return kNone;
}

void Arbiter::grant_request() {
  if (settling_ != 0) {
    --settling_;
    grant_.notify(sc_core::SC_ZERO_TIME);
    return;
  }
  if (requesting_ != nullptr || request_free_ > now()) return;
  const std::size_t index = choose();
  if (index == kNone) return;
  Input& state = state_[index];
  Transaction& transaction = *state.request;
  last_ = index;
  state.granted = true;
  --waiting_;
  ++state.counters.grants;
  state.counters.waited += (now() - state.request_time).value();
  requesting_ = &transaction;
  requesting_input_ = index;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  const tlm::tlm_sync_enum answer = output->nb_transport_fw(transaction, phase, delay);
  if (answer == tlm::TLM_ACCEPTED) return;
  end_request(transaction, delay);
  if (answer == tlm::TLM_UPDATED && phase != tlm::BEGIN_RESP) return;
  route(transaction).ended_at_target = answer == tlm::TLM_COMPLETED;
  state.responses.push_back({&transaction, now() + delay});
  act_.notify(delay);
}

void Arbiter::end_request(Transaction& transaction, sc_core::sc_time delay) {
  requesting_ = nullptr;
  request_free_ = now() + delay;
  look_at_requests(request_free_);
  state_[requesting_input_].request = nullptr;
  tlm::tlm_phase phase = tlm::END_REQ;
  inputs[requesting_input_]->nb_transport_bw(transaction, phase, delay);
}

void Arbiter::deliver_responses() {
  for (std::size_t index = 0; index < state_.size(); ++index) {
    Input& state = state_[index];
    while (state.responding == nullptr && !state.responses.empty()) {
      const sc_core::sc_time from = std::max(state.responses.front().from, state.response_free);
      if (from > now()) {
        act_.notify(from - now());
        break;
      }
      Transaction& transaction = *state.responses.front().transaction;
      state.responses.pop_front();
      sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
      if (!begin_response(index, transaction, delay)) break;
      if (!route(transaction).ended_at_target) {
        tlm::tlm_phase end = tlm::END_RESP;
        output->nb_transport_fw(transaction, end, delay);
      }
      retire(route(transaction));
    }
  }
}

bool Arbiter::begin_response(std::size_t input, Transaction& transaction, sc_core::sc_time& delay) {
  Input& state = state_[input];
  state.responding = &transaction;
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  const tlm::tlm_sync_enum answer = inputs[input]->nb_transport_bw(transaction, phase, delay);
  const bool ended = answer == tlm::TLM_COMPLETED || (answer == tlm::TLM_UPDATED && phase == tlm::END_RESP);
  if (!ended) return false;
  state.responding = nullptr;
  state.response_free = now() + delay;
  return true;
}

}  // namespace fusesim::memory
