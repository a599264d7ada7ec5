// SPDX-License-Identifier: Apache-2.0
// Memory as the array sees it.
#pragma once

#include <cstdint>
#include <span>
#include <systemc>

#include "hw/memory/tensor_store.h"

namespace fusesim::memory {

/// What the dataflow controller asks of memory. The spans start at the given channel and reach to the tensor's end.
class TensorMemoryIf : public virtual sc_core::sc_interface {
 public:
  virtual std::span<const std::int8_t> operands(std::uint32_t tensor, std::uint32_t channel) = 0;
  virtual std::span<std::int32_t> results(std::uint32_t tensor, std::uint32_t channel) = 0;
};

/// Memory without limits: every operand is there in the cycle in which the array asks for it, and every sum is taken
/// when it leaves. Scratchpads, DMA and DRAM take this module's place behind the same interface.
class IdealMemory final : public sc_core::sc_module, public TensorMemoryIf {
 public:
  sc_core::sc_export<TensorMemoryIf> port{"port"};

  IdealMemory(const sc_core::sc_module_name& module_name, TensorStore& store) : sc_module(module_name), store_(store) {
    port.bind(*this);
  }

  std::span<const std::int8_t> operands(std::uint32_t tensor, std::uint32_t channel) override {
    return store_.bytes(tensor, channel);
  }
  std::span<std::int32_t> results(std::uint32_t tensor, std::uint32_t channel) override {
    return store_.sums(tensor, channel);
  }

 private:
  TensorStore& store_;
};

}  // namespace fusesim::memory
