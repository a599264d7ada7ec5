// SPDX-License-Identifier: Apache-2.0
// FlatBuffers payloads of traces, for the sources that write and read them. Needs the generated headers.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common_generated.h"
#include "hw/isa/limits.h"
#include "hw/isa/program.h"
#include "hw/isa/trace_file.h"

namespace fusesim::isa {

inline fbs::Array pack(const ArrayConfig& array) {
  return {array.rows,
          array.cols,
          array.broadcast_stages,
          static_cast<std::uint8_t>(array.accumulators),
          static_cast<std::uint8_t>(array.folds),
          array.fuse_links};
}

inline ArrayConfig unpack(const fbs::Array& array) {
  return {array.rows(),
          array.cols(),
          static_cast<Accumulators>(array.accumulators()),
          static_cast<FoldOverlap>(array.folds()),
          array.fuse_links(),
          array.broadcast_stages()};
}

inline fbs::Geometry pack(const ConvGeometry& g) {
  return {g.in_channels,   g.in_height,    g.in_width,      g.out_channels, g.out_height,      g.out_width,
          g.kernel_height, g.kernel_width, g.stride_height, g.stride_width, g.dilation_height, g.dilation_width,
          g.pad_top,       g.pad_left,     g.pad_bottom,    g.pad_right,    g.groups};
}

inline ConvGeometry unpack(const fbs::Geometry& g) {
  return {g.in_channels(),     g.in_height(),      g.in_width(),     g.out_channels(),  g.out_height(),
          g.out_width(),       g.kernel_height(),  g.kernel_width(), g.stride_height(), g.stride_width(),
          g.dilation_height(), g.dilation_width(), g.pad_top(),      g.pad_left(),      g.pad_bottom(),
          g.pad_right(),       g.groups()};
}

/// FlatBuffers cannot grow past its 31-bit offsets and asserts when it does; refuse before it comes to that. Throws
/// std::invalid_argument.
inline void check_payload_fits(std::uint64_t size, std::string_view cure) {
  if (size > max_trace_payload) {
    throw std::invalid_argument(fmt::format("the program needs about {} bytes, but a trace holds at most {}; {}", size,
                                            max_trace_payload, cure));
  }
}

inline std::string_view payload_of(const flatbuffers::FlatBufferBuilder& builder) {
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

/// The root of a payload whose structure is sound. Throws TraceError.
template <typename Root>
const Root& verified_root(std::string_view payload, const std::string& file) {
  // Every table takes at least 4 bytes, so this allows all a payload can hold; the nesting is 3 deep.
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size(), 8,
                                 static_cast<flatbuffers::uoffset_t>(payload.size() / 4 + 1));
  if (!verifier.VerifyBuffer<Root>(nullptr)) {
    throw TraceError(fmt::format("{}: payload: its structure is broken; compile the trace anew", file));
  }
  return *flatbuffers::GetRoot<Root>(payload.data());
}

/// Vectors of a hostile file may share their bytes, so that a small file unfolds to a huge program; ours never do,
/// hence what is unfolded may not exceed the payload.
class UnfoldBudget {
 public:
  UnfoldBudget(const std::string& file, std::uint64_t payload_size) : file_(file), left_(payload_size) {}

  /// Throws TraceError.
  void spend(std::uint64_t bytes) {
    if (bytes > left_) {
      throw TraceError(fmt::format("{}: payload: parts of it are used more than once; write the trace anew", file_));
    }
    left_ -= bytes;
  }

  std::string text(const flatbuffers::String& source) {
    spend(source.size());
    return source.str();
  }

 private:
  const std::string& file_;
  std::uint64_t left_;
};

}  // namespace fusesim::isa
