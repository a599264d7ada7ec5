// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/address_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "hw/memory/dram/dram_standards.h"

namespace fusesim::memory {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(AddressMap, SendsConsecutiveBurstsWhereTheOrderSays) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const AddressMap groups_first(spec, "row:bank:column:bankgroup");
  EXPECT_EQ(groups_first.locate(0), (DramLocation{0, 0, 0}));
  EXPECT_EQ(groups_first.locate(63), (DramLocation{0, 0, 0}));
  EXPECT_EQ(groups_first.locate(64), (DramLocation{4, 0, 0}));        // next group
  EXPECT_EQ(groups_first.locate(256), (DramLocation{0, 0, 1}));       // next column
  EXPECT_EQ(groups_first.locate(32 << 10), (DramLocation{1, 0, 0}));  // four rows of 8 KiB, next bank
  EXPECT_EQ(groups_first.locate(128 << 10), (DramLocation{0, 1, 0}));
  const AddressMap row_first(spec, "row:bankgroup:bank:column");
  EXPECT_EQ(row_first.locate(64), (DramLocation{0, 0, 1}));
  EXPECT_EQ(row_first.locate(8 << 10), (DramLocation{1, 0, 0}));
  const AddressMap bank_on_top(spec, "bank:bankgroup:row:column");
  EXPECT_EQ(bank_on_top.locate(8 << 10), (DramLocation{0, 1, 0}));
}

TEST(AddressMap, EveryOrderIsABijection) {
  DramSpec spec = dram_standard("DDR4-2400");
  spec.rows = 4;
  spec.columns = 32;
  std::array<std::string, 4> fields{"bank", "bankgroup", "column", "row"};
  int orders = 0;
  do {
    ++orders;
    const AddressMap map(spec, fields[0] + ":" + fields[1] + ":" + fields[2] + ":" + fields[3]);
    for (std::uint64_t address = 0; address < spec.bytes(); address += spec.burst_bytes()) {
      const DramLocation at = map.locate(address);
      ASSERT_LT(at.bank, spec.banks());
      ASSERT_LT(at.row, spec.rows);
      ASSERT_LT(at.column, spec.bursts_per_row());
      ASSERT_EQ(map.address(at), address);
    }
  } while (std::next_permutation(fields.begin(), fields.end()));
  EXPECT_EQ(orders, 24);
}

TEST(AddressMap, RefusesWrongOrders) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const auto map = [&](const char* order) { return [&spec, order] { (void)AddressMap(spec, order); }; };
  EXPECT_THAT(map("row:bank:colum:bankgroup"),
              ThrowsMessage<std::invalid_argument>(HasSubstr("did you mean 'column'")));
  EXPECT_THAT(map("row:bank:column"), ThrowsMessage<std::invalid_argument>(HasSubstr("'bankgroup' is missing")));
  EXPECT_THAT(map("row:bank:row:column"), ThrowsMessage<std::invalid_argument>(HasSubstr("'row' is given twice")));
  EXPECT_THAT(map(""), ThrowsMessage<std::invalid_argument>(HasSubstr("address field")));
}

}  // namespace
}  // namespace fusesim::memory
