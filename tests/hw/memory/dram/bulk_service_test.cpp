// SPDX-License-Identifier: Apache-2.0
// Runs of bursts served in one step against the same bursts served one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>

#include "hw/memory/dram/dram_controller.h"
#include "hw/memory/dram/dram_standards.h"
#include "tests/hw/memory/dram/burst_by_burst.h"
#include "tests/hw/memory/dram/command_checker.h"

namespace fusesim::memory {
namespace {

using memory_test::breaches;
using memory_test::BurstByBurst;
using memory_test::BurstServed;
using memory_test::IssuedCommand;
using testing::IsEmpty;

struct Request {
  std::uint64_t address;
  std::uint32_t bursts;
  bool write;
  Cycle arrival;
};

struct Outcome {
  std::vector<IssuedCommand> log;
  std::map<std::uint64_t, Cycle> entered;   ///< By request: when its last run found room.
  std::map<std::uint64_t, Cycle> data_end;  ///< Of its last data.
  std::map<std::uint64_t, std::uint64_t> bursts;
  std::map<std::string_view, std::uint64_t> statistics;
};

/// The clocks at which runs enter the queue, and all else, from the rule as it is written: a run of at most
/// queue_bursts bursts enters when fewer than queue_bursts wait.
Outcome burst_by_burst(const DramSpec& spec, const DramControllerOptions& options, const std::vector<Request>& requests,
                       bool early) {
  BurstByBurst controller(spec, options);
  Outcome outcome;
  controller.observe([&](DramCommand command, std::uint32_t bank, std::uint32_t row, Cycle at) {
    outcome.log.push_back({command, bank, row, at});
  });
  std::vector<BurstServed> done;
  Cycle now = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Request& request = requests[i];
    if (!early) {
      now = std::max(now, request.arrival);
      controller.run_until(now, done);
    }
    for (std::uint32_t j = 0; j < request.bursts; ++j) {
      if (j % options.queue_bursts == 0) {
        while (controller.waiting() >= options.queue_bursts) {
          now = controller.next_command() + 1;
          controller.run_until(now, done);
        }
      }
      controller.push(i, request.address + j * spec.burst_bytes(), request.write, std::max(now, request.arrival));
    }
    outcome.entered[i] = now;
  }
  while (controller.waiting() != 0) controller.step(done);
  for (const BurstServed& burst : done) {
    Cycle& end = outcome.data_end[burst.tag];
    end = std::max(end, burst.data_end);
    ++outcome.bursts[burst.tag];
  }
  outcome.statistics = controller.statistics();
  return outcome;
}

/// How the caller of the controller under test goes about it, which must not matter.
struct Manner {
  bool observed = false;
  bool ahead = false;  ///< Makes room by make_room(); else by run_until(), command by command.
  bool idles = false;  ///< Asks and runs in between, to any clock.
};

Outcome in_runs(const DramSpec& spec, const DramControllerOptions& options, const std::vector<Request>& requests,
                bool early, const Manner& manner) {
  DramController controller(spec, options);
  Outcome outcome;
  if (manner.observed) {
    controller.observe([&](DramCommand command, std::uint32_t bank, std::uint32_t row, Cycle at) {
      outcome.log.push_back({command, bank, row, at});
    });
  }
  std::mt19937 random(7);
  std::vector<DramRunDone> done;
  Cycle now = 0;
  const auto advance = [&](Cycle limit) {
    controller.run_until(limit, done);
    now = std::max(now, limit);
  };
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Request& request = requests[i];
    if (!early) {
      if (manner.idles && request.arrival > now) {
        for (int k = 0; k < 3; ++k) advance(now + random() % (request.arrival - now + 1));
        (void)controller.next_command();
      }
      // Nothing is done before the clock that was promised.
      const Cycle promised = controller.next_done();
      const std::size_t before = done.size();
      advance(std::max(now, request.arrival));
      for (std::size_t k = before; k < done.size(); ++k) EXPECT_GE(done[k].data_end, promised);
    }
    for (std::uint32_t j = 0; j < request.bursts;) {
      if (controller.full() && manner.ahead) now = std::max(now, controller.make_room(done));
      while (controller.full()) advance(controller.next_command() + 1);
      const auto count =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(controller.longest_run(), request.bursts - j));
      controller.push(i, request.address + j * spec.burst_bytes(), request.write, std::max(now, request.arrival),
                      count);
      j += count;
    }
    outcome.entered[i] = now;
  }
  while (!controller.empty()) {
    const Cycle next = controller.next_done();
    const std::size_t before = done.size();
    controller.step(done);
    for (std::size_t i = before; i < done.size(); ++i) EXPECT_EQ(done[i].data_end, next);
  }
  for (const DramRunDone& run : done) {
    Cycle& end = outcome.data_end[run.tag];
    end = std::max(end, run.data_end);
    outcome.bursts[run.tag] += run.bursts;
    const Request& request = requests[run.tag];
    EXPECT_EQ(run.write, request.write);
    EXPECT_GE(run.address, request.address);
    EXPECT_LE(run.address + run.bursts * spec.burst_bytes(), request.address + request.bursts * spec.burst_bytes());
  }
  for (const Statistic& each : controller.statistics()) outcome.statistics[each.name] = each.value;
  return outcome;
}

void expect_the_same(const Outcome& expected, const Outcome& found, bool with_log) {
  if (with_log) {
    ASSERT_EQ(found.log.size(), expected.log.size());
    const auto [left, right] = std::mismatch(expected.log.begin(), expected.log.end(), found.log.begin());
    if (left != expected.log.end()) {
      const auto text = [](const IssuedCommand& c) {
        return std::string(name(c.command)) + " bank " + std::to_string(c.bank) + " row " + std::to_string(c.row) +
               " at " + std::to_string(c.at);
      };
      FAIL() << "command " << left - expected.log.begin() << " of " << expected.log.size() << " is " << text(*right)
             << ", expected " << text(*left);
    }
  }
  ASSERT_EQ(found.entered, expected.entered);
  ASSERT_EQ(found.data_end, expected.data_end);
  ASSERT_EQ(found.bursts, expected.bursts);
  ASSERT_EQ(found.statistics, expected.statistics);
}

void compare(const DramSpec& spec, const DramControllerOptions& options, const std::vector<Request>& requests,
             bool early = false) {
  const Outcome expected = burst_by_burst(spec, options, requests, early);
  for (const bool ahead : {false, true}) {
    for (const bool idles : {false, true}) {
      SCOPED_TRACE(std::string(ahead ? "room made ahead" : "room waited for") + (idles ? ", in small steps" : ""));
      for (const bool observed : {true, false}) {
        const Outcome found = in_runs(spec, options, requests, early, {observed, ahead, idles});
        expect_the_same(expected, found, observed);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

std::vector<std::string> all_maps() {
  std::vector<std::string> names{"bank", "bankgroup", "column", "row"}, maps;
  do {
    maps.push_back(names[0] + ":" + names[1] + ":" + names[2] + ":" + names[3]);
  } while (std::next_permutation(names.begin(), names.end()));
  return maps;
}

class Traffic {
 public:
  Traffic(const DramSpec& spec, unsigned seed) : spec_(spec), random_(seed) {}

  std::uint32_t below(std::uint64_t n) { return static_cast<std::uint32_t>(random_() % n); }

  /// Two to four streams, each in one direction, with requests of a length of its own that it seldom leaves; they jump,
  /// and pause.
  std::vector<Request> streams(std::size_t count, std::uint32_t longest) {
    struct Stream {
      std::uint64_t next;
      std::uint32_t bursts;
      bool write;
    };
    const std::uint64_t bursts = spec_.bytes() / spec_.burst_bytes();
    const auto anywhere = [&] { return below(4) * (bursts / 4) + below(2) * 4096 + below(600); };
    std::vector<Stream> streams(2 + below(3));
    for (std::size_t i = 0; i < streams.size(); ++i) streams[i] = {anywhere(), 1 + below(longest), i % 2 == 1};
    std::vector<Request> requests;
    Cycle arrival = 0;
    const bool crowded = below(3) != 0;
    for (std::size_t i = 0; i < count; ++i) {
      Stream& stream = streams[below(10) == 0 ? below(streams.size()) : i % streams.size()];
      if (below(40) == 0) stream.next = anywhere();
      if (below(60) == 0) stream.write = !stream.write;
      const std::uint32_t length = below(8) == 0 ? 1 + below(longest) : stream.bursts;
      if (stream.next + length > bursts) stream.next = anywhere();
      if (below(30) == 0) arrival += below(3000);
      arrival += crowded ? below(3) : below(8 * length + 1);
      requests.push_back({stream.next * spec_.burst_bytes(), length, stream.write, arrival});
      stream.next += length;
    }
    return requests;
  }

  /// Requests that keep returning to a few rows of a few banks, and to each other's bytes.
  std::vector<Request> scattered(const std::string& order, std::size_t count, std::uint32_t longest) {
    const AddressMap map(spec_, order);
    const std::uint64_t bursts = spec_.bytes() / spec_.burst_bytes();
    std::vector<Request> requests;
    Cycle arrival = 0;
    DramLocation at;
    for (std::size_t i = 0; i < count; ++i) {
      if (below(3) != 0) at = {below(spec_.banks()), below(3), 0};
      if (below(3) != 0) at.column = below(spec_.bursts_per_row());
      if (below(50) == 0) arrival += below(2000);
      arrival += below(12);
      const std::uint32_t length = below(3) == 0 ? 1 : 1 + below(longest);
      const std::uint64_t first = std::min(map.address(at) / spec_.burst_bytes(), bursts - length);
      requests.push_back({first * spec_.burst_bytes(), length, below(5) < 2, arrival});
    }
    return requests;
  }

  DramControllerOptions options(const std::string& order, DramScheduler scheduler) {
    constexpr std::size_t queues[] = {1, 2, 3, 7, 16, 32, 33, 64, 200};
    constexpr std::uint32_t limits[] = {0, 1, 5, 17, 64, 64, 1000};
    DramControllerOptions made;
    made.address_map = order;
    made.scheduler = scheduler;
    made.queue_bursts = queues[below(std::size(queues))];
    made.bypass_limit = limits[below(std::size(limits))];
    made.refresh = below(8) != 0;
    return made;
  }

  /// A specification that no datasheet gives: each timing drawn anew, within what validate() accepts.
  DramSpec specification() {
    DramSpec made = spec_;
    made.name = "random";
    while (true) {
      DramTimings& t = made.timing;
      made.bank_groups = 1u << below(4);
      made.banks_per_group = 1u << below(3);
      made.columns = spec_.columns >> below(4);
      made.split_command_bus = below(2) == 0;
      made.command = {1 + below(4), 1 + below(2), 1 + below(4), 1 + below(2)};
      t.rcd_read = 1 + below(30);
      t.rcd_write = 1 + below(30);
      t.rp = 1 + below(30);
      t.rp_all = t.rp + below(5);
      t.ras = t.rcd_read + below(40);
      t.rc = t.ras + below(40);
      t.rrd_s = 1 + below(8);
      t.rrd_l = t.rrd_s + below(4);
      t.faw = t.rrd_s + below(40);
      t.cl = 1 + below(30);
      t.cwl = 1 + below(20);
      t.ccd_s = made.burst_clocks() + below(3);
      t.ccd_l = t.ccd_s + below(20) * below(2);
      t.rtw = below(30);
      t.wtr_s = below(6);
      t.wtr_l = t.wtr_s + below(10);
      t.wr = below(20);
      t.rtp = 1 + below(15);
      t.ppd = 1 + below(4);
      t.rfc = 1 + below(300);
      t.refi = t.rfc + t.rp_all + t.ras + t.rc + below(3000);
      try {
        validate(made);
      } catch (const std::invalid_argument&) {
        continue;
      }
      return made;
    }
  }

 private:
  DramSpec spec_;
  std::mt19937_64 random_;
};

TEST(DramBulkService, IssuesTheSameCommandsForStreamsOnEveryMap) {
  unsigned seed = 1;
  for (const DramSpec& spec : dram_standards()) {
    for (const std::string& order : all_maps()) {
      for (const DramScheduler scheduler : {DramScheduler::fr_fcfs, DramScheduler::fcfs}) {
        Traffic traffic(spec, ++seed);
        const DramControllerOptions options = traffic.options(order, scheduler);
        SCOPED_TRACE(spec.name + " " + order + " seed " + std::to_string(seed) + " queue " +
                     std::to_string(options.queue_bursts) + " limit " + std::to_string(options.bypass_limit));
        compare(spec, options, traffic.streams(60, traffic.below(2) == 0 ? 16 : 128));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(DramBulkService, IssuesTheSameCommandsForScatteredAndOverlappingRequests) {
  unsigned seed = 1000;
  for (const DramSpec& spec : dram_standards()) {
    for (const std::string& order : all_maps()) {
      for (const DramScheduler scheduler : {DramScheduler::fr_fcfs, DramScheduler::fcfs}) {
        Traffic traffic(spec, ++seed);
        const DramControllerOptions options = traffic.options(order, scheduler);
        SCOPED_TRACE(spec.name + " " + order + " seed " + std::to_string(seed) + " queue " +
                     std::to_string(options.queue_bursts) + " limit " + std::to_string(options.bypass_limit));
        compare(spec, options, traffic.scattered(order, 80, 24));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(DramBulkService, IssuesTheSameCommandsWhenRequestsAreGivenBeforeTheyArrive) {
  unsigned seed = 2000;
  for (const DramSpec& spec : dram_standards()) {
    for (const std::string& order : all_maps()) {
      Traffic traffic(spec, ++seed);
      DramControllerOptions options = traffic.options(order, DramScheduler::fr_fcfs);
      options.queue_bursts = 1 << 20;
      SCOPED_TRACE(spec.name + " " + order + " seed " + std::to_string(seed));
      std::vector<Request> requests = seed % 2 == 0 ? traffic.streams(15, 32) : traffic.scattered(order, 25, 12);
      if (seed % 3 == 0) std::reverse(requests.begin(), requests.end());
      compare(spec, options, requests, true);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(DramBulkService, IssuesTheSameCommandsWithTimingsOfNoDatasheet) {
  const std::vector<std::string> maps = all_maps();
  for (unsigned seed = 3000; seed < 3150; ++seed) {
    Traffic traffic(dram_standards()[seed % 3], seed);
    const DramSpec spec = traffic.specification();
    const std::string& order = maps[traffic.below(maps.size())];
    const DramControllerOptions options =
        traffic.options(order, traffic.below(4) == 0 ? DramScheduler::fcfs : DramScheduler::fr_fcfs);
    SCOPED_TRACE(order + " seed " + std::to_string(seed));
    Traffic on_it(spec, seed);
    compare(spec, options, on_it.streams(50, 40));
    compare(spec, options, on_it.scattered(order, 50, 16));
    if (HasFatalFailure()) return;
  }
}

TEST(DramBulkService, IssuesTheSameCommandsWhenABankGroupComesRoundTooSoon) {
  DramSpec spec = dram_standard("DDR4-2400");
  for (const std::uint32_t groups : {1, 2, 4}) {
    for (const Cycle ccd_l : {4, 5, 8, 9, 15, 16, 17}) {
      spec.bank_groups = groups;
      spec.timing.ccd_l = ccd_l;
      SCOPED_TRACE(std::to_string(groups) + " groups, tCCD_L " + std::to_string(ccd_l));
      Traffic traffic(spec, groups * 100 + static_cast<unsigned>(ccd_l));
      compare(spec, {}, traffic.streams(30, 64));
      if (HasFatalFailure()) return;
    }
  }
}

/// Rows of few columns: one or two row commands for each run of columns, most of them between columns already planned,
/// for younger runs and for older ones that had to wait.
TEST(DramBulkService, IssuesTheSameCommandsWhenRowsAreOpenedBetweenPlannedColumns) {
  for (const char* standard : {"DDR4-2400", "HBM2-2000"}) {
    for (const char* order : {"row:bank:column:bankgroup", "bank:row:column:bankgroup", "row:bankgroup:bank:column"}) {
      for (unsigned seed = 4000; seed < 4030; ++seed) {
        DramSpec spec = dram_standard(standard);
        spec.columns = spec.burst_length << seed % 4;
        Traffic traffic(spec, seed);
        DramControllerOptions options = traffic.options(order, DramScheduler::fr_fcfs);
        options.queue_bursts = 32 << seed % 3;
        SCOPED_TRACE(std::string(standard) + " " + order + " seed " + std::to_string(seed));
        compare(spec, options, traffic.streams(40, 32));
        compare(spec, options, traffic.scattered(order, 40, 32));
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// The row of bank 0 is about to be closed while columns of bank 1 are planned; a burst that wants it, but has yet to
/// arrive, does not keep it open.
TEST(DramBulkService, ABurstYetToArriveKeepsNoRowOpen) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const std::uint64_t burst = spec.burst_bytes();
  const std::uint64_t bank = burst * spec.bank_groups * spec.bursts_per_row();
  const std::uint64_t row = bank * spec.banks_per_group;
  DramController controller(spec, {.queue_bursts = 1000, .refresh = false});
  BurstByBurst expected(spec, {.queue_bursts = 1000, .refresh = false});
  std::vector<IssuedCommand> log, expected_log;
  controller.observe([&](DramCommand command, std::uint32_t b, std::uint32_t r, Cycle at) {
    log.push_back({command, b, r, at});
  });
  expected.observe([&](DramCommand command, std::uint32_t b, std::uint32_t r, Cycle at) {
    expected_log.push_back({command, b, r, at});
  });
  std::vector<DramRunDone> done;
  std::vector<BurstServed> served;
  const auto push = [&](std::uint64_t address, std::uint32_t bursts, Cycle arrival) {
    controller.push(0, address, false, arrival, bursts);
    for (std::uint32_t i = 0; i < bursts; ++i) expected.push(0, address + i * burst, false, arrival);
  };
  const auto advance = [&](Cycle limit) {
    controller.run_until(limit, done);
    expected.run_until(limit, served);
  };
  push(bank, 4, 0);
  push(0, 4, 0);
  while (!controller.empty()) advance(controller.next_command() + 1);
  const Cycle now = log.back().at + 1;
  push(bank, 32, now);
  push(row, 4, now);
  advance(now + 1);
  push(0, 4, now + 200);
  advance(2000);
  EXPECT_EQ(log.size(), expected_log.size());
  for (std::size_t i = 0; i < std::min(log.size(), expected_log.size()); ++i) {
    EXPECT_EQ(log[i].at, expected_log[i].at) << "command " << i;
    EXPECT_EQ(log[i].command, expected_log[i].command) << "command " << i;
  }
}

TEST(DramBulkService, CountsTheSameAtEveryClock) {
  for (const DramSpec& spec : dram_standards()) {
    for (unsigned seed = 5000; seed < 5020; ++seed) {
      const std::string order = "row:bank:column:bankgroup";
      Traffic traffic(spec, seed);
      DramControllerOptions options;
      options.queue_bursts = 1 << 20;
      DramController controller(spec, options);
      BurstByBurst expected(spec, options);
      std::vector<Request> requests = seed % 2 == 0 ? traffic.streams(30, 32) : traffic.scattered(order, 60, 12);
      std::vector<DramRunDone> done;
      std::vector<BurstServed> served;
      Cycle now = 0;
      const auto advance = [&] {
        controller.run_until(now, done);
        expected.run_until(now, served);
        std::map<std::string_view, std::uint64_t> found;
        for (const Statistic& each : controller.statistics()) found[each.name] = each.value;
        ASSERT_EQ(found, expected.statistics()) << spec.name << " seed " << seed << " before clock " << now;
        ++now;
      };
      for (std::size_t i = 0; i < requests.size(); ++i) {
        const Request& request = requests[i];
        while (now < request.arrival) {
          advance();
          if (HasFatalFailure()) return;
        }
        const Cycle arrival = now + (seed % 4 < 2 ? 0 : traffic.below(100));
        controller.push(i, request.address, request.write, arrival, request.bursts);
        for (std::uint32_t j = 0; j < request.bursts; ++j) {
          expected.push(i, request.address + j * spec.burst_bytes(), request.write, arrival);
        }
      }
      while (!controller.empty()) {
        advance();
        if (HasFatalFailure()) return;
      }
      EXPECT_EQ(expected.waiting(), 0U);
    }
  }
}

/// The pattern that it is for: a load and a store stream of long requests.
TEST(DramBulkService, KeepsEveryConstraintOfLongStreams) {
  for (const DramSpec& spec : dram_standards()) {
    std::vector<Request> requests;
    for (std::uint32_t i = 0; i < 80; ++i) {
      requests.push_back({std::uint64_t{i} * 16 * spec.burst_bytes(), 16, false, 0});
      requests.push_back({spec.bytes() / 2 + std::uint64_t{i} * 16 * spec.burst_bytes(), 16, true, 0});
    }
    const Outcome outcome = in_runs(spec, {}, requests, false, {.observed = true, .ahead = true});
    EXPECT_THAT(breaches(spec, outcome.log), IsEmpty());
    expect_the_same(burst_by_burst(spec, {}, requests, false), outcome, true);
  }
}

TEST(DramBulkService, ARunEntersWhenFewerThanTheQueuesBurstsWait) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  DramControllerOptions options;
  options.queue_bursts = 8;
  DramController controller(spec, options);
  std::vector<DramRunDone> done;
  controller.push(0, 0, false, 0, 7);
  EXPECT_FALSE(controller.full());
  controller.push(1, 1024, false, 0, 8);
  EXPECT_TRUE(controller.full());
  // Fifteen wait; after eight reads, from clock 16 every four clocks, seven.
  EXPECT_EQ(controller.make_room(done), 16U + 7 * 4 + 1);
  EXPECT_FALSE(controller.full());
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].bursts, 7U);
  EXPECT_EQ(done[0].data_end, 16U + 6 * 4 + 16 + 4);
  EXPECT_EQ(controller.next_done(), 16U + 14 * 4 + 16 + 4);
  EXPECT_THROW(controller.make_room(done), std::logic_error);
  EXPECT_THROW(controller.push(2, 0, false, 0, 0), std::logic_error);
  EXPECT_THROW(controller.push(2, 0, false, 0, 9), std::logic_error);
  EXPECT_THROW(controller.push(2, spec.bytes() - 64, false, 0, 2), std::logic_error);
}

}  // namespace
}  // namespace fusesim::memory
