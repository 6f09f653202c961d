// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <sstream>

#include <gtest/gtest.h>

namespace tresor::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kNow{seconds{1'700'000'000}};

TEST(FormatSizeTest, HasThreeDigitsAndBinaryUnits) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1023), "1023 B");
  EXPECT_EQ(FormatSize(1024), "1.00 KiB");
  EXPECT_EQ(FormatSize(1536), "1.50 KiB");
  EXPECT_EQ(FormatSize(12'900'000), "12.3 MiB");
  EXPECT_EQ(FormatSize(std::uint64_t{245} << 30), "245 GiB");
  EXPECT_EQ(FormatSize((std::uint64_t{1} << 30) - 1), "1.00 GiB");
  EXPECT_EQ(FormatSize(~std::uint64_t{0}), "16.0 EiB");
}

TEST(FormatCountTest, GroupsThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1'234'567), "1,234,567");
}

TEST(FormatCountTest, OneIsSingular) {
  EXPECT_EQ(FormatCount(0, "record"), "0 records");
  EXPECT_EQ(FormatCount(1, "record"), "1 record");
  EXPECT_EQ(FormatCount(2345, "live key"), "2,345 live keys");
}

TEST(FormatDurationTest, TakesTheUnitThatFits) {
  EXPECT_EQ(FormatDuration(milliseconds(85)), "85 ms");
  EXPECT_EQ(FormatDuration(milliseconds(4'230)), "4.2 s");
  EXPECT_EQ(FormatDuration(seconds(185)), "3 min 5 s");
  EXPECT_EQ(FormatDuration(seconds(120)), "2 min");
  EXPECT_EQ(FormatDuration(seconds(7'380)), "2 h 3 min");
  EXPECT_EQ(FormatDuration(seconds(435'600)), "5 d 1 h");
}

TEST(FormatAgeTest, LooksBothWays) {
  EXPECT_EQ(FormatAge(kNow, kNow - seconds(4)), "4 s ago");
  EXPECT_EQ(FormatAge(kNow, kNow - seconds(200)), "3 min ago");
  EXPECT_EQ(FormatAge(kNow, kNow - seconds(100'000)), "27 h ago");
  EXPECT_EQ(FormatAge(kNow, kNow - seconds(1'000'000)), "11 d ago");
  EXPECT_EQ(FormatAge(kNow, kNow + seconds(5)), "in 5 s");
  EXPECT_EQ(FormatAge(kNow, WallTime::min()), "126427 d ago");
  EXPECT_EQ(FormatMoment(kNow, kNow - seconds(60)), "2023-11-14T22:12:20Z (1 min ago)");
}

TEST(FormatRatioTest, HasNoValueForNothing) {
  EXPECT_EQ(FormatRatio(42, 10), "4.2:1");
  EXPECT_EQ(FormatRatio(42, 0), "-");
}

TEST(EscapeTest, NothingThatReachesATerminalControlsIt) {
  EXPECT_EQ(Escape(AsBytes("/registry/pods/käse")), "/registry/pods/käse");
  EXPECT_EQ(Escape(AsBytes("a\x1b[31mb")), "a\\x1b[31mb");
  EXPECT_EQ(Escape(AsBytes("a\nb\tc\\d")), "a\\nb\\tc\\\\d");
  EXPECT_EQ(Escape(AsBytes("\xff\xc3")), "\\xff\\xc3");
  EXPECT_EQ(Escape(AsBytes("\xc2\x9b"
                           "31m")),
            "\\xc2\\x9b31m");  // CSI as one C1 character
  EXPECT_EQ(Escape(AsBytes("\xe2\x80\xae"
                           "x")),
            "\\xe2\\x80\\xaex");  // right-to-left override
  EXPECT_EQ(EscapeLines(AsBytes("a\nb\rc")), "a\nb\\x0dc");
}

TEST(IsUtf8Test, RefusesOverlongFormsAndSurrogates) {
  EXPECT_TRUE(IsUtf8(AsBytes("a\xc3\xa4\xf0\x9f\x94\x91")));
  EXPECT_FALSE(IsUtf8(AsBytes("\xc0\x80")));
  EXPECT_FALSE(IsUtf8(AsBytes("\xed\xa0\x80")));
  EXPECT_FALSE(IsUtf8(AsBytes("\xf4\x90\x80\x80")));
  EXPECT_FALSE(IsUtf8(AsBytes("\xe2\x82")));
}

TEST(Base64Test, MatchesRfc4648) {
  EXPECT_EQ(Base64(AsBytes("")), "");
  EXPECT_EQ(Base64(AsBytes("f")), "Zg==");
  EXPECT_EQ(Base64(AsBytes("fo")), "Zm8=");
  EXPECT_EQ(Base64(AsBytes("foo")), "Zm9v");
  EXPECT_EQ(Base64(AsBytes("foob")), "Zm9vYg==");
  EXPECT_EQ(Base64(AsBytes("foobar")), "Zm9vYmFy");
}

TEST(TableTest, AlignsByCharactersNotBytes) {
  Table table({{"NAME"}, {"SIZE", Align::kRight}, {"X"}});
  table.Add({"käse", "7", "a"});
  table.Add({"a", "1234567", ""});
  std::ostringstream out;

  table.Print(out);

  EXPECT_EQ(out.str(),
            "NAME     SIZE  X\n"
            "käse        7  a\n"
            "a     1234567\n");
}

TEST(TableTest, PrintsNothingWithoutRows) {
  std::ostringstream out;
  Table({{"NAME"}}).Print(out);
  EXPECT_EQ(out.str(), "");
}

TEST(SheetTest, LeavesOutWhatIsEmpty) {
  Sheet sheet;
  sheet.Add("id", "1");
  sheet.Add("nothing", "");
  sheet.Add("longer", "2");
  std::ostringstream out;

  sheet.Print(out);

  EXPECT_EQ(out.str(), "id:      1\nlonger:  2\n");
}

TEST(WrapTest, BreaksAtBlanksAndKeepsParagraphs) {
  EXPECT_EQ(Wrap("one two three\n\nfour", 9, 2), "  one two\n  three\n\n  four\n");
  EXPECT_EQ(Wrap("averyveryverylongword x", 5, 0), "averyveryverylongword\nx\n");
  EXPECT_EQ(Wrap("", 10, 2), "");
}

}  // namespace
}  // namespace tresor::cli
