// SPDX-License-Identifier: Apache-2.0
#include "hw/array/values/convolve.h"

#include <new>
#include <stdexcept>
#include <string>

#include "hw/array/values/kernels.h"

namespace fusesim::array::values {
namespace {

constexpr std::align_val_t alignment{64};

const Kernels& kernels(InstructionSet set) {
  switch (set) {
#ifdef FUSESIM_X86_KERNELS
    case InstructionSet::avx2:
      return avx2_kernels;
    case InstructionSet::avx512:
      return avx512_kernels;
    case InstructionSet::avx512_vnni:
      return avx512_vnni_kernels;
#endif
    default:
      return portable_kernels;
  }
}

void check(const isa::ConvGeometry& g) {
  const auto positive = [](std::uint32_t value, const char* field) {
    if (value == 0) throw std::invalid_argument(std::string("convolution: ") + field + " is 0, must be at least 1");
  };
  positive(g.in_channels, "in_channels");
  positive(g.in_height, "in_height");
  positive(g.in_width, "in_width");
  positive(g.out_channels, "out_channels");
  positive(g.out_height, "out_height");
  positive(g.out_width, "out_width");
  positive(g.kernel_height, "kernel_height");
  positive(g.kernel_width, "kernel_width");
  positive(g.stride_height, "stride_height");
  positive(g.stride_width, "stride_width");
  positive(g.dilation_height, "dilation_height");
  positive(g.dilation_width, "dilation_width");
  positive(g.groups, "groups");
  if (g.in_channels % g.groups != 0 || g.out_channels % g.groups != 0)
    throw std::invalid_argument("convolution: groups = " + std::to_string(g.groups) +
                                " does not divide in_channels = " + std::to_string(g.in_channels) +
                                " and out_channels = " + std::to_string(g.out_channels));
}

}  // namespace

void Scratch::Release::operator()(std::byte* memory) const {
  ::operator delete(memory, alignment);
}

std::byte* Scratch::reserve(std::size_t bytes) {
  if (bytes > capacity_) {
    memory_.reset();
    capacity_ = 0;
    memory_.reset(static_cast<std::byte*>(::operator new(bytes, alignment)));
    capacity_ = bytes;
  }
  return memory_.get();
}

void convolve(const isa::ConvGeometry& geometry, const std::int8_t* in, const std::int8_t* weights,
              std::int8_t pad_value, std::int32_t* out, Scratch& scratch) {
  convolve(geometry, in, weights, pad_value, out, scratch, default_instruction_set());
}

void convolve(const isa::ConvGeometry& geometry, const std::int8_t* in, const std::int8_t* weights,
              std::int8_t pad_value, std::int32_t* out, Scratch& scratch, InstructionSet set) {
  check(geometry);
  const Kernels& use = kernels(set);
  Task task{geometry, in, weights, pad_value, out};
  if (geometry.groups == geometry.in_channels && geometry.groups > 1) {
    use.depthwise(task, scratch.reserve(use.depthwise_scratch(task)));
    return;
  }
  task.geometry.groups = 1;
  task.geometry.in_channels /= geometry.groups;
  task.geometry.out_channels /= geometry.groups;
  std::byte* memory = scratch.reserve(use.gemm_scratch(task));
  const isa::ConvGeometry& one = task.geometry;
  const std::size_t in_step = std::size_t{one.in_channels} * one.in_height * one.in_width;
  const std::size_t weight_step =
      std::size_t{one.out_channels} * one.in_channels * one.kernel_height * one.kernel_width;
  const std::size_t out_step = std::size_t{one.out_channels} * one.out_height * one.out_width;
  for (std::uint32_t group = 0; group < geometry.groups; ++group) {
    use.gemm(task, memory);
    task.in += in_step;
    task.weights += weight_step;
    task.out += out_step;
  }
}

}  // namespace fusesim::array::values
