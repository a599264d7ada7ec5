// SPDX-License-Identifier: Apache-2.0
// The loop against SystemC's kernel: the same notifications, the same processes at the same times.
#include "hw/control/machine/loop.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "hw/control/machine/alarm.h"
#include "tests/hw/memory/support/kernel.h"
#include "tests/support/random_instruction.h"

namespace fusesim::control::machine {
namespace {

using test::Random;

/// Processes that notify each other, each in a way of its own that only depends on how often it has run: of the order
/// in which those of an instant run nothing depends.
class Crowd {
 public:
  Crowd(std::uint64_t seed, std::uint32_t count, Loop* loop)
      : seed_(seed), clock_(sc_core::sc_time(1, sc_core::SC_NS), loop) {
    for (std::uint32_t i = 0; i < count; ++i) members_.push_back(std::make_unique<Member>(*this, i));
    members_.front()->alarm.notify(std::uint64_t{3});
  }
  /// How often each process ran at each time.
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint32_t> log;

 private:
  struct Member {
    Member(Crowd& all, std::uint32_t index)
        : crowd(all),
          number(index),
          alarm(Alarm::of<&Member::run>(all.clock_, ("member" + std::to_string(index)).c_str(), this)) {}
    void run() {
      ++crowd.log[{crowd.clock_.now_picoseconds(), number}];
      Random random(crowd.seed_ * 1000003 + number * 4099 + runs++);
      if (runs > 60) return;
      for (std::uint32_t i = random.between(1, 3); i > 0; --i) {
        Alarm& other = crowd.members_[random.between(0, static_cast<std::uint32_t>(crowd.members_.size()) - 1)]->alarm;
        other.notify(std::uint64_t{random.chance(0.2) ? 0 : random.between(1, 5)});
      }
    }
    Crowd& crowd;
    std::uint32_t number, runs = 0;
    Alarm alarm;
  };
  std::uint64_t seed_;
  Clock clock_;
  std::vector<std::unique_ptr<Member>> members_;
};

TEST(Loop, RunsTheProcessesThatSystemCRunsAtTheTimesAtWhichItDoes) {
  std::size_t runs = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const auto count = static_cast<std::uint32_t>(1 + seed % 5);
    Loop loop;
    Crowd plain(seed, count, &loop);
    loop.run();
    const memory_test::Kernel kernel;
    Crowd modules(seed, count, nullptr);
    sc_core::sc_start();
    ASSERT_EQ(plain.log, modules.log);
    runs += plain.log.size();
  }
  EXPECT_GT(runs, 2000u);
}

/// A process that notes in what order it was run.
struct Note {
  void run() { notes->push_back(name); }
  std::vector<char>* notes;
  char name;
};

TEST(Loop, OneThatIsLastOfAnInstantRunsWhenNothingElseIsLeft) {
  Loop loop;
  std::vector<char> notes;
  struct Chain {
    Loop* loop;
    std::size_t next;
    Note note;
  };
  Note last{&notes, 'z'}, second{&notes, 'b'};
  const auto run = [](void* note) { static_cast<Note*>(note)->run(); };
  const std::size_t end = loop.add(run, &last, true);
  const std::size_t after = loop.add(run, &second);
  Chain chain{&loop, after, {&notes, 'a'}};
  const std::size_t first = loop.add(
      [](void* object) {
        auto* const each = static_cast<Chain*>(object);
        each->note.run();
        each->loop->notify(each->next, 0);
      },
      &chain);
  loop.notify(end, 5);
  loop.notify(first, 5);
  loop.run();
  EXPECT_EQ(notes, (std::vector<char>{'a', 'b', 'z'}));
  EXPECT_EQ(loop.now(), 5u);
}

TEST(Loop, OfSeveralNotificationsTheEarliestStays) {
  Loop loop;
  std::vector<char> notes;
  Note note{&notes, 'n'};
  const std::size_t process = loop.add([](void* each) { static_cast<Note*>(each)->run(); }, &note);
  loop.notify(process, 9);
  loop.notify(process, 4);
  loop.notify(process, 7);
  loop.run();
  EXPECT_EQ(notes.size(), 1u);
  EXPECT_EQ(loop.now(), 4u);
}

TEST(Loop, AnImmediateNotificationTakesThePlaceOfALaterOne) {
  Loop loop;
  std::vector<char> notes;
  Note first{&notes, 'a'}, second{&notes, 'b'};
  const auto run = [](void* note) { static_cast<Note*>(note)->run(); };
  const std::size_t early = loop.add(run, &first), late = loop.add(run, &second);
  loop.notify(late, 9);
  loop.notify(early, 4);
  loop.notify(early, 0);
  loop.notify(early, 2);
  loop.run();
  EXPECT_EQ(notes, (std::vector<char>{'a', 'b'}));
  EXPECT_EQ(loop.now(), 9u);
}

TEST(Loop, LetsTheLastOfAnInstantGoOnUntilSomethingElseIsToBeDone) {
  Loop loop;
  struct Runner {
    Loop* loop;
    std::size_t woken;
    std::vector<std::uint64_t> times;
  };
  Runner runner{&loop, loop.add([](void*) {}, nullptr), {}};
  const std::size_t last = loop.add(
      [](void* object) {
        auto* const each = static_cast<Runner*>(object);
        do {
          each->times.push_back(each->loop->now());
          if (each->loop->now() == 3) each->loop->notify(each->woken, 3);
        } while (each->loop->advance_to(each->loop->now() + 1));
      },
      &runner, true);
  // What is notified at once instead holds nothing up at its former time.
  loop.notify(runner.woken, 2);
  loop.notify(last, 1);
  loop.notify(runner.woken, 0);
  loop.notify(loop.add([](void* object) { static_cast<Loop*>(object)->stop(); }, &loop), 20);
  loop.run();
  EXPECT_EQ(runner.times, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(loop.now(), 20u);
}

TEST(Loop, RefusesMoreProcessesThanItHasRoomFor) {
  Loop loop;
  for (std::size_t i = 0; i < Loop::kMostProcesses; ++i) loop.add([](void*) {}, nullptr);
  EXPECT_THROW(loop.add([](void*) {}, nullptr), std::logic_error);
}

}  // namespace
}  // namespace fusesim::control::machine
