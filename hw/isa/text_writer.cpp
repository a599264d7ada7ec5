// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/text_writer.h"

#include "hw/isa/names.h"

namespace fusesim::isa::text {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

void append_values(std::string& text, std::span<const std::int8_t> values) {
  constexpr std::size_t per_line = 32;
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % per_line == 0) text += "  hex ";
    const auto byte = static_cast<std::uint8_t>(values[i]);
    text += digits[byte >> 4];
    text += digits[byte & 15];
    if (i % per_line == per_line - 1 || i + 1 == values.size()) text += '\n';
  }
}

void append_array(std::string& text, const ArrayConfig& array) {
  append(text, "array rows={} cols={} accumulators={} folds={} fuse_links={} broadcast_stages={}\n", array.rows,
         array.cols, name_in(accumulator_names(), array.accumulators), name_in(fold_overlap_names(), array.folds),
         array.fuse_links ? "yes" : "no", array.broadcast_stages);
}

void append_geometry(std::string& text, const ConvGeometry& g) {
  append(text, " in={}x{}x{} out={}x{}x{} kernel={}x{}", g.in_channels, g.in_height, g.in_width, g.out_channels,
         g.out_height, g.out_width, g.kernel_height, g.kernel_width);
  if (g.stride_height != 1 || g.stride_width != 1) append(text, " stride={}x{}", g.stride_height, g.stride_width);
  if (g.dilation_height != 1 || g.dilation_width != 1) {
    append(text, " dilation={}x{}", g.dilation_height, g.dilation_width);
  }
  if (g.pad_top != 0 || g.pad_left != 0 || g.pad_bottom != 0 || g.pad_right != 0) {
    append(text, " pad={},{},{},{}", g.pad_top, g.pad_left, g.pad_bottom, g.pad_right);
  }
  if (g.groups != 1) append(text, " groups={}", g.groups);
}

}  // namespace fusesim::isa::text
