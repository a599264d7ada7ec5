// SPDX-License-Identifier: Apache-2.0
#include "hw/waves/vcd_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <functional>
#include <string>

#include "tests/support/temporary_directory.h"
#include "vcd_reader.h"

namespace fusesim::waves {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Error>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "(nothing thrown)";
}

class VcdWriterTest : public testing::Test {
 protected:
  test::TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_ / "wave.vcd";
};

TEST_F(VcdWriterTest, WritesExactlyTheseBytes) {
  VcdWriter writer(file_, {"10ps", 100});
  writer.open_scope("top");
  const auto bit = writer.add_bit("ready");
  writer.open_scope("unit");
  const auto vector = writer.add_vector("address", 12);
  const auto number = writer.add_signed("sum", 8);
  writer.close_scope();
  writer.close_scope();
  writer.at(0);
  writer.change(bit, 1);
  writer.change(vector, 0x803);
  writer.change(number, -1);
  writer.at(1);
  writer.change(vector, 0x803);
  writer.at(3);
  writer.change(bit, 0);
  writer.change(vector, 0);
  writer.change(number, 5);
  writer.close();
  EXPECT_EQ(read_text(file_),
            "$version fusesim $end\n"
            "$timescale 10ps $end\n"
            "$scope module top $end\n"
            "$var wire 1 ! ready $end\n"
            "$scope module unit $end\n"
            "$var wire 12 \" address [11:0] $end\n"
            "$var integer 8 # sum [7:0] $end\n"
            "$upscope $end\n"
            "$upscope $end\n"
            "$enddefinitions $end\n"
            "#0\n$dumpvars\n1!\nb100000000011 \"\nb11111111 #\n$end\n"
            "#300\n0!\nb0 \"\nb101 #\n"
            "#400\n");
}

TEST_F(VcdWriterTest, SignalsNeverGivenAValueAreUnknown) {
  VcdWriter writer(file_, {});
  const auto bit = writer.add_bit("bit");
  const auto vector = writer.add_vector("vector", 4);
  writer.at(0);
  writer.at(2);
  writer.change(vector, 9);
  writer.at(4);
  writer.change(bit, 1);
  writer.close();
  const Vcd vcd = read_vcd(file_);
  EXPECT_EQ(vcd["vector"].at(0), "xxxx");
  EXPECT_EQ(vcd["vector"].at(2), "1001");
  EXPECT_EQ(vcd["bit"].at(3), "x");
  EXPECT_EQ(vcd["bit"].at(4), "1");
}

TEST_F(VcdWriterTest, WindowStartsWithAFullDumpAndStopsBeforeItsEnd) {
  VcdWriter writer(file_, {}, {10, 20});
  const auto early = writer.add_vector("early", 8), counter = writer.add_vector("counter", 8);
  for (std::uint64_t cycle = 0; cycle < 40; ++cycle) {
    writer.at(cycle);
    if (cycle == 3) writer.change(early, 77);
    writer.change(counter, static_cast<std::int64_t>(cycle));
  }
  writer.close();
  const Vcd vcd = read_vcd(file_);
  EXPECT_THAT(vcd.times, ElementsAre(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20));
  EXPECT_EQ(vcd["early"].value(10), 77);
  EXPECT_EQ(vcd["early"].changes.size(), 1U);
  for (std::uint64_t cycle = 10; cycle < 20; ++cycle)
    EXPECT_EQ(vcd["counter"].value(cycle), static_cast<std::int64_t>(cycle));
  EXPECT_EQ(vcd["counter"].changes.size(), 10U);
}

TEST_F(VcdWriterTest, WatchingOnlyTheWindowWritesTheSameBytesAsWatchingAll) {
  const auto run = [&](const char* name, std::uint64_t first) {
    VcdWriter writer(directory_ / name, {}, {10, 20});
    const auto a = writer.add_signed("a", 8), b = writer.add_bit("b");
    for (std::uint64_t cycle = first; cycle < 25; ++cycle) {
      writer.at(cycle);
      writer.change(a, static_cast<std::int64_t>(cycle / 3));
      writer.change(b, cycle % 2 == 0);
    }
    writer.close();
    return read_text(directory_ / name);
  };
  EXPECT_EQ(run("all.vcd", 0), run("window.vcd", 10));
}

TEST_F(VcdWriterTest, WindowThatIsNeverReachedHoldsOnlyDeclarations) {
  {
    VcdWriter writer(file_, {}, {100, 200});
    const auto a = writer.add_bit("a");
    writer.at(5);
    writer.change(a, 1);
    writer.close();
  }
  const Vcd vcd = read_vcd(file_);
  EXPECT_EQ(vcd.order, std::vector<std::string>{"a"});
  EXPECT_TRUE(vcd.times.empty());
}

TEST_F(VcdWriterTest, FirstSampleAfterTheWindowsStartLeavesTheStartUnknown) {
  VcdWriter writer(file_, {}, {10, 20});
  const auto a = writer.add_vector("a", 2);
  writer.at(15);
  writer.change(a, 2);
  writer.close();
  const Vcd vcd = read_vcd(file_);
  EXPECT_EQ(vcd["a"].at(10), "xx");
  EXPECT_EQ(vcd["a"].at(15), "10");
}

TEST_F(VcdWriterTest, ThousandsOfSignalsKeepTheirValuesApart) {
  constexpr int count = 20000;  // More than 94 * 95: codes of one, two and three characters.
  VcdWriter writer(file_, {});
  std::vector<VcdWriter::Signal> signals;
  for (int i = 0; i < count; ++i) signals.push_back(writer.add_vector("s" + std::to_string(i), 64));
  for (std::uint64_t cycle = 0; cycle < 5; ++cycle) {
    writer.at(cycle);
    for (int i = 0; i < count; ++i)
      writer.change(signals[static_cast<std::size_t>(i)],
                    static_cast<std::int64_t>(0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(i + 1) >> cycle));
  }
  writer.close();
  const Vcd vcd = read_vcd(file_);
  for (int i = 0; i < count; ++i)
    for (std::uint64_t cycle = 0; cycle < 5; ++cycle)
      ASSERT_EQ(static_cast<std::uint64_t>(vcd["s" + std::to_string(i)].value(cycle)),
                0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(i + 1) >> cycle);
}

TEST_F(VcdWriterTest, ValuesAreCutToTheSignalsWidth) {
  VcdWriter writer(file_, {});
  const auto narrow = writer.add_signed("narrow", 4);
  const auto wide = writer.add_signed("wide", 64);
  writer.at(0);
  writer.change(narrow, 0x7f8);
  writer.change(wide, INT64_MIN);
  writer.close();
  const Vcd vcd = read_vcd(file_);
  EXPECT_EQ(vcd["narrow"].value(0), -8);
  EXPECT_EQ(vcd["wide"].value(0), INT64_MIN);
}

TEST_F(VcdWriterTest, AbandonedFileIsReadableAndSaysSo) {
  {
    VcdWriter writer(file_, {});
    writer.open_scope("top");
    const auto a = writer.add_vector("a", 4);
    writer.at(0);
    writer.change(a, 3);
    writer.at(7);
    writer.change(a, 4);
  }
  const Vcd vcd = read_vcd(file_);
  EXPECT_EQ(vcd["top.a"].value(6), 3);
  EXPECT_EQ(vcd["top.a"].value(7), 4);
  EXPECT_THAT(vcd.comments, ElementsAre("The run was abandoned here."));
}

TEST_F(VcdWriterTest, FullDeviceIsReportedAtCloseAndNotRemoved) {
  VcdWriter writer("/dev/full", {});
  const auto a = writer.add_bit("a");
  writer.at(0);
  writer.change(a, 1);
  EXPECT_THAT(message_of<VcdError>([&] { writer.close(); }),
              AllOf(HasSubstr("cannot write waveform '/dev/full'"), HasSubstr("No space left on device")));
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

TEST_F(VcdWriterTest, FullDiskIsReportedDuringTheRunAndTheFileRemoved) {
  // A limit on the size of files stands for a full disk.
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 1U << 20U;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of<VcdError>([&] {
    VcdWriter writer(file_, {});
    const auto a = writer.add_vector("a", 64);
    for (std::uint64_t cycle = 0; cycle < 100'000; ++cycle) {
      writer.at(cycle);
      writer.change(a, static_cast<std::int64_t>(~cycle));
    }
    writer.close();
  });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, AllOf(HasSubstr(file_.string()), HasSubstr("File too large"), HasSubstr("was removed")));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(VcdWriterTest, UnwritablePlaceIsReportedByName) {
  const std::filesystem::path missing = directory_ / "missing/wave.vcd";
  EXPECT_EQ(message_of<VcdError>([&] { VcdWriter writer(missing, {}); }),
            "cannot write waveform '" + missing.string() + "': No such file or directory");
  EXPECT_THAT(message_of<VcdError>([&] { VcdWriter writer(directory_ / ".", {}); }), HasSubstr("Is a directory"));
}

TEST_F(VcdWriterTest, RejectsWrongUseByName) {
  EXPECT_THAT(message_of<std::invalid_argument>([&] { VcdWriter writer(file_, {"2ns"}); }), HasSubstr("'2ns'"));
  EXPECT_THAT(message_of<std::invalid_argument>([&] { VcdWriter writer(file_, {"1ns", 0}); }), HasSubstr("per cycle"));
  EXPECT_THAT(message_of<std::invalid_argument>([&] {
                VcdWriter writer(file_, {}, {5, 5});
              }),
              HasSubstr("window 5:5 is empty"));
  VcdWriter writer(file_, {});
  EXPECT_THAT(message_of<std::invalid_argument>([&] { writer.add_vector("v", 65); }), HasSubstr("'v' has 65 bits"));
  EXPECT_THAT(message_of<std::invalid_argument>([&] { writer.add_bit("two words"); }), HasSubstr("'two words'"));
  EXPECT_THROW(writer.close_scope(), std::logic_error);
  writer.at(4);
  EXPECT_THROW(writer.at(3), std::logic_error);
  EXPECT_THROW(writer.add_bit("late"), std::logic_error);
}

TEST(ParseWindow, ReadsBothEndsAndEitherAlone) {
  EXPECT_EQ(parse_window("100:200"), (Window{100, 200}));
  EXPECT_EQ(parse_window("100:"), (Window{100, Window{}.end}));
  EXPECT_EQ(parse_window(":200"), (Window{0, 200}));
}

TEST(ParseWindow, ExplainsWhatIsWrong) {
  EXPECT_EQ(message_of<std::invalid_argument>([] { (void)parse_window("100"); }),
            "waveform window '100': has no ':'; write FIRST:END in clock cycles, as in 100:200");
  EXPECT_THAT(message_of<std::invalid_argument>([] { (void)parse_window("1:x"); }),
              HasSubstr("'x' is not a cycle number"));
  EXPECT_THAT(message_of<std::invalid_argument>([] { (void)parse_window("-1:5"); }),
              HasSubstr("'-1' is not a cycle number"));
  EXPECT_THAT(message_of<std::invalid_argument>([] { (void)parse_window("9:9"); }), HasSubstr("is empty"));
}

}  // namespace
}  // namespace fusesim::waves
