// SPDX-License-Identifier: Apache-2.0
// `fusesim compile`, `disasm` and `asm`, started as a program.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "tests/support/temporary_directory.h"

namespace fusesim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Result {
  int status;
  std::string output;
};

/// Runs shell commands in an empty directory of the test's own, in which $F is the program.
class TraceCommands : public ::testing::Test {
 protected:
  Result shell(const std::string& command) const {
    FILE* pipe = popen(
        ("cd '" + directory_.path().string() + "'; F='" FUSESIM_PROGRAM "'; { " + command + "; } 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen failed");
    Result result;
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) result.output.append(buffer, n);
    const int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
  }

 private:
  test::TemporaryDirectory directory_;
};

TEST_F(TraceCommands, TextAndTraceTurnIntoEachOther) {
  const Result result = shell(
      "$F compile mobilenet_v2 --variant fuse_half --array 24x40 -o a.trace && $F disasm a.trace -o a.fasm && "
      "$F asm a.fasm -o b.trace && cmp a.trace b.trace && $F disasm b.trace | cmp - a.fasm && ls");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, StartsWith("a.trace: 70 instructions, "));
  EXPECT_THAT(result.output, HasSubstr("for array 24x40 pingpong pipelined fuse stages=0\na.fasm\na.trace\nb.trace\n"));
}

TEST_F(TraceCommands, TextAndTraceOfMachineProgramsTurnIntoEachOther) {
  const Result result = shell("for t in '" FUSESIM_TRACES
                              "'/machine/*.trace; do $F disasm \"$t\" -o a.fasm && $F asm a.fasm -o a.trace && "
                              "cmp a.trace \"$t\" && $F asm \"${t%.trace}.fasm\" -o b.trace && cmp b.trace \"$t\" && "
                              "$F disasm a.trace | cmp - a.fasm && "
                              "head -n 2 a.fasm; done");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output,
            "fusesim 1 machine\nnetwork \"gated FuSe layer on 5x3\"\nfusesim 1 machine\nnetwork \"pointwise on 4x4\"\n"
            "fusesim 1 machine\nnetwork \"predicted blocks on 4x4\"\n");
}

TEST_F(TraceCommands, MistakesInMachineProgramsAreNamed) {
  const std::string text = "'" FUSESIM_TRACES "'/machine/pointwise_4x4.fasm";
  const Result name =
      shell("sed 's/vector 4 requantize/vector 4 requantise/' " + text + " >a.fasm; $F asm a.fasm -o a");
  EXPECT_EQ(name.status, 1);
  EXPECT_THAT(name.output, StartsWith("fusesim: a.fasm:41: kind 'requantise' is unknown; did you mean 'requantize'?"));
  const Result token = shell("sed 's/wait=vector:1/wait=vector:2/' " + text + " >a.fasm; $F asm a.fasm -o a");
  EXPECT_EQ(token.status, 1);
  EXPECT_THAT(token.output,
              StartsWith("fusesim: a.fasm:42: instruction 5 (store, pointwise): waits for 2 completed vector "
                         "instructions, but the program has only 1"));
  const Result damaged =
      shell("head -c 1000 '" FUSESIM_TRACES "'/machine/pointwise_4x4.trace >a.trace; $F disasm a.trace");
  EXPECT_EQ(damaged.status, 1);
  EXPECT_THAT(damaged.output, StartsWith("fusesim: a.trace: payload: truncated at byte 1000 of 1472; copy or write"));
  EXPECT_EQ(shell("ls").output, "a.fasm\na.trace\n");
  const Result lists =
      shell("sed '/section 9 /,/section 10 /s/220000000000001000000010/220000000000091000000010/' '" FUSESIM_TRACES
            "'/machine/predicted_4x4.fasm >b.fasm; $F asm b.fasm -o b.trace");
  EXPECT_EQ(lists.status, 1);
  EXPECT_THAT(lists.output, StartsWith("fusesim: b.fasm:"));
  EXPECT_THAT(lists.output, HasSubstr(" in section 9 (n2.lists): byte "));
  EXPECT_THAT(lists.output, HasSubstr("; correct the bytes, or the sizes "));
  EXPECT_EQ(shell("ls").output, "a.fasm\na.trace\nb.fasm\n");
}

TEST_F(TraceCommands, AProgramThatLeavesItsOutputUnwrittenIsToldOf) {
  const std::string text = "'" FUSESIM_TRACES "/machine/pointwise_4x4.fasm'";
  const std::string told =
      ": section 3 (pointwise) is output, but 80 of its 80 bytes are never stored; look whether the program is cut "
      "short\n";
  const Result cut =
      shell("grep -v ^store " + text + " >a.fasm; $F asm a.fasm -o a.trace && $F run a.trace >/dev/null");
  EXPECT_EQ(cut.status, 0);
  EXPECT_EQ(cut.output, "fusesim: a.fasm" + told + "fusesim: a.trace" + told);
  const Result whole = shell("$F asm " + text + " -o a.trace && $F run a.trace >/dev/null");
  EXPECT_EQ(whole.output, "");
}

TEST_F(TraceCommands, WhatOnlyARunFindsNamesTheFile) {
  const Result result = shell("sed 's/run=48/run=40/' '" FUSESIM_TRACES
                              "/machine/pointwise_4x4.fasm' >a.fasm; $F asm a.fasm -o a.trace && $F run a.trace");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.output,
              StartsWith("fusesim: a.trace: instruction 3 (compute, layer 'pointwise') reads byte 0x28"));
}

TEST_F(TraceCommands, NothingReplacesTheFileItReads) {
  const Result result = shell(
      "$F compile mobilenet_v3_small -o a.trace >/dev/null && $F disasm a.trace -o a.fasm && cp a.trace b.trace && "
      "cp a.fasm b.fasm; $F disasm a.trace -o a.trace; echo $?; $F asm a.fasm -o ./a.fasm; echo $?; "
      "$F run a.trace --vcd a.trace --vcd-window 0:9; echo $?; cmp a.trace b.trace && cmp a.fasm b.fasm && ls");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("--output a.trace is the file that is read; name another"));
  EXPECT_THAT(result.output, HasSubstr("--vcd a.trace is the file that is read; name another"));
  EXPECT_THAT(result.output, ::testing::EndsWith("2\na.fasm\na.trace\nb.fasm\nb.trace\n"));
}

TEST_F(TraceCommands, AWaveformAppearsOnlyWhenTheRunHasEndedWell) {
  const Result result = shell(
      "$F compile mobilenet_v3_small -o a.trace >/dev/null; echo precious > w.vcd; "
      "$F run a.trace --vcd w.vcd --vcd-window 99999999:100000000; cat w.vcd; "
      "$F run a.trace --vcd w.vcd --vcd-window 5:25 --vcd-scope 'pe[0][0]' >/dev/null && head -c 10 w.vcd && ls");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("choose an earlier window"));
  EXPECT_THAT(result.output, HasSubstr("precious\n$version"));
  EXPECT_THAT(result.output, ::testing::EndsWith("a.trace\nw.vcd\n"));
}

TEST_F(TraceCommands, AWaveformThatCannotBeWrittenDoesNotTakeTheResultWithIt) {
  const Result result = shell(
      "R=\"$F run mobilenet_v3_small --array 8 --format csv\"; $R > plain.csv; "
      "$R --vcd /dev/full --vcd-window 5:9 --vcd-scope 'pe[0][0]' > full.csv; echo $?; cmp plain.csv full.csv && ls");
  EXPECT_THAT(result.output, HasSubstr("cannot write waveform '/dev/full': No space left on device"));
  EXPECT_THAT(result.output, ::testing::EndsWith("1\nfull.csv\nplain.csv\n"));
}

TEST_F(TraceCommands, OptionsReachTheProgram) {
  const Result plain = shell(
      "$F compile mobilenet_v1 --array 5x7 --accumulators single --folds serial --no-fuse-links --dw-mapping row "
      "-o a.trace >/dev/null && $F disasm a.trace");
  EXPECT_THAT(plain.output,
              HasSubstr("rows=5 cols=7 accumulators=single folds=serial fuse_links=no broadcast_stages=0"));
  EXPECT_THAT(plain.output, HasSubstr(" depthwise_row "));
  const std::string broadcast = "$F compile mobilenet_v1 --dw-mapping broadcast -o a.trace ";
  EXPECT_THAT(shell(broadcast + "--packing >/dev/null && $F disasm a.trace").output, HasSubstr(" lines="));
  EXPECT_THAT(shell(broadcast + ">/dev/null && $F disasm a.trace").output, ::testing::Not(HasSubstr(" lines=")));
  EXPECT_EQ(shell(broadcast + ">/dev/null && cp a.trace b.trace && " + broadcast +
                  "--seed 2 >/dev/null && cmp -s a.trace b.trace")
                .status,
            1);
}

TEST_F(TraceCommands, ATraceGoesAloneIntoAPipe) {
  EXPECT_EQ(
      shell("$F compile mobilenet_v1 -o a.trace >/dev/null && $F compile mobilenet_v1 -o /dev/stdout | cmp - a.trace")
          .output,
      "");
}

TEST_F(TraceCommands, MistakesOnTheCommandLineAreNamed) {
  const Result array = shell("$F compile mobilenet_v1 --array 0x8 -o a.trace");
  EXPECT_EQ(array.status, 2);
  EXPECT_THAT(array.output, StartsWith("fusesim: --array: '0x8' is not a size; write one number"));
  const Result mapping = shell("$F compile mobilenet_v1 --dw-mapping colum -o a.trace");
  EXPECT_EQ(mapping.status, 2);
  EXPECT_THAT(mapping.output, StartsWith("fusesim: --dw-mapping 'colum' is unknown; did you mean 'column'?"));
  const Result links = shell("$F compile mobilenet_v1 --dw-mapping broadcast --no-fuse-links -o a.trace");
  EXPECT_EQ(links.status, 2);
  EXPECT_THAT(links.output, StartsWith("fusesim: depthwise mapping 'broadcast' needs FuSe links"));
  for (const char* wrong : {"--set array.row=3", "--set array.rows=abc", "--machine fuseconv-64x46", "--machine ''",
                            "--seed -1", "--seed abc", "--no-fuse-links --broadcast-stages 3"}) {
    EXPECT_EQ(shell(std::string("$F compile mobilenet_v1 -o a.trace ") + wrong).status, 2) << wrong;
  }
  EXPECT_EQ(shell("ls").output, "");
}

TEST_F(TraceCommands, FilesThatCannotBeReadOrWrittenAreNamed) {
  const auto expect_failure = [&](const std::string& command, const std::string& message) {
    const Result result = shell(command);
    EXPECT_EQ(result.status, 1) << command;
    EXPECT_THAT(result.output, StartsWith("fusesim: " + message)) << command;
  };
  expect_failure("$F compile mobilenet_v1 -o no/a.trace", "no/a.trace: cannot write: No such file or directory");
  expect_failure("$F compile mobilenet_v1 -o /dev/full", "/dev/full: cannot write: No space left on device");
  expect_failure("$F disasm none", "none: cannot read: No such file or directory");
  expect_failure("$F asm none -o a", "none: cannot read: No such file or directory");
  expect_failure("$F asm . -o a", ".: cannot read: Is a directory");
  expect_failure("echo 'fusesim 1' >a.fasm; echo 'aray rows=1' >>a.fasm; $F asm a.fasm -o a",
                 "a.fasm:2: keyword 'aray' is unknown; did you mean 'array'?");
  expect_failure("$F disasm a.fasm", "a.fasm: magic: not a fusesim trace");
  expect_failure("$F compile mobilenet_v1 -o a.trace >/dev/null; head -c 1000 a.trace >b.trace; $F disasm b.trace",
                 "b.trace: payload: truncated at byte 1000 of ");
}

}  // namespace
}  // namespace fusesim
