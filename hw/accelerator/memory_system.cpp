// SPDX-License-Identifier: Apache-2.0
#include "hw/accelerator/memory_system.h"

#include <algorithm>
#include <stdexcept>

#include "hw/memory/dram/dram_standards.h"

namespace fusesim::accelerator {

memory::DramControllerOptions dram_options(const MemoryConfig& config) {
  memory::DramControllerOptions options;
  options.address_map = config.address_map;
  options.scheduler = memory::dram_scheduler(config.scheduler);
  options.queue_bursts = config.queue_bursts;
  options.refresh = config.refresh;
  return options;
}

MemorySystem::MemorySystem(const sc_core::sc_module_name& module_name, const MemoryConfig& config,
                           const isa::machine::Program& program, bool values)
    : sc_module(module_name),
      program_(program),
      values_(values),
      load_input_(config.dma_arbitration == "store_first" ? 1 : 0),
      store_input_(1 - load_input_),
      arbiter_(
          "arbiter", 2,
          config.dma_arbitration == "round_robin" ? memory::Arbitration::round_robin : memory::Arbitration::fixed) {
  if (config.standard == "fixed") {
    fixed_ = std::make_unique<memory::FixedMemory>(
        "fixed", memory::FixedMemoryOptions{.bytes = std::max<std::uint64_t>(program.dram_bytes(), 1),
                                            .gigabytes_per_second = config.fixed_gigabytes_per_second,
                                            .latency_ns = config.fixed_latency_ns,
                                            .move_bytes = values});
    arbiter_.output.bind(fixed_->socket);
    return;
  }
  dram_ = std::make_unique<memory::Dram>("dram", memory::dram_standard(config.standard), dram_options(config), values);
  arbiter_.output.bind(dram_->socket);
}

void MemorySystem::bind(memory::DmaChannel& load, memory::DmaChannel& store) {
  load.socket.bind(arbiter_.inputs[load_input_]);
  store.socket.bind(arbiter_.inputs[store_input_]);
}

void MemorySystem::start_of_simulation() {
  if (!values_) return;
  for (const isa::machine::Section& section : program_.sections) {
    if (section.values.empty()) continue;
    // The debug interface reads and writes through one kind of pointer; a write leaves the data as they are.
    access(tlm::TLM_WRITE_COMMAND, section.address, const_cast<std::int8_t*>(section.values.data()),
           section.values.size());
  }
}

std::vector<std::int8_t> MemorySystem::read(std::uint64_t address, std::uint64_t bytes) {
  std::vector<std::int8_t> data(bytes);
  access(tlm::TLM_READ_COMMAND, address, data.data(), bytes);
  return data;
}

void MemorySystem::access(tlm::tlm_command command, std::uint64_t address, std::int8_t* data, std::uint64_t bytes) {
  constexpr std::uint64_t most = 1U << 30;  // A transaction's length has 32 bits.
  tlm::tlm_generic_payload transaction;
  for (std::uint64_t done = 0; done < bytes;) {
    const auto length = static_cast<unsigned>(std::min(most, bytes - done));
    transaction.set_command(command);
    transaction.set_address(address + done);
    transaction.set_data_ptr(reinterpret_cast<unsigned char*>(data + done));
    transaction.set_data_length(length);
    transaction.set_streaming_width(length);
    if (arbiter_.output->transport_dbg(transaction) != length) {
      throw std::logic_error("a section lies outside the memory");
    }
    done += length;
  }
}

Statistics MemorySystem::statistics() const {
  return {{dram_ ? "dram" : "fixed", dram_ ? dram_->statistics() : fixed_->statistics()},
          {"arbiter.load", arbiter_.statistics(load_input_)},
          {"arbiter.store", arbiter_.statistics(store_input_)}};
}

}  // namespace fusesim::accelerator
