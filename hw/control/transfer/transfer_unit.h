// SPDX-License-Identifier: Apache-2.0
// Works off the load or the store queue: turns transfers into DMA descriptors. docs/machine.md has the laws.
#pragma once

#include <cstdint>
#include <deque>
#include <systemc>

#include "hw/control/failure.h"
#include "hw/control/machine/context.h"
#include "hw/control/machine/unit.h"
#include "hw/memory/dma/dma_channel.h"

namespace fusesim::control::machine {

struct TransferOptions {
  memory::DmaOptions dma;         ///< But for move_bytes, which follows Context::values.
  std::uint32_t descriptors = 4;  ///< Transfers under way at a time, at least 1.
};

/// One direction of the DMA with its channel; bind channel.socket. The local memory of the channel is the scratchpads,
/// which move bytes with values only; marks, ports and counters are kept either way.
class TransferUnit final : public sc_core::sc_module, public UnitIf, private memory::LocalMemoryIf {
 public:
  memory::DmaChannel channel;

  SC_HAS_PROCESS(TransferUnit);
  /// Throws std::invalid_argument naming the option that is wrong. `context` must outlive the unit.
  TransferUnit(const sc_core::sc_module_name& module_name, memory::DmaDirection direction, const Context& context,
               const TransferOptions& options);

  [[nodiscard]] bool ready() const override { return under_way_.size() < descriptors_; }
  void issue(std::uint32_t instruction) override;

  /// Rethrows what went wrong in the simulation: a memory that answered with an error.
  void rethrow() const { failure_.rethrow(); }

 private:
  struct UnderWay {
    std::uint32_t instruction;
    std::uint64_t end = 0;  ///< The first cycle in which it may complete; 0 until its last request was answered.
  };

  // The channel's view of the scratchpads: one after the other, 2^32 bytes apart.
  [[nodiscard]] std::uint64_t bytes() const override;
  void read(std::uint64_t address, std::span<std::uint8_t> data) override;
  void write(std::uint64_t address, std::span<const std::uint8_t> data) override;

  [[nodiscard]] const isa::machine::Transfer& transfer(std::uint32_t instruction) const;
  [[nodiscard]] const isa::machine::Transfer& transfer_of(const memory::DmaRequest& request) const;
  void check_written(std::uint32_t instruction) const;
  void submit();
  void request_sent(const memory::DmaRequest& request);
  void request_answered(const memory::DmaRequest& request);
  void answered(const memory::DmaCompletion& completion);
  void complete();

  memory::DmaDirection direction_;
  const Context& context_;
  std::uint32_t descriptors_;
  std::deque<UnderWay> under_way_;  ///< In order.
  std::size_t submitted_ = 0;       ///< How many of these the channel has.
  std::uint64_t first_id_ = 0;      ///< The channel's number of the first of these.
  std::uint64_t port_end_ = 0;      ///< When the port has taken all that has come.
  sc_core::sc_event submit_, complete_;
  Failure failure_;
};

}  // namespace fusesim::control::machine
