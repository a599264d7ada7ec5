// SPDX-License-Identifier: Apache-2.0
// A DMA engine: a load channel and a store channel, each a TLM-2.0 initiator with a queue of its own.
#pragma once

#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <systemc>
#include <tlm>
#include <vector>

#include "hw/memory/dma/dma_descriptor.h"
#include "hw/memory/statistics/counters.h"

namespace fusesim::memory {

/// The memory next to the engine (a scratchpad). Its own timing, ports and conflicts are not the engine's business.
class LocalMemoryIf {
 public:
  virtual ~LocalMemoryIf() = default;
  [[nodiscard]] virtual std::uint64_t bytes() const = 0;
  virtual void read(std::uint64_t address, std::span<std::uint8_t> data) = 0;
  virtual void write(std::uint64_t address, std::span<const std::uint8_t> data) = 0;
};

enum class DmaDirection : std::uint8_t {
  load,   ///< From the memory at the socket to the local memory.
  store,  ///< From the local memory to the memory at the socket.
};

enum class DmaProtocol : std::uint8_t {
  nonblocking,  ///< nb_transport, the base protocol's four phases or any shorter form the target chooses.
  blocking,     ///< b_transport, as many calls at a time as requests may be outstanding.
};

struct DmaOptions {
  DmaProtocol protocol = DmaProtocol::nonblocking;
  /// Largest request, and the boundary of the memory that none crosses; a power of two. A request takes all bytes that
  /// follow one another in the memory, wherever they lie in the local memory.
  std::uint32_t burst_bytes = 64;
  std::size_t outstanding = 8;  ///< Requests under way at a time, at least 1.
  /// False: timing only. The local memory is neither read nor written, and what the requests' data pointers show to the
  /// target means nothing; requests, their times and all counters are the same.
  bool move_bytes = true;
};

/// One request of a transfer, as the callbacks of the channel are told of it.
struct DmaRequest {
  std::uint64_t transfer = 0;  ///< As submit() numbered it.
  std::uint64_t memory = 0;    ///< Address at the socket.
  std::uint32_t bytes = 0;
  sc_core::sc_time sent;  ///< When it was sent; the time of the callback is now.
  tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;  ///< Of requests that were answered.
};

struct DmaCompletion {
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;
  sc_core::sc_time submitted, started, ended;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;  ///< The first error of its requests, if any.
};

/// One direction of the engine. The descriptor with the highest priority goes first, the older of equals; a descriptor
/// that has begun is not interrupted, and the next begins when its last request was sent. A descriptor completes when
/// all its bytes have arrived. Bytes are read when their request is sent and written when its response has come; where
/// a descriptor writes a byte twice, the later response wins.
class DmaChannel final : public sc_core::sc_module, public tlm::tlm_mm_interface {
 public:
  using Callback = std::function<void(const DmaCompletion&)>;
  using RequestCallback = std::function<void(const DmaRequest&)>;

  tlm_utils::simple_initiator_socket<DmaChannel> socket{"socket"};

  SC_HAS_PROCESS(DmaChannel);
  /// Throws std::invalid_argument naming the option that is wrong. `local` must outlive the channel.
  DmaChannel(const sc_core::sc_module_name& module_name, DmaDirection direction, LocalMemoryIf& local,
             const DmaOptions& options = {});

  /// Queues a transfer and returns its number. Throws std::invalid_argument as validate() does. The callback is called
  /// at the time of completion, and may submit more.
  std::uint64_t submit(const DmaDescriptor& descriptor, int priority = 0, Callback callback = {});

  /// Called with each request when it is sent, which is when a store's bytes are read from the local memory.
  void on_sent(RequestCallback callback) { on_sent_ = std::move(callback); }
  /// Called with each request when it was answered, which is when a load's bytes are written to the local memory;
  /// before the completion of its transfer, and also for an error.
  void on_answered(RequestCallback callback) { on_answered_ = std::move(callback); }

  /// Notified at every completion.
  [[nodiscard]] const sc_core::sc_event& completed_event() const { return completed_; }
  [[nodiscard]] bool idle() const { return jobs_.empty(); }
  [[nodiscard]] std::vector<Statistic> statistics() const;

 private:
  struct Job {
    DmaCompletion completion;
    DmaBursts bursts;
    int priority;
    Callback callback;
    std::size_t under_way = 0;
    bool started = false;
  };
  /// A transaction with what belongs to it. It goes back to the pool when nobody holds it any more.
  struct Request final : public tlm::tlm_generic_payload {
    using tlm_generic_payload::tlm_generic_payload;
    std::vector<std::uint8_t> data;
    Job* job = nullptr;
    std::vector<DmaPiece> pieces;  ///< Without move_bytes only their memory side has a meaning.
    sc_core::sc_time begun;
  };

  void free(tlm::tlm_generic_payload* transaction) override;
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void send();
  void wake_sender();
  void transport();
  void finish_later();
  Request* next_request();
  Job* choose_job();
  void end_request(const sc_core::sc_time& delay);
  void end_response(Request& request, const sc_core::sc_time& delay);
  void finish(Request& request);
  void read_local(Request& request);
  void write_local(const Request& request);
  void tell(const RequestCallback& callback, const Request& request) const;

  DmaDirection direction_;
  LocalMemoryIf& local_;
  DmaOptions options_;
  RequestCallback on_sent_, on_answered_;
  std::list<Job> jobs_;          ///< In order of submission, until complete.
  std::size_t not_started_ = 0;  ///< Of the jobs.
  Job* current_ = nullptr;
  std::vector<std::unique_ptr<Request>> requests_;
  std::vector<Request*> pool_;
  Request* requesting_ = nullptr;  ///< Between BEGIN_REQ and END_REQ.
  sc_core::sc_time request_free_;  ///< When the next BEGIN_REQ may be sent.
  std::size_t under_way_ = 0;
  sc_core::sc_event work_, completed_;
  tlm_utils::peq_with_get<Request> arriving_{"arriving"};  ///< Responses with a delay.

  std::uint64_t next_id_ = 0;
  DmaCounters counters_;
  sc_core::sc_time busy_since_;
};

/// Both channels of an engine; bind load.socket and store.socket.
struct DmaEngine final : public sc_core::sc_module {
  DmaChannel load, store;

  DmaEngine(const sc_core::sc_module_name& module_name, LocalMemoryIf& local, const DmaOptions& options = {})
      : sc_module(module_name),
        load("load", DmaDirection::load, local, options),
        store("store", DmaDirection::store, local, options) {}
};

}  // namespace fusesim::memory
