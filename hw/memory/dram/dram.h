// SPDX-License-Identifier: Apache-2.0
// A DRAM channel as a TLM-2.0 target, loosely or approximately timed.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>
#include <tlm>
#include <vector>

#include "hw/memory/dram/dram_service.h"
#include "hw/memory/dram/sparse_bytes.h"

namespace fusesim::memory {

/// Both protocols use the one controller and its timing law. A transaction is cut into runs of at most queue_bursts
/// bursts, which enter the controller's queue one after the other as it takes them.
///
/// nb_transport: END_REQ as the return value of BEGIN_REQ, with the delay after which the last run enters the queue;
/// BEGIN_RESP when the transaction's last data has passed, one response at a time, by END_RESP or by early completion.
/// A transaction needs a memory manager. Since no other request may come before END_REQ, the controller then runs ahead
/// of simulated time.
///
/// b_transport: returns at once; the delay is raised to the end of the transaction's last data. It runs the controller
/// ahead of simulated time, so that transactions called later, but for earlier, are served after it.
///
/// Bytes move when the transaction enters the queue, in the order of the calls: bursts to the same bytes are served in
/// that order, so that is what each would have read and written in its turn. Byte enables are honoured. Answers with an
/// address error beyond the memory, with a burst error for empty or streaming transactions. There is no direct memory
/// interface.
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
  [[nodiscard]] std::vector<Statistic> statistics() const { return service_.statistics(); }
  [[nodiscard]] DramController& controller() { return service_.controller(); }

 private:
  using Transaction = tlm::tlm_generic_payload;

  tlm::tlm_sync_enum nb_transport_fw(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void b_transport(Transaction& transaction, sc_core::sc_time& delay);
  unsigned transport_dbg(Transaction& transaction);

  std::uint64_t begin_request(Transaction& transaction, std::uint64_t picoseconds);
  /// Of a transaction that enters the queue.
  void move_bytes(Transaction& transaction);
  void advance();
  void send_responses(std::uint64_t now);
  void schedule(std::uint64_t now);

  DramService service_;  ///< Requests are tagged with their transactions.
  SparseBytes bytes_;
  bool move_bytes_;

  std::uint64_t request_free_ = 0;     ///< When END_REQ takes effect.
  Transaction* responding_ = nullptr;  ///< Between BEGIN_RESP and END_RESP.
  std::uint64_t response_free_ = 0;    ///< When the next BEGIN_RESP may be sent, nothing responding.
  sc_core::sc_event wake_;
};

}  // namespace fusesim::memory
