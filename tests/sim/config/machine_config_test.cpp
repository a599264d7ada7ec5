// SPDX-License-Identifier: Apache-2.0
#include "sim/config/machine_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sim/config/keys.h"

namespace fusesim::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// The text of the ConfigError that `action` throws.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("\n"))) << "an error is one line";
    return error.what();
  }
  ADD_FAILURE() << "no ConfigError";
  return "";
}

std::string parse_error(std::string_view toml) {
  return error_of([&] { (void)parse(toml, "m.toml"); });
}

std::string override_error(std::string_view assignment) {
  return error_of([&] {
    MachineConfig config;
    apply_override(config, assignment);
  });
}

MachineConfig unusual_machine() {
  MachineConfig config;
  config.description = "a \"quoted\" \\ name,\twith a tab";
  config.array = {.rows = 3,
                  .cols = 4096,
                  .accumulators = isa::Accumulators::single,
                  .folds = isa::FoldOverlap::serial,
                  .fuse_links = true,
                  .broadcast_stages = 17};
  config.frequency_mhz = 433.3333333333333;
  return config;
}

TEST(MachineFile, SetsEveryKeyItNames) {
  const MachineConfig config = parse(R"(
    description = "tall and narrow"
    [array]
    rows = 128
    cols = 7
    accumulators = "single"
    folds = "serial"
    fuse_links = true
    broadcast_stages = 2
    [clock]
    frequency_mhz = 250.5
  )",
                                     "m.toml");
  EXPECT_EQ(config.description, "tall and narrow");
  const isa::ArrayConfig array{.rows = 128,
                               .cols = 7,
                               .accumulators = isa::Accumulators::single,
                               .folds = isa::FoldOverlap::serial,
                               .fuse_links = true,
                               .broadcast_stages = 2};
  EXPECT_EQ(config.array, array);
  EXPECT_EQ(config.frequency_mhz, 250.5);
}

TEST(MachineFile, GivesKeysLeftOutTheirDefaults) {
  EXPECT_EQ(parse("", "m.toml"), MachineConfig{});
  MachineConfig expected;
  expected.array.rows = 8;
  EXPECT_EQ(parse("array.rows = 8", "m.toml"), expected);
}

TEST(MachineFile, TakesAWholeNumberForARealKey) {
  EXPECT_EQ(parse("clock.frequency_mhz = 250", "m.toml").frequency_mhz, 250.0);
}

TEST(MachineFile, ComesBackEqualAfterWriting) {
  for (const MachineConfig& config : {MachineConfig{}, unusual_machine(), load("archon-8x8")}) {
    EXPECT_EQ(parse(to_toml(config), "m.toml"), config) << to_toml(config);
  }
}

TEST(MachineFile, UnknownKeyNamesFileLineAndNearestKey) {
  EXPECT_THAT(parse_error("[array]\nrows = 4\nclos = 4\n"),
              AllOf(StartsWith("m.toml:3:1: key 'array.clos' is unknown"), HasSubstr("did you mean 'array.cols'?"),
                    HasSubstr("clock.frequency_mhz")));
  EXPECT_THAT(parse_error("rows = 4"),
              AllOf(StartsWith("m.toml:1:1: key 'rows' is unknown"), HasSubstr("'array.rows'")));
}

TEST(MachineFile, UnknownTableNamesFileLineAndNearestTable) {
  EXPECT_THAT(parse_error("\n[aray]\nrows = 4\n"),
              AllOf(StartsWith("m.toml:2:2: table 'aray' is unknown"), HasSubstr("did you mean 'array'?")));
}

TEST(MachineFile, ATableInPlaceOfAKeyIsAnError) {
  EXPECT_THAT(parse_error("[array.rows]\nx = 1\n"),
              AllOf(StartsWith("m.toml:1:"), HasSubstr("array.rows must be an integer from 1 to 4096"),
                    HasSubstr("not a table")));
}

TEST(MachineFile, AValueInPlaceOfATableIsAnError) {
  EXPECT_THAT(parse_error("array = 5"), AllOf(StartsWith("m.toml:1:1: 'array' is a table"), HasSubstr("not 5")));
}

TEST(MachineFile, AWrongTypeNamesPlaceKeyAndWhatIsAllowed) {
  EXPECT_THAT(parse_error("[array]\nrows = \"64\"\n"),
              AllOf(StartsWith("m.toml:2:8: array.rows must be an integer from 1 to 4096 (processing elements), not "),
                    HasSubstr("64")));
  EXPECT_THAT(parse_error("array.rows = 64.0"), HasSubstr("must be an integer"));
  EXPECT_THAT(parse_error("array.rows = [64]"), HasSubstr("not an array"));
  EXPECT_THAT(parse_error("array.rows = 2020-01-01"), HasSubstr("must be an integer"));
  EXPECT_THAT(parse_error("array.fuse_links = 1"), HasSubstr("array.fuse_links must be true or false, not 1"));
  EXPECT_THAT(parse_error("array.folds = true"), HasSubstr("array.folds must be one of serial, pipelined, not true"));
  EXPECT_THAT(parse_error("clock.frequency_mhz = \"fast\""), HasSubstr("must be a number"));
  EXPECT_THAT(parse_error("description = 3"), HasSubstr("description must be a text in quotes, not 3"));
}

TEST(MachineFile, AValueOutOfRangeNamesTheRange) {
  for (const char* toml : {"array.rows = 0", "array.rows = 4097", "array.rows = -1", "array.rows = 4294967297"}) {
    EXPECT_THAT(parse_error(toml), HasSubstr("array.rows must be an integer from 1 to 4096")) << toml;
  }
  EXPECT_THAT(parse_error("array.cols = 0"), HasSubstr("array.cols must be"));
  EXPECT_THAT(parse_error("array.broadcast_stages = -1"), HasSubstr("array.broadcast_stages must be"));
  for (const char* toml : {"clock.frequency_mhz = 0", "clock.frequency_mhz = nan", "clock.frequency_mhz = inf"}) {
    EXPECT_THAT(parse_error(toml), HasSubstr("clock.frequency_mhz must be a number from")) << toml;
  }
  EXPECT_THAT(parse_error("array.accumulators = \"double\""), HasSubstr("must be one of single, pingpong"));
}

TEST(MachineFile, KeysThatDoNotFitEachOtherAreAnError) {
  EXPECT_THAT(parse_error("[array]\ncols = 4\nbroadcast_stages = 4\n"),
              AllOf(StartsWith("m.toml: "), HasSubstr("broadcast_stages")));
}

TEST(MachineFile, BrokenTomlNamesItsLine) {
  EXPECT_THAT(parse_error("[array]\nrows = = 4\n"), StartsWith("m.toml:2:"));
  EXPECT_THAT(parse_error("[array]\nrows = 4\nrows = 5\n"), StartsWith("m.toml:3:"));
}

TEST(Machine, IsLoadedFromAFile) {
  const std::string path = ::testing::TempDir() + "machine_config_test.toml";
  std::ofstream(path) << to_toml(unusual_machine());
  EXPECT_EQ(load(path), unusual_machine());
  std::ofstream(path) << "array.rows = 0\n";
  EXPECT_THAT(error_of([&] { (void)load(path); }), StartsWith(path + ":1:"));
  std::remove(path.c_str());
}

TEST(Machine, ANameThatIsNeitherPresetNorFileGivesTheNearestPreset) {
  EXPECT_THAT(error_of([] { (void)load("fuseconv64x64"); }),
              AllOf(HasSubstr("no such file"), HasSubstr("preset machine 'fuseconv64x64' is unknown"),
                    HasSubstr("did you mean 'fuseconv-64x64'?")));
}

TEST(Machine, ANameNobodyHasIsToldApartFromAFileThatIsWrong) {
  EXPECT_THROW((void)load("fuseconv64x64"), UnknownMachine);
  const std::string loop = ::testing::TempDir() + "machine_config_test_loop";
  std::filesystem::remove(loop);
  std::filesystem::create_symlink(loop, loop);
  EXPECT_EQ(error_of([&] { (void)load(loop); }), loop + ": cannot read: Too many levels of symbolic links");
  std::filesystem::remove(loop);
}

TEST(Machine, AFileThatNeverEndsIsAnError) {
  EXPECT_THAT(error_of([] { (void)load("/dev/zero"); }), StartsWith("/dev/zero: longer than 67108864 bytes"));
}

TEST(MachineFile, StagesOnWiresThatAreNotThereAreAnError) {
  EXPECT_THAT(parse_error("[array]\nfuse_links = false\nbroadcast_stages = 3\n"),
              AllOf(StartsWith("m.toml: array.broadcast_stages is 3"), HasSubstr("it must be 0")));
}

TEST(Machine, AFileThatCannotBeReadIsAnError) {
  EXPECT_THAT(error_of([] { (void)load(::testing::TempDir()); }), HasSubstr("is a directory"));
  EXPECT_THAT(error_of([] { (void)load_file("no/such/machine.toml"); }),
              StartsWith("no/such/machine.toml: cannot read: No such file or directory"));
}

TEST(Presets, AllLoadAndDescribeThemselves) {
  ASSERT_FALSE(presets().empty());
  for (const Preset& preset : presets()) {
    EXPECT_FALSE(load(preset.name).description.empty()) << preset.name;
  }
}

TEST(Presets, HaveThePublishedSizes) {
  const MachineConfig fuseconv = load("fuseconv-64x64");
  EXPECT_EQ(fuseconv.array.rows, 64u);
  EXPECT_EQ(fuseconv.array.cols, 64u);
  EXPECT_TRUE(fuseconv.array.fuse_links);
  const MachineConfig archon = load("archon-8x8");
  EXPECT_EQ(archon.array.rows, 8u);
  EXPECT_EQ(archon.array.cols, 8u);
  EXPECT_FALSE(archon.array.fuse_links);
}

TEST(Override, SetsOneKeyOfEveryType) {
  MachineConfig config;
  apply_override(config, "array.rows=32");
  EXPECT_EQ(config.array.rows, 32u);
  apply_override(config, " array.accumulators = single ");
  EXPECT_EQ(config.array.accumulators, isa::Accumulators::single);
  apply_override(config, "array.folds=\"serial\"");
  EXPECT_EQ(config.array.folds, isa::FoldOverlap::serial);
  apply_override(config, "array.fuse_links=false");
  EXPECT_FALSE(config.array.fuse_links);
  apply_override(config, "clock.frequency_mhz=2.5e2");
  EXPECT_EQ(config.frequency_mhz, 250.0);
  apply_override(config, "description=a=b");
  EXPECT_EQ(config.description, "a=b");
}

TEST(Override, ErrorsNameTheOverrideTheKeyAndTheCure) {
  EXPECT_THAT(override_error("array.rows"), HasSubstr("written key=value"));
  EXPECT_THAT(override_error("array.row=3"),
              AllOf(StartsWith("--set array.row=3: key 'array.row' is unknown"), HasSubstr("'array.rows'")));
  EXPECT_THAT(override_error("=3"), HasSubstr("key '' is unknown"));
  EXPECT_THAT(override_error("array.rows=many"),
              HasSubstr("array.rows must be an integer from 1 to 4096 (processing elements), not 'many'"));
  for (const char* text : {"", "3 4", "0", "4097", "2.0", "99999999999999999999", "0x10"}) {
    EXPECT_THAT(override_error(std::string("array.rows=") + text), HasSubstr("must be an integer")) << text;
  }
  EXPECT_THAT(override_error("array.fuse_links=yes"), HasSubstr("must be true or false, not 'yes'"));
  EXPECT_THAT(override_error("array.folds=overlapped"), HasSubstr("must be one of serial, pipelined"));
}

TEST(Override, ThatFailsChangesNothing) {
  MachineConfig config = load("fuseconv-64x64");
  const std::vector<std::string> assignments{"array.rows=32", "array.cols=none"};
  EXPECT_THROW(apply_overrides(config, assignments), ConfigError);
  EXPECT_EQ(config, load("fuseconv-64x64"));
}

TEST(Override, SeveralAreCheckedAgainstEachOtherOnlyTogether) {
  MachineConfig config = parse("array.cols = 4", "m.toml");
  EXPECT_THAT(error_of([&] { apply_override(config, "array.broadcast_stages=7"); }), HasSubstr("broadcast_stages"));
  const std::vector<std::string> assignments{"array.broadcast_stages=7", "array.cols=8"};
  apply_overrides(config, assignments);
  EXPECT_EQ(config.array.broadcast_stages, 7u);
  EXPECT_EQ(config.array.cols, 8u);
}

TEST(Digest, ChangesWithEveryKeyThatChangesTheMachineAndWithNoOther) {
  const MachineConfig base;
  EXPECT_EQ(digest(base), digest(MachineConfig{}));
  for (const char* change : {"array.rows=63", "array.cols=63", "array.accumulators=single", "array.folds=serial",
                             "array.fuse_links=false", "array.broadcast_stages=1", "clock.frequency_mhz=999"}) {
    MachineConfig changed = base;
    apply_override(changed, change);
    EXPECT_NE(digest(changed), digest(base)) << change;
  }
  MachineConfig renamed = base;
  renamed.description = "another name";
  EXPECT_EQ(digest(renamed), digest(base));
}

TEST(Keys, AreAllInTheHelpWithUnitAndMeaning) {
  for (const Key& key : keys()) {
    for (const std::string& text : {keys_help(), keys_markdown()}) {
      EXPECT_THAT(text, AllOf(HasSubstr(std::string(key.name)), HasSubstr(std::string(key.unit)),
                              HasSubstr(std::string(key.description))));
    }
  }
}

TEST(Keys, TableInTheGuideIsTheOneTheProgramPrints) {
  std::ifstream file(FUSESIM_TEST_DATA "/../../docs/guide.md");
  const std::string guide(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(guide, HasSubstr(keys_markdown())) << "docs/guide.md must hold the table above";
}

}  // namespace
}  // namespace fusesim::config
