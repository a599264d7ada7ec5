// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/address_map.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <stdexcept>

#include "hw/isa/names.h"

namespace fusesim::memory {

AddressMap::AddressMap(const DramSpec& spec, std::string_view order)
    : banks_per_group_(spec.banks_per_group), burst_bits_(static_cast<unsigned>(std::countr_zero(spec.burst_bytes()))) {
  static constexpr std::array<std::string_view, 4> names{"row", "bank", "bankgroup", "column"};
  const std::array<std::uint32_t, 4> sizes{spec.rows, spec.banks_per_group, spec.bank_groups, spec.bursts_per_row()};
  std::array<std::optional<Field>, 4> found;
  unsigned shift = burst_bits_;
  std::string_view rest = order;
  while (true) {
    const std::size_t colon = rest.rfind(':');
    const std::string_view name = colon == std::string_view::npos ? rest : rest.substr(colon + 1);
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) isa::throw_unknown_name("address field", name, names);
    const auto index = static_cast<std::size_t>(at - names.begin());
    if (found[index]) {
      throw std::invalid_argument("address map '" + std::string(order) + "': field '" + std::string(name) +
                                  "' is given twice; give row, bank, bankgroup and column once each");
    }
    found[index] = Field{shift, sizes[index] - 1};
    shift += static_cast<unsigned>(std::countr_zero(sizes[index]));
    if (colon == std::string_view::npos) break;
    rest = rest.substr(0, colon);
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!found[i]) {
      throw std::invalid_argument("address map '" + std::string(order) + "': field '" + std::string(names[i]) +
                                  "' is missing; give row, bank, bankgroup and column once each");
    }
    fields_[i] = *found[i];
  }
}

std::uint64_t AddressMap::address(const DramLocation& location) const {
  return std::uint64_t{location.bank / banks_per_group_} << fields_[bankgroup].shift |
         std::uint64_t{location.bank % banks_per_group_} << fields_[bank].shift |
         std::uint64_t{location.row} << fields_[row].shift | std::uint64_t{location.column} << fields_[column].shift;
}

}  // namespace fusesim::memory
