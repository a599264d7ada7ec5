// SPDX-License-Identifier: Apache-2.0
#define SC_INCLUDE_DYNAMIC_PROCESSES  // for sc_spawn, before any SystemC header
#include "hw/memory/dma/dma_channel.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>
#include <string>

namespace fusesim::memory {

DmaChannel::DmaChannel(const sc_core::sc_module_name& module_name, DmaDirection direction, LocalMemoryIf& local,
                       const DmaOptions& options)
    : sc_module(module_name), direction_(direction), local_(local), options_(options) {
  const std::string prefix = std::string("DMA channel '") + name() + "': ";
  if (!std::has_single_bit(options.burst_bytes)) {
    throw std::invalid_argument(prefix + "burst_bytes is " + std::to_string(options.burst_bytes) +
                                "; it must be a power of two");
  }
  if (options.outstanding == 0) throw std::invalid_argument(prefix + "outstanding is 0; it must be at least 1");
  socket.register_nb_transport_bw(this, &DmaChannel::backward);
  if (options.protocol == DmaProtocol::nonblocking) {
    SC_METHOD(send);
    sensitive << work_;
    dont_initialize();
    SC_METHOD(finish_later);
    sensitive << arriving_.get_event();
    dont_initialize();
  } else {
    for (std::size_t i = 0; i < options.outstanding; ++i) sc_core::sc_spawn([this] { transport(); });
  }
}

std::uint64_t DmaChannel::submit(const DmaDescriptor& descriptor, int priority, Callback callback) {
  constexpr std::uint64_t anywhere = std::numeric_limits<std::uint64_t>::max();
  const bool load = direction_ == DmaDirection::load;
  validate(descriptor, load ? anywhere : local_.bytes(), load ? local_.bytes() : anywhere);
  const std::uint64_t id = next_id_++;
  const auto side = load ? DmaBursts::Memory::source : DmaBursts::Memory::destination;
  jobs_.push_back(
      {.completion =
           {.id = id, .bytes = descriptor.bytes(), .submitted = sc_core::sc_time_stamp(), .started = {}, .ended = {}},
       .bursts = DmaBursts(descriptor, options_.burst_bytes, side,
                           options_.move_bytes ? DmaBursts::Sides::both : DmaBursts::Sides::memory),
       .priority = priority,
       .callback = std::move(callback)});
  ++not_started_;
  work_.notify(sc_core::SC_ZERO_TIME);
  return id;
}

DmaChannel::Job* DmaChannel::choose_job() {
  if (not_started_ == 0) return nullptr;
  Job* best = nullptr;
  for (Job& job : jobs_) {
    if (!job.started && (best == nullptr || job.priority > best->priority)) best = &job;
  }
  return best;
}

DmaChannel::Request* DmaChannel::next_request() {
  if (current_ == nullptr) {
    current_ = choose_job();
    if (current_ == nullptr) return nullptr;
    current_->started = true;
    --not_started_;
    current_->completion.started = sc_core::sc_time_stamp();
  }
  if (pool_.empty()) {
    requests_.push_back(std::make_unique<Request>(this));
    requests_.back()->data.resize(options_.burst_bytes);
    pool_.push_back(requests_.back().get());
  }
  Request& request = *pool_.back();
  pool_.pop_back();
  current_->bursts.next_request(request.pieces);
  std::uint32_t bytes = 0;
  for (const DmaPiece& piece : request.pieces) bytes += piece.bytes;
  request.acquire();
  request.job = current_;
  request.begun = sc_core::sc_time_stamp();
  request.set_command(direction_ == DmaDirection::load ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
  request.set_address(request.pieces.front().memory);
  request.set_data_ptr(request.data.data());
  request.set_data_length(bytes);
  request.set_streaming_width(bytes);
  request.set_byte_enable_ptr(nullptr);
  request.set_dmi_allowed(false);
  request.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  if (direction_ == DmaDirection::store && options_.move_bytes) read_local(request);
  if (on_sent_) tell(on_sent_, request);
  ++current_->under_way;
  if (under_way_++ == 0) busy_since_ = sc_core::sc_time_stamp();
  if (current_->bursts.done()) current_ = nullptr;
  return &request;
}

void DmaChannel::send() {
  while (requesting_ == nullptr && under_way_ < options_.outstanding) {
    if (request_free_ > sc_core::sc_time_stamp()) {
      work_.notify(request_free_ - sc_core::sc_time_stamp());
      return;
    }
    Request* const request = next_request();
    if (request == nullptr) return;
    requesting_ = request;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const tlm::tlm_sync_enum answer = socket->nb_transport_fw(*request, phase, delay);
    if (answer == tlm::TLM_ACCEPTED) continue;
    end_request(delay);
    if (answer == tlm::TLM_COMPLETED) {
      end_response(*request, delay);
    } else if (phase == tlm::BEGIN_RESP) {
      // The target waits for the END_RESP of a response it returned.
      tlm::tlm_phase end = tlm::END_RESP;
      sc_core::sc_time end_delay = delay;
      socket->nb_transport_fw(*request, end, end_delay);
      end_response(*request, delay);
    }
  }
}

tlm::tlm_sync_enum DmaChannel::backward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase,
                                        sc_core::sc_time& delay) {
  // A response without END_REQ stands for both.
  if (requesting_ == &transaction) end_request(delay);
  if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
  end_response(static_cast<Request&>(transaction), delay);
  return tlm::TLM_COMPLETED;
}

void DmaChannel::end_request(const sc_core::sc_time& delay) {
  requesting_ = nullptr;
  request_free_ = sc_core::sc_time_stamp() + delay;
  wake_sender();
}

// Not when another request cannot be sent yet: what holds it up calls this again.
void DmaChannel::wake_sender() {
  if (requesting_ != nullptr || under_way_ == options_.outstanding || (current_ == nullptr && not_started_ == 0))
    return;
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  work_.notify(request_free_ > now ? request_free_ - now : sc_core::SC_ZERO_TIME);
}

void DmaChannel::end_response(Request& request, const sc_core::sc_time& delay) {
  if (delay == sc_core::SC_ZERO_TIME) {
    finish(request);
  } else {
    arriving_.notify(request, delay);
  }
}

void DmaChannel::finish_later() {
  while (Request* const request = arriving_.get_next_transaction()) finish(*request);
}

void DmaChannel::transport() {
  while (true) {
    Request* const request = next_request();
    if (request == nullptr) {
      sc_core::wait(work_);
      continue;
    }
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(*request, delay);
    sc_core::wait(delay);
    finish(*request);
  }
}

void DmaChannel::finish(Request& request) {
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  const std::uint32_t length = request.get_data_length();
  Job& job = *request.job;
  if (request.is_response_ok()) {
    if (direction_ == DmaDirection::load && options_.move_bytes) write_local(request);
    counters_.bytes += length;
  } else if (job.completion.status == tlm::TLM_OK_RESPONSE) {
    job.completion.status = request.get_response_status();
  }
  if (on_answered_) tell(on_answered_, request);
  ++counters_.bursts;
  counters_.latency += (now - request.begun).value();
  request.release();
  if (--under_way_ == 0) counters_.busy += (now - busy_since_).value();
  if (options_.protocol == DmaProtocol::nonblocking) wake_sender();
  if (--job.under_way != 0 || !job.bursts.done()) return;

  ++counters_.descriptors;
  job.completion.ended = now;
  const DmaCompletion completion = job.completion;
  const Callback callback = std::move(job.callback);
  jobs_.erase(std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& each) { return &each == &job; }));
  completed_.notify(sc_core::SC_ZERO_TIME);
  if (callback) callback(completion);
}

void DmaChannel::read_local(Request& request) {
  std::span<std::uint8_t> data(request.data);
  for (const DmaPiece& piece : request.pieces) {
    local_.read(piece.local, data.first(piece.bytes));
    data = data.subspan(piece.bytes);
  }
}

void DmaChannel::write_local(const Request& request) {
  std::span<const std::uint8_t> data(request.data);
  for (const DmaPiece& piece : request.pieces) {
    local_.write(piece.local, data.first(piece.bytes));
    data = data.subspan(piece.bytes);
  }
}

void DmaChannel::tell(const RequestCallback& callback, const Request& request) const {
  callback({.transfer = request.job->completion.id,
            .memory = request.get_address(),
            .bytes = request.get_data_length(),
            .sent = request.begun,
            .status = request.get_response_status()});
}

void DmaChannel::free(tlm::tlm_generic_payload* transaction) {
  pool_.push_back(static_cast<Request*>(transaction));
}

std::vector<Statistic> DmaChannel::statistics() const {
  DmaCounters counters = counters_;
  if (under_way_ != 0) counters.busy += (sc_core::sc_time_stamp() - busy_since_).value();
  return counters.statistics();
}

}  // namespace fusesim::memory
