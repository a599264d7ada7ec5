// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/target_bytes.h"

#include <algorithm>
#include <span>

namespace fusesim::memory {

using Transaction = tlm::tlm_generic_payload;

bool has_bytes_to_transfer(Transaction& transaction, std::uint64_t size) {
  const std::uint64_t length = transaction.get_data_length();
  transaction.set_dmi_allowed(false);
  if (transaction.get_command() == tlm::TLM_IGNORE_COMMAND) {
    transaction.set_response_status(tlm::TLM_OK_RESPONSE);
    return false;
  }
  if (length == 0 || transaction.get_streaming_width() < length) {
    transaction.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return false;
  }
  if (transaction.get_byte_enable_ptr() != nullptr && transaction.get_byte_enable_length() == 0) {
    transaction.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    return false;
  }
  if (transaction.get_address() >= size || length > size - transaction.get_address()) {
    transaction.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return false;
  }
  return true;
}

std::uint64_t enabled_bytes(const Transaction& transaction) {
  const std::uint8_t* const enable = transaction.get_byte_enable_ptr();
  const unsigned length = transaction.get_data_length();
  if (enable == nullptr) return length;
  std::uint64_t count = 0;
  for (unsigned i = 0; i < length; ++i) {
    if (enable[i % transaction.get_byte_enable_length()] == TLM_BYTE_ENABLED) ++count;
  }
  return count;
}

void move_enabled_bytes(const Transaction& transaction, SparseBytes& bytes) {
  const std::uint64_t address = transaction.get_address();
  const std::span<std::uint8_t> data(transaction.get_data_ptr(), transaction.get_data_length());
  const std::uint8_t* const enable = transaction.get_byte_enable_ptr();
  const auto move = [&](std::size_t first, std::size_t count) {
    if (transaction.is_read()) {
      bytes.read(address + first, data.subspan(first, count));
    } else {
      bytes.write(address + first, data.subspan(first, count));
    }
  };
  if (enable == nullptr) {
    move(0, data.size());
    return;
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (enable[i % transaction.get_byte_enable_length()] == TLM_BYTE_ENABLED) move(i, 1);
  }
}

unsigned debug_access(Transaction& transaction, SparseBytes& bytes, std::uint64_t size) {
  const std::uint64_t address = transaction.get_address();
  if (address >= size) return 0;
  const auto length = static_cast<unsigned>(std::min<std::uint64_t>(transaction.get_data_length(), size - address));
  const std::span<std::uint8_t> data(transaction.get_data_ptr(), length);
  if (transaction.is_read()) bytes.read(address, data);
  if (transaction.is_write()) bytes.write(address, data);
  transaction.set_response_status(tlm::TLM_OK_RESPONSE);
  return length;
}

}  // namespace fusesim::memory
