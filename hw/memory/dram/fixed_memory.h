// SPDX-License-Identifier: Apache-2.0
// A memory of a fixed bandwidth and latency as a TLM-2.0 target: the roofline that a DRAM is compared with.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>
#include <tlm>
#include <vector>

#include "hw/memory/dram/fixed_service.h"
#include "hw/memory/dram/sparse_bytes.h"
#include "hw/memory/statistics/statistic.h"

namespace fusesim::memory {

struct FixedMemoryOptions {
  std::uint64_t bytes = std::uint64_t{1} << 32;
  double gigabytes_per_second = 16;  ///< 10^9 bytes a second, reads and writes alike; more than 0.
  double latency_ns = 50;            ///< From a request to its first data; rounded to whole picoseconds.
  bool move_bytes = true;            ///< False: timing only. Data pointers are not followed; there are no contents.
};

/// FixedService as a target.
///
/// nb_transport: END_REQ at once, as the return value of BEGIN_REQ; BEGIN_RESP when the last data has passed, one
/// response at a time. A transaction needs a memory manager. b_transport returns at once with the delay raised to the
/// end of the last data. Requests of either kind are served in the order of their calls.
///
/// Bytes move when the request is made. Errors are those of Dram and are answered when the request is made.
///
/// Needs SystemC's default time resolution of 1 ps.
class FixedMemory final : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<FixedMemory> socket{"socket"};

  SC_HAS_PROCESS(FixedMemory);
  /// Throws std::invalid_argument naming the option that is wrong.
  FixedMemory(const sc_core::sc_module_name& module_name, const FixedMemoryOptions& options);

  [[nodiscard]] std::vector<Statistic> statistics() const { return service_.statistics(); }

 private:
  using Transaction = tlm::tlm_generic_payload;
  tlm::tlm_sync_enum nb_transport_fw(Transaction& transaction, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void b_transport(Transaction& transaction, sc_core::sc_time& delay);
  unsigned transport_dbg(Transaction& transaction);
  void respond();
  /// Serves a request made at `picoseconds`; returns when it is answered.
  std::uint64_t serve(Transaction& transaction, std::uint64_t picoseconds);

  FixedMemoryOptions options_;
  FixedService service_;  ///< Answers are tagged with their transactions.
  SparseBytes bytes_;

  Transaction* responding_ = nullptr;  ///< Between BEGIN_RESP and END_RESP.
  std::uint64_t response_free_ = 0;    ///< When the next BEGIN_RESP may be sent, nothing responding.
  sc_core::sc_event wake_;
};

}  // namespace fusesim::memory
