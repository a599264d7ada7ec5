// SPDX-License-Identifier: Apache-2.0
// Which bank, row and column a byte address means.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "hw/memory/dram/dram_spec.h"

namespace fusesim::memory {

struct DramLocation {
  std::uint32_t bank = 0;  ///< bank group * banks_per_group + bank in the group.
  std::uint32_t row = 0;
  std::uint32_t column = 0;  ///< In bursts.
  bool operator==(const DramLocation&) const = default;
};

/// Cuts an address into fields above the bytes of a burst. The order is written from the most significant field to the
/// least: "row:bank:column:bankgroup" sends consecutive bursts to different bank groups, which tCCD_S < tCCD_L needs
/// for the peak rate; "row:bankgroup:bank:column" fills a row first.
class AddressMap {
 public:
  /// Throws std::invalid_argument when a field is missing, repeated or misspelt.
  AddressMap(const DramSpec& spec, std::string_view order);

  /// `address` must lie below spec.bytes().
  [[nodiscard]] DramLocation locate(std::uint64_t address) const {
    return {.bank = extract(address, bankgroup) * banks_per_group_ + extract(address, bank),
            .row = extract(address, row),
            .column = extract(address, column)};
  }
  /// The first byte of the burst at `location`.
  [[nodiscard]] std::uint64_t address(const DramLocation& location) const;

  /// Of consecutive bursts, every 2^lane_bits()-th lies in the same row, as long as the columns last.
  [[nodiscard]] unsigned lane_bits() const { return fields_[column].shift - burst_bits_; }
  /// The number of consecutive bursts, aligned to it, that lie in the same bank group.
  [[nodiscard]] std::uint64_t bursts_in_bank_group() const {
    return std::uint64_t{1} << (fields_[bankgroup].mask == 0 ? 63 : fields_[bankgroup].shift - burst_bits_);
  }

 private:
  struct Field {
    unsigned shift = 0;
    std::uint32_t mask = 0;
  };
  enum Name : std::size_t { row, bank, bankgroup, column };
  [[nodiscard]] std::uint32_t extract(std::uint64_t address, Name name) const {
    return static_cast<std::uint32_t>(address >> fields_[name].shift) & fields_[name].mask;
  }

  std::array<Field, 4> fields_;
  std::uint32_t banks_per_group_;
  unsigned burst_bits_;  ///< Of an address, within a burst.
};

}  // namespace fusesim::memory
