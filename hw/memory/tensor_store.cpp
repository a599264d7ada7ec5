// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/tensor_store.h"

#include <stdexcept>

#include "hw/isa/generated_values.h"

namespace fusesim::memory {

TensorStore::TensorStore(const isa::Program& program)
    : program_(&program), bytes_(program.tensors.size()), sums_(program.tensors.size()) {}

std::size_t TensorStore::offset(std::uint32_t tensor, std::uint32_t channel, isa::ElementType type) const {
  const isa::Tensor& shape = program_->tensors.at(tensor);
  if (shape.type != type) {
    throw std::invalid_argument("tensor '" + shape.name + "': expected " +
                                (type == isa::ElementType::int8 ? "int8" : "int32") + " elements");
  }
  if (channel >= shape.channels) throw std::invalid_argument("tensor '" + shape.name + "': channel out of range");
  return std::size_t{channel} * shape.height * shape.width;
}

std::span<const std::int8_t> TensorStore::bytes(std::uint32_t tensor, std::uint32_t channel) {
  const std::size_t first = offset(tensor, channel, isa::ElementType::int8);
  const isa::Tensor& shape = program_->tensors[tensor];
  if (shape.source == isa::TensorSource::constant) return std::span(shape.values).subspan(first);
  std::vector<std::int8_t>& values = bytes_[tensor];
  if (values.empty()) {
    values.resize(shape.elements());
    if (shape.source == isa::TensorSource::generated) isa::fill_generated(shape.seed, 0, values);
  }
  return std::span<const std::int8_t>(values).subspan(first);
}

std::span<std::int32_t> TensorStore::sums(std::uint32_t tensor, std::uint32_t channel) {
  const std::size_t first = offset(tensor, channel, isa::ElementType::int32);
  std::vector<std::int32_t>& values = sums_[tensor];
  if (values.empty()) values.resize(program_->tensors[tensor].elements());
  return std::span(values).subspan(first);
}

}  // namespace fusesim::memory
