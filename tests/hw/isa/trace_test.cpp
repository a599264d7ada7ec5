// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hw/isa/write_file.h"
#include "tests/hw/isa/random_program.h"
#include "tests/hw/isa/seal.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::isa {
namespace {

using test::random_program;
using testing::HasSubstr;

std::string message_of(const std::string& bytes) {
  try {
    static_cast<void>(decode_trace(bytes, "t"));
  } catch (const TraceError& error) {
    return error.what();
  }
  return "";
}

std::string read_error(const std::filesystem::path& path) {
  try {
    static_cast<void>(read_trace(path));
  } catch (const TraceError& error) {
    return error.what();
  }
  return "";
}

TEST(Trace, GivesBackTheProgram) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Program program = random_program(seed);
    const std::string bytes = encode_trace(program);
    ASSERT_EQ(decode_trace(bytes, "t"), program) << seed;
    ASSERT_EQ(encode_trace(program), bytes) << seed;  // no clock, address or order of a hash in it
  }
}

TEST(Trace, GivesBackTheProgramFromAFile) {
  fusesim::test::TemporaryDirectory directory;
  const Program program = random_program(3);
  write_trace(directory / "a.trace", program);
  EXPECT_EQ(read_trace(directory / "a.trace"), program);
}

TEST(Trace, IsNotWrittenForAnInvalidProgram) {
  fusesim::test::TemporaryDirectory directory;
  Program program = random_program(3);
  program.array.rows = 0;
  EXPECT_THROW(write_trace(directory / "a.trace", program), std::invalid_argument);
  EXPECT_EQ(directory.files(), 0U);
}

TEST(Trace, SaysWhereItIsTruncated) {
  const std::string bytes = encode_trace(random_program(1));
  EXPECT_EQ(message_of(""), "t: header: truncated at byte 0 of 40; write the trace anew");
  EXPECT_EQ(message_of(bytes.substr(0, 39)), "t: header: truncated at byte 39 of 40; write the trace anew");
  for (const std::size_t size : {std::size_t{40}, std::size_t{100}, bytes.size() - 1}) {
    EXPECT_EQ(message_of(bytes.substr(0, size)), "t: payload: truncated at byte " + std::to_string(size) + " of " +
                                                     std::to_string(bytes.size()) + "; copy or write the trace anew");
  }
  EXPECT_EQ(message_of(bytes + "xy"), "t: payload: 2 bytes follow its end at byte " + std::to_string(bytes.size()) +
                                          "; copy or write the trace anew");
}

TEST(Trace, NamesTheWrongFieldOfItsHeader) {
  const std::string good = encode_trace(random_program(1));
  const auto with = [&](std::size_t at, char value) {
    std::string bytes = good;
    bytes[at] = value;
    return message_of(bytes);
  };
  EXPECT_THAT(with(0, 'x'), HasSubstr("t: magic: not a fusesim trace"));
  EXPECT_THAT(message_of("fusesim 1\n"), HasSubstr("'fusesim asm'"));
  EXPECT_EQ(with(8, 4), "t: version: is 4, but this fusesim reads versions 1 to 3; compile the trace anew");
  EXPECT_EQ(with(12, 1), "t: kind: holds a machine program, but an array program is needed here; name another file");
  EXPECT_EQ(with(12, 2),
            "t: kind: is 2, but this fusesim knows 0 (array program) and 1 (machine program); compile the trace anew");
  EXPECT_THAT(with(23, 1), HasSubstr("t: payload size: is 720575940379"));
  EXPECT_THAT(with(24, static_cast<char>(good[24] ^ 1)), HasSubstr("t: checksum: stored "));
  EXPECT_THAT(with(60, static_cast<char>(good[60] ^ 1)), HasSubstr("t: checksum: stored "));
  EXPECT_THAT(with(32, static_cast<char>(good[32] ^ 1)), HasSubstr("t: array digest: does not belong to array '"));
}

// Version 1 had no kinds: a zero stood in their place.
TEST(Trace, OfVersionOneIsRead) {
  const Program program = random_program(1);
  std::string bytes = encode_trace(program);
  ASSERT_EQ(bytes[8], 3);
  bytes[8] = 1;
  EXPECT_THAT(message_of(bytes), HasSubstr("t: checksum: stored "));
  test::seal(bytes);
  EXPECT_EQ(decode_trace(bytes, "t"), program);
  bytes[12] = 1;
  EXPECT_EQ(message_of(bytes), "t: header: bytes 12 to 15 must be zero; write the trace anew");
}

TEST(Trace, SaysWhatKindItIs) {
  fusesim::test::TemporaryDirectory directory;
  write_trace(directory / "a.trace", random_program(3));
  EXPECT_EQ(trace_kind(directory / "a.trace"), ProgramKind::array);
  write_file(directory / "a.fasm", "fusesim 1\n");
  EXPECT_THROW(static_cast<void>(trace_kind(directory / "a.fasm")), TraceError);
  EXPECT_THROW(static_cast<void>(trace_kind(directory / "none")), TraceError);
}

TEST(Trace, ReportsAStructureThatIsBroken) {
  std::string bytes = encode_trace(random_program(1));
  bytes[40] = static_cast<char>(0xff);
  bytes[43] = static_cast<char>(0x7f);  // the root lies beyond the end
  test::seal(bytes);
  EXPECT_EQ(message_of(bytes), "t: payload: its structure is broken; compile the trace anew");
}

TEST(Trace, ReportsAProgramThatIsInvalid) {
  Program program = random_program(1);
  program.array = {.rows = 4000, .cols = 3999, .fuse_links = true};
  std::string bytes = encode_trace(program);
  const std::string rows{"\xa0\x0f\0\0\x9f\x0f\0\0", 8};
  const std::size_t at = bytes.find(rows);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 8, std::string{"\0\0\0\0\x9f\x0f\0\0", 8});
  test::seal(bytes);
  EXPECT_EQ(message_of(bytes), "t: array.rows is 0; it must be from 1 to 4096");
}

// A thousand layers whose names are all one and the same string: legal FlatBuffers, a hundred times larger in memory.
TEST(Trace, RefusesPartsUsedMoreThanOnce) {
  Program program;
  program.layers.assign(1000, "");
  program.layers[0].assign(250, 'n');
  std::string bytes = encode_trace(program);
  const std::size_t name = bytes.find(std::string(250, 'n')) - 4;
  const std::size_t first = test::find_layer_offsets(bytes, name, 1000);
  ASSERT_NE(first, std::string::npos);
  for (std::size_t i = 0; i < 1000; ++i)
    test::store(bytes, first + 4 * i, static_cast<std::uint32_t>(name - first - 4 * i));
  test::seal(bytes);
  EXPECT_EQ(message_of(bytes), "t: payload: parts of it are used more than once; write the trace anew");
}

TEST(Trace, ReportsFilesThatCannotBeRead) {
  fusesim::test::TemporaryDirectory directory;
  EXPECT_THAT(read_error(directory / "none"), HasSubstr("none: cannot read: No such file or directory"));
  EXPECT_THAT(read_error(directory / "."),
              HasSubstr("cannot read: a trace is mapped into memory and must be a regular file"));
  write_file(directory / "empty", "");
  EXPECT_THAT(read_error(directory / "empty"), HasSubstr("empty: header: truncated at byte 0 of 40"));
}

}  // namespace
}  // namespace fusesim::isa
