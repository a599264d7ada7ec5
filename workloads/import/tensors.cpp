// SPDX-License-Identifier: Apache-2.0
#include "workloads/import/tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "hw/isa/nearest.h"
#include "workloads/graph/shape.h"

namespace fusesim::trained {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in the file");

/// Bytes of the file, from a tensor's offset on.
class Reader {
 public:
  Reader(const JsonField& entry, std::span<const std::uint8_t> bytes, const std::filesystem::path& file)
      : entry_(entry), bytes_(bytes), file_(file), next_(entry["offset"].integer()) {}

  [[nodiscard]] std::span<const std::uint8_t> take(std::size_t count) {
    if (next_ > bytes_.size() || count > bytes_.size() - next_) {
      entry_.fail(
          fmt::format("needs bytes {} to {} of {}, which has {}", next_, next_ + count, file_.string(), bytes_.size()));
    }
    const std::span<const std::uint8_t> taken = bytes_.subspan(next_, count);
    next_ += count;
    return taken;
  }
  [[nodiscard]] std::vector<double> values(std::size_t count) {
    const std::span<const std::uint8_t> taken = take(count * sizeof(float));
    std::vector<double> result(count);
    for (std::size_t i = 0; i < count; ++i) {
      float value = 0;
      std::memcpy(&value, &taken[i * sizeof value], sizeof value);
      if (!std::isfinite(value)) entry_.fail(fmt::format("value {} is {}, not a finite number", i, value));
      result[i] = value;
    }
    return result;
  }

 private:
  const JsonField& entry_;
  std::span<const std::uint8_t> bytes_;
  const std::filesystem::path& file_;
  std::size_t next_;
};

std::vector<double> spread(const JsonField& entry, std::span<const std::uint8_t> bits, std::size_t count,
                           const std::vector<double>& values) {
  std::vector<double> result(count);
  std::size_t next = 0;
  for (std::size_t i = 0; i < bits.size() * 8; ++i) {
    if ((bits[i / 8] >> (i % 8) & 1) == 0) continue;
    if (i >= count) entry.fail(fmt::format("bit {} is set, but there are only {} elements", i, count));
    if (next < values.size()) result[i] = values[next];
    ++next;
  }
  if (next != values.size()) entry.fail(fmt::format("{} bits are set for {} values", next, values.size()));
  return result;
}

}  // namespace

Tensors::Tensors(const JsonField& entries, std::span<const std::uint8_t> bytes, const std::filesystem::path& file)
    : entries_(entries) {
  for (const auto& [name, entry] : entries.members()) {
    Tensor& tensor = tensors_[name];
    std::uint64_t count = 1;
    for (const JsonField& size : entry["shape"].items()) {
      tensor.shape.push_back(size.integer(1));
      count *= tensor.shape.back();
      if (count > graph::kMaxElements) entry["shape"].fail(fmt::format("more than {} elements", graph::kMaxElements));
    }
    Reader reader(entry, bytes, file);
    const std::uint32_t values = entry["values"].integer();
    const std::string coding = entry["coding"].text();
    if (coding == "dense") {
      if (values != count) entry["values"].fail(fmt::format("is {}, but the tensor has {} elements", values, count));
      tensor.values = reader.values(count);
    } else if (coding == "sparse") {
      const std::span<const std::uint8_t> bits = reader.take((count + 7) / 8);
      tensor.values = spread(entry, bits, count, reader.values(values));
    } else {
      static const std::vector<std::string> known = {"dense", "sparse"};
      entry["coding"].fail(fmt::format("'{}' is unknown{}", coding, names::suggestion(coding, known)));
    }
  }
}

std::vector<double> Tensors::take(const std::string& name, std::span<const std::uint32_t> shape) {
  const JsonField entry = entries_[name];
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) entry.fail("belongs to two nodes");
  if (!std::equal(shape.begin(), shape.end(), found->second.shape.begin(), found->second.shape.end())) {
    entry["shape"].fail(
        fmt::format("is {}, but the network needs {}", fmt::join(found->second.shape, "x"), fmt::join(shape, "x")));
  }
  std::vector<double> values = std::move(found->second.values);
  tensors_.erase(found);
  return values;
}

void Tensors::check_all_taken() const {
  if (!tensors_.empty()) entries_[tensors_.begin()->first].fail("belongs to no node of the network");
}

}  // namespace fusesim::trained
