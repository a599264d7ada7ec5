// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dma/dma_descriptor.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace fusesim::memory {
namespace {

// Strides of 2^40 times counts of 2^32 leave room in 128 bits, not in 64.
__extension__ using Wide = __int128;

void require_inside(const char* side, std::uint64_t base, const std::array<std::int64_t, 3>& strides,
                    const DmaDescriptor& descriptor, std::uint64_t size) {
  Wide lowest = base;
  Wide highest = Wide{base} + descriptor.element_bytes;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    const Wide reach = Wide{strides[i]} * (descriptor.counts[i] - 1);
    (reach < 0 ? lowest : highest) += reach;
  }
  if (lowest < 0) throw std::invalid_argument(std::string("DMA descriptor: ") + side + " reaches below address 0");
  if (highest > size) {
    throw std::invalid_argument(std::string("DMA descriptor: ") + side + " reaches beyond its " + std::to_string(size) +
                                " bytes");
  }
}

}  // namespace

void validate(const DmaDescriptor& descriptor, std::uint64_t source_size, std::uint64_t destination_size) {
  if (descriptor.element_bytes == 0) throw std::invalid_argument("DMA descriptor: element_bytes is 0");
  Wide bytes = descriptor.element_bytes;
  for (std::size_t i = 0; i < descriptor.counts.size(); ++i) {
    if (descriptor.counts[i] == 0) {
      throw std::invalid_argument("DMA descriptor: counts[" + std::to_string(i) +
                                  "] is 0; a dimension that is not used has count 1");
    }
    bytes *= descriptor.counts[i];
  }
  if (bytes >> 48 != 0) throw std::invalid_argument("DMA descriptor: counts make more than 2^48 bytes");
  require_inside("source", descriptor.source, descriptor.source_strides, descriptor, source_size);
  require_inside("destination", descriptor.destination, descriptor.destination_strides, descriptor, destination_size);
}

DmaBursts::DmaBursts(const DmaDescriptor& descriptor, std::uint32_t burst_bytes, Memory memory, Sides sides)
    : memory_(memory == Memory::source ? descriptor.source : descriptor.destination),
      local_(memory == Memory::source ? descriptor.destination : descriptor.source),
      memory_strides_(memory == Memory::source ? descriptor.source_strides : descriptor.destination_strides),
      local_strides_(memory == Memory::source ? descriptor.destination_strides : descriptor.source_strides),
      counts_(descriptor.counts),
      burst_bytes_(burst_bytes),
      run_bytes_(descriptor.element_bytes),
      first_dimension_(0) {
  const auto dense = [&](std::int64_t stride) {
    return stride > 0 && static_cast<std::uint64_t>(stride) == run_bytes_;
  };
  for (; first_dimension_ < counts_.size(); ++first_dimension_) {
    const std::uint32_t count = counts_[first_dimension_];
    const bool joins =
        dense(memory_strides_[first_dimension_]) && (sides == Sides::memory || dense(local_strides_[first_dimension_]));
    if (count != 1 && !joins) break;
    run_bytes_ *= count;
  }
}

DmaPiece DmaBursts::next() {
  const std::uint64_t to_boundary = burst_bytes_ - (memory_ + offset_) % burst_bytes_;
  const std::uint64_t bytes = std::min(to_boundary, run_bytes_ - offset_);
  const DmaPiece piece{memory_ + offset_, local_ + offset_, static_cast<std::uint32_t>(bytes)};
  offset_ += bytes;
  if (offset_ == run_bytes_) next_run();
  return piece;
}

void DmaBursts::next_request(std::vector<DmaPiece>& pieces) {
  pieces.clear();
  do {
    pieces.push_back(next());
  } while (goes_on_at(pieces.back().memory + pieces.back().bytes));
}

DmaPiece DmaBursts::next_request_of_memory() {
  DmaPiece whole = next();
  while (goes_on_at(whole.memory + whole.bytes)) whole.bytes += next().bytes;
  return whole;
}

void DmaBursts::next_run() {
  offset_ = 0;
  // Addresses are moved by wrapping unsigned arithmetic, which also steps back.
  for (std::size_t i = first_dimension_; i < counts_.size(); ++i) {
    const auto memory_step = static_cast<std::uint64_t>(memory_strides_[i]);
    const auto local_step = static_cast<std::uint64_t>(local_strides_[i]);
    if (++at_[i] < counts_[i]) {
      memory_ += memory_step;
      local_ += local_step;
      return;
    }
    memory_ -= memory_step * (counts_[i] - 1);
    local_ -= local_step * (counts_[i] - 1);
    at_[i] = 0;
  }
  done_ = true;
}

}  // namespace fusesim::memory
