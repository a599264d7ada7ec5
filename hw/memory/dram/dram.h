// SPDX-License-Identifier: Apache-2.0
// A DRAM channel as a TLM-2.0 target, loosely or approximately timed.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <queue>
#include <systemc>
#include <tlm>
#include <vector>

#include "hw/memory/dram/dram_controller.h"
#include "hw/memory/dram/sparse_bytes.h"

namespace fusesim::memory {

/// Both protocols use the one controller and its timing law.
///
/// nb_transport, four phases: END_REQ when the last burst of the transaction has found a place in the controller's
/// queue, BEGIN_RESP when its last data has passed, one response at a time, by END_RESP or by early completion. A
/// transaction needs a memory manager.
///
/// b_transport: returns at once; the delay is raised to the end of the transaction's last data. It runs the controller
/// ahead of simulated time, so that transactions called later, but for earlier, are served after it.
///
/// Bytes move in the order in which the controller serves bursts; bursts to the same bytes keep their order. Byte
/// enables are honoured. Answers with an address error beyond the memory, with a burst error for empty or streaming
/// transactions. There is no direct memory interface.
///
/// Needs SystemC's default time resolution of 1 ps.
class Dram final : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Dram> socket{"socket"};

  SC_HAS_PROCESS(Dram);
  /// Without `move_bytes` only the timing is modelled: data pointers are not followed, there are no contents, and
  /// transport_dbg answers 0 bytes. Throws std::invalid_argument naming the field or option that is wrong.
  Dram(const sc_core::sc_module_name& module_name, const DramSpec& spec, const DramControllerOptions& options = {},
       bool move_bytes = true);

  /// The controller's, and bytes asked for as opposed to bytes of whole bursts.
  [[nodiscard]] std::vector<Statistic> statistics() const;
  [[nodiscard]] DramController& controller() { return controller_; }

 private:
  using Transaction = tlm::tlm_generic_payload;

  /// A transaction while its bursts are queued.
  struct Transfer {
    Transaction* transaction = nullptr;
    std::uint64_t next = 0;       ///< Address of the first burst not yet in the queue.
    std::uint64_t remaining = 0;  ///< Bursts not yet served.
    Cycle data_end = 0;
    bool blocking = false;
  };
  struct Response {
    std::uint64_t picoseconds;
    std::uint64_t order;  ///< Those that end together leave in the order in which they were served.
    Transaction* transaction;
    bool operator>(const Response& other) const {
      return picoseconds != other.picoseconds ? picoseconds > other.picoseconds : order > other.order;
    }
  };

  tlm::tlm_sync_enum nb_transport_fw(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void b_transport(Transaction& transaction, sc_core::sc_time& delay);
  unsigned transport_dbg(Transaction& transaction);

  void advance();
  void accept_request(std::uint64_t now, Cycle clock);
  void send_response(std::uint64_t now);
  void schedule(std::uint64_t now);

  std::size_t open_transfer(Transaction& transaction, bool blocking);
  /// Queues bursts while there is room; true when all are queued.
  bool push_bursts(std::size_t tag, Cycle arrival);
  void run_until(Cycle limit);
  void collect();
  void move_burst(const Transaction& transaction, std::uint64_t burst);
  void respond(Transaction& transaction, std::uint64_t picoseconds);

  DramController controller_;
  SparseBytes bytes_;
  bool move_bytes_;
  Cycle least_latency_;  ///< From a column command to the end of its data.

  std::vector<Transfer> transfers_;
  std::vector<std::size_t> free_transfers_;
  std::vector<DramBurstDone> done_;

  static constexpr std::size_t kNone = ~std::size_t{0};
  Transaction* request_ = nullptr;  ///< Between BEGIN_REQ and END_REQ; the base protocol allows one.
  std::uint64_t request_time_ = 0;
  std::size_t request_transfer_ = kNone;
  std::priority_queue<Response, std::vector<Response>, std::greater<>> responses_;
  std::uint64_t response_order_ = 0;
  Transaction* responding_ = nullptr;  ///< Between BEGIN_RESP and END_RESP.
  std::uint64_t response_free_ = 0;    ///< When the next BEGIN_RESP may be sent, nothing responding.
  sc_core::sc_event wake_;

  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace fusesim::memory
