// SPDX-License-Identifier: Apache-2.0
// What TLM-2.0 targets with contents have in common.
#pragma once

#include <cstdint>
#include <tlm>

#include "hw/memory/dram/sparse_bytes.h"

namespace fusesim::memory {

/// Whether there are bytes to transfer. If not, sets the response status: ok when nothing is asked for, a burst error
/// for empty or streaming transactions, a byte enable error for enables of no length, an address error for bytes beyond
/// the `size` of the memory. Never allows direct memory access.
bool has_bytes_to_transfer(tlm::tlm_generic_payload& transaction, std::uint64_t size);

/// How many bytes of the transaction are enabled.
[[nodiscard]] std::uint64_t enabled_bytes(const tlm::tlm_generic_payload& transaction);

/// Reads or writes the enabled bytes of a transaction.
void move_enabled_bytes(const tlm::tlm_generic_payload& transaction, SparseBytes& bytes);

/// transport_dbg of such a target: the number of bytes read or written, none beyond `size`.
unsigned debug_access(tlm::tlm_generic_payload& transaction, SparseBytes& bytes, std::uint64_t size);

}  // namespace fusesim::memory
