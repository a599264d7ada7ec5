// SPDX-License-Identifier: Apache-2.0
#include "hw/control/transfer/transfer_unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace fusesim::control::machine {

using isa::machine::Pad;
using isa::machine::Transfer;
using memory::DmaDirection;

namespace {

/// A descriptor sees the scratchpads one after the other, 2^32 bytes apart.
constexpr unsigned kPadShift = 32;

std::uint64_t local_address(Pad pad, std::uint32_t address) {
  return std::uint64_t{static_cast<std::uint8_t>(pad)} << kPadShift | address;
}

Pad pad_of(std::uint64_t local) {
  return static_cast<Pad>(local >> kPadShift);
}

memory::DmaDescriptor descriptor(const Transfer& transfer, DmaDirection direction) {
  memory::DmaDescriptor made;
  made.source = transfer.dram;
  made.destination = local_address(transfer.pad, transfer.address);
  made.element_bytes = transfer.run_bytes;
  made.counts = transfer.counts;
  for (std::size_t i = 0; i < made.counts.size(); ++i) {
    made.source_strides[i] = static_cast<std::int64_t>(transfer.dram_strides[i]);
    made.destination_strides[i] = transfer.pad_strides[i];
  }
  if (direction == DmaDirection::store) {
    std::swap(made.source, made.destination);
    std::swap(made.source_strides, made.destination_strides);
  }
  return made;
}

/// The bytes of the scratchpad that a transfer reads or writes: in the order of their strides, whatever the order in
/// which DRAM sees them.
memory::ByteGrid pad_bytes(const Transfer& transfer) {
  memory::ByteGrid grid{.address = transfer.address, .run = transfer.run_bytes};
  for (std::size_t i = 0; i < grid.axes.size(); ++i) grid.axes[i] = {transfer.counts[i], transfer.pad_strides[i]};
  std::sort(grid.axes.begin(), grid.axes.end(), [](const auto& a, const auto& b) { return a.stride < b.stride; });
  return grid;
}

memory::DmaOptions with_values(memory::DmaOptions options, bool values) {
  options.move_bytes = values;
  return options;
}

}  // namespace

TransferUnit::TransferUnit(const sc_core::sc_module_name& module_name, DmaDirection direction, const Context& context,
                           std::uint32_t descriptors)
    : sc_module(module_name),
      context_(context),
      failure_(context.clock.loop() == nullptr),
      direction_(direction),
      descriptors_(descriptors),
      submit_(Alarm::of<&TransferUnit::submit_issued>(context.clock, "submit", this)),
      complete_(Alarm::of<&TransferUnit::complete>(context.clock, "complete", this)) {
  if (descriptors_ == 0) {
    throw std::invalid_argument(fmt::format("transfer unit '{}': descriptors is 0; it must be at least 1", name()));
  }
}

const Transfer& TransferUnit::transfer(std::uint32_t instruction) const {
  const auto& work = context_.program.instructions[instruction].work;
  if (direction_ == DmaDirection::load) return std::get<isa::machine::Load>(work);
  return std::get<isa::machine::Store>(work);
}

void TransferUnit::issue(std::uint32_t instruction) {
  if (direction_ == DmaDirection::store) {
    const Transfer& store = transfer(instruction);
    context_.check_written(instruction, store.pad, pad_bytes(store));
  }
  const std::uint64_t cycle = context_.clock.now();
  context_.records[instruction].start = cycle;
  under_way_.push_back({.instruction = instruction});
  // In the middle of the cycle: whatever else happens in its first instant, the channel gets it after that.
  submit_.notify(sc_core::sc_time::from_value(context_.clock.period().value() / 2));
  context_.listener.started(instruction, cycle);
}

void TransferUnit::submit_issued() {
  failure_.guard([this] {
    for (; submitted_ < under_way_.size(); ++submitted_) {
      submit(descriptor(transfer(under_way_[submitted_].instruction), direction_));
    }
  });
}

void TransferUnit::request_sent(std::uint64_t number, std::uint32_t bytes) {
  if (direction_ != DmaDirection::store) return;
  context_.pads[transfer(instruction_of(number)).pad].take_port(context_.clock.next(), bytes);
}

void TransferUnit::request_answered(std::uint64_t number, std::uint32_t bytes) {
  if (direction_ == DmaDirection::load) {
    port_end_ = context_.pads[transfer(instruction_of(number)).pad].take_port(context_.clock.next(), bytes);
  }
  if (context_.observer.request) {
    const std::uint64_t period = context_.clock.period().value();
    context_.observer.request((context_.clock.now_picoseconds() + period - 1) / period,
                              direction_ == DmaDirection::store, bytes);
  }
}

void TransferUnit::answered(std::uint64_t number) {
  UnderWay& done = under_way_[number - first_id_];
  // The request that was answered last is the last of this transfer's to take the port.
  done.end = context_.clock.next();
  if (direction_ == DmaDirection::load) done.end = std::max(done.end, port_end_);
  if (&done == &under_way_.front()) complete_.notify(context_.clock.until(done.end));
}

std::span<std::uint8_t> TransferUnit::local(std::uint64_t address, std::size_t count) {
  const auto bytes = context_.pads[pad_of(address)].bytes(static_cast<std::uint32_t>(address), count);
  return {reinterpret_cast<std::uint8_t*>(bytes.data()), count};
}

void TransferUnit::complete() {
  failure_.guard([this] { complete_in_order(); });
}

void TransferUnit::complete_in_order() {
  const std::uint64_t now = context_.clock.now();
  while (!under_way_.empty() && under_way_.front().end != 0) {
    if (under_way_.front().end > now) {
      complete_.notify(context_.clock.until(under_way_.front().end));
      return;
    }
    const std::uint32_t instruction = under_way_.front().instruction;
    const Transfer& moved = transfer(instruction);
    under_way_.pop_front();
    --submitted_;
    ++first_id_;
    InstructionRecord& record = context_.records[instruction];
    record.end = now;
    record.dram_bytes = moved.bytes();
    auto& passed = direction_ == DmaDirection::load ? record.written_bytes : record.read_bytes;
    passed[static_cast<std::size_t>(moved.pad)] = moved.bytes();
    if (direction_ == DmaDirection::load) context_.write(moved.pad, pad_bytes(moved), now);
    context_.release(instruction, now);
    context_.listener.completed(instruction, now);
  }
}

TlmTransferUnit::TlmTransferUnit(const sc_core::sc_module_name& module_name, DmaDirection direction,
                                 const Context& context, const TransferOptions& options)
    : TransferUnit(module_name, direction, context, options.descriptors),
      channel("channel", direction, *this, with_values(options.dma, context.values)) {
  channel.on_sent([this](const memory::DmaRequest& request) { request_sent(request.transfer, request.bytes); });
  channel.on_answered([this](const memory::DmaRequest& request) { failure_.guard([&] { told_of_answer(request); }); });
}

void TlmTransferUnit::submit(const memory::DmaDescriptor& descriptor) {
  channel.submit(descriptor, 0,
                 [this](const memory::DmaCompletion& completion) { failure_.guard([&] { answered(completion.id); }); });
}

void TlmTransferUnit::told_of_answer(const memory::DmaRequest& request) {
  if (request.status != tlm::TLM_OK_RESPONSE) {
    tlm::tlm_generic_payload answer;
    answer.set_response_status(request.status);
    throw std::runtime_error(fmt::format("{}: the memory answered a request for {} bytes at {:#x} with {}",
                                         context_.describe(instruction_of(request.transfer)), request.bytes,
                                         request.memory, answer.get_response_string()));
  }
  request_answered(request.transfer, request.bytes);
}

std::uint64_t TlmTransferUnit::bytes() const {
  return std::uint64_t{isa::machine::pad_count} << kPadShift;
}

void TlmTransferUnit::read(std::uint64_t address, std::span<std::uint8_t> data) {
  std::memcpy(data.data(), local(address, data.size()).data(), data.size());
}

void TlmTransferUnit::write(std::uint64_t address, std::span<const std::uint8_t> data) {
  std::memcpy(local(address, data.size()).data(), data.data(), data.size());
}

EngineTransferUnit::EngineTransferUnit(const sc_core::sc_module_name& module_name, DmaDirection direction,
                                       const Context& context, std::uint32_t descriptors, EngineProcess& process)
    : TransferUnit(module_name, direction, context, descriptors),
      channel_(direction == DmaDirection::load ? memory::MemoryEngine::kLoad : memory::MemoryEngine::kStore),
      process_(process) {
  process.engine().set_owner(channel_, *this);
}

}  // namespace fusesim::control::machine
