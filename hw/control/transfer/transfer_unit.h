// SPDX-License-Identifier: Apache-2.0
// Works off the load or the store queue: turns transfers into DMA descriptors. docs/machine.md has the laws.
#pragma once

#include <cstdint>
#include <deque>
#include <systemc>

#include "hw/control/failure.h"
#include "hw/control/machine/alarm.h"
#include "hw/control/machine/context.h"
#include "hw/control/machine/unit.h"
#include "hw/control/transfer/engine_process.h"
#include "hw/memory/dma/dma_channel.h"

namespace fusesim::control::machine {

struct TransferOptions {
  memory::DmaOptions dma;         ///< But for move_bytes, which follows Context::values.
  std::uint32_t descriptors = 4;  ///< Transfers under way at a time, at least 1.
};

/// One direction of the DMA, whoever works off its descriptors: marks, ports, counters and tokens.
class TransferUnit : public sc_core::sc_module, public UnitIf, protected memory::DmaOwner {
 public:
  [[nodiscard]] bool ready() const override { return under_way_.size() < descriptors_; }
  void issue(std::uint32_t instruction) override;

  /// Rethrows what went wrong in the simulation: a memory that answered with an error.
  void rethrow() const { failure_.rethrow(); }

 protected:
  /// Throws std::invalid_argument naming the option that is wrong. `context` must outlive the unit.
  TransferUnit(const sc_core::sc_module_name& module_name, memory::DmaDirection direction, const Context& context,
               std::uint32_t descriptors);

  /// Hands a transfer over, in the middle of the cycle in which it starts. Transfers are counted from 0.
  virtual void submit(const memory::DmaDescriptor& descriptor) = 0;

  void request_sent(std::uint64_t transfer, std::uint32_t bytes) override;
  void request_answered(std::uint64_t transfer, std::uint32_t bytes) override;
  void answered(std::uint64_t transfer) override;
  [[nodiscard]] std::span<std::uint8_t> local(std::uint64_t address, std::size_t bytes) override;
  [[nodiscard]] std::uint32_t instruction_of(std::uint64_t transfer) const {
    return under_way_[transfer - first_id_].instruction;
  }

  const Context& context_;
  Failure failure_;

 private:
  struct UnderWay {
    std::uint32_t instruction;
    std::uint64_t end = 0;  ///< The first cycle in which it may complete; 0 until its last request was answered.
  };

  [[nodiscard]] const isa::machine::Transfer& transfer(std::uint32_t instruction) const;
  void submit_issued();
  void complete();
  void complete_in_order();

  memory::DmaDirection direction_;
  std::uint32_t descriptors_;
  std::deque<UnderWay> under_way_;  ///< In order.
  std::size_t submitted_ = 0;       ///< How many of these have been handed over.
  std::uint64_t first_id_ = 0;      ///< The number of the first of these.
  std::uint64_t port_end_ = 0;      ///< When the port has taken all that has come.
  Alarm submit_, complete_;
};

/// With a TLM-2.0 channel; bind channel.socket. The local memory of the channel is the scratchpads, which move bytes
/// with values only.
class TlmTransferUnit final : public TransferUnit, private memory::LocalMemoryIf {
 public:
  memory::DmaChannel channel;

  /// Throws std::invalid_argument naming the option that is wrong. `context` must outlive the unit.
  TlmTransferUnit(const sc_core::sc_module_name& module_name, memory::DmaDirection direction, const Context& context,
                  const TransferOptions& options);

 private:
  void submit(const memory::DmaDescriptor& descriptor) override;
  void told_of_answer(const memory::DmaRequest& request);

  // The channel's view of the scratchpads.
  [[nodiscard]] std::uint64_t bytes() const override;
  void read(std::uint64_t address, std::span<std::uint8_t> data) override;
  void write(std::uint64_t address, std::span<const std::uint8_t> data) override;
};

/// With a channel of a memory engine, on a loop.
class EngineTransferUnit final : public TransferUnit {
 public:
  /// Throws std::invalid_argument naming the option that is wrong. `context` and `process` must outlive the unit.
  EngineTransferUnit(const sc_core::sc_module_name& module_name, memory::DmaDirection direction, const Context& context,
                     std::uint32_t descriptors, EngineProcess& process);

 private:
  void submit(const memory::DmaDescriptor& descriptor) override { process_.submit(channel_, descriptor); }

  std::size_t channel_;
  EngineProcess& process_;
};

}  // namespace fusesim::control::machine
