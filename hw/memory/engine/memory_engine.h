// SPDX-License-Identifier: Apache-2.0
// Both channels of a DMA, the arbiter and the memory as one object that is advanced by its law: without SystemC,
// without transactions, to the picosecond what DmaChannel, Arbiter and Dram or FixedMemory do together. Times in
// picoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hw/memory/dma/dma_descriptor.h"
#include "hw/memory/dram/dram_service.h"
#include "hw/memory/dram/fixed_service.h"
#include "hw/memory/dram/sparse_bytes.h"
#include "hw/memory/statistics/counters.h"

namespace fusesim::memory {

/// What a channel of the engine tells its owner, when it happens. Transfers are counted from 0.
class DmaOwner {
 public:
  virtual ~DmaOwner() = default;
  virtual void request_sent(std::uint64_t transfer, std::uint32_t bytes) = 0;
  virtual void request_answered(std::uint64_t transfer, std::uint32_t bytes) = 0;
  virtual void answered(std::uint64_t transfer) = 0;  ///< All its requests.
  /// Bytes of the local memory, which move between the grant of their request and its answer; with move_bytes only.
  [[nodiscard]] virtual std::span<std::uint8_t> local(std::uint64_t address, std::size_t bytes) = 0;
};

/// Whose request goes first of those that wait at the same time.
enum class DmaTurns : std::uint8_t { alternate, load_first, store_first };

struct MemoryEngineOptions {
  std::uint32_t request_bytes = 4096;  ///< As DmaOptions::burst_bytes.
  std::size_t outstanding = 8;         ///< Requests under way at a time in each direction, at least 1.
  DmaTurns turns = DmaTurns::alternate;
  bool move_bytes = true;  ///< False: timing only.
};

class MemoryEngine {
 public:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  static constexpr std::size_t kLoad = 0, kStore = 1;  ///< The channels.

  /// With a DRAM. Throws std::invalid_argument as DramController does.
  MemoryEngine(const MemoryEngineOptions& options, const DramSpec& spec, const DramControllerOptions& dram);
  /// With a memory of a fixed bandwidth and latency.
  MemoryEngine(const MemoryEngineOptions& options, const FixedService& fixed);

  MemoryEngine(const MemoryEngine&) = delete;
  MemoryEngine& operator=(const MemoryEngine&) = delete;

  /// Before the first transfer; must outlive the engine.
  void set_owner(std::size_t channel, DmaOwner& owner) { channels_[channel].owner = &owner; }
  /// Queues a transfer at the time `now`. Its bytes must lie in the memory and in the local memory.
  void submit(std::size_t channel, const DmaDescriptor& descriptor);
  /// When something happens next; kNever when nothing is under way. May be a time at which nothing does.
  [[nodiscard]] std::uint64_t next();
  /// Does all that is due at `now`, which must not be past. All that is submitted at a time must have been.
  void advance(std::uint64_t now);

  // Contents; with move_bytes only.
  void read(std::uint64_t address, std::span<std::uint8_t> bytes) const { contents_.read(address, bytes); }
  void write(std::uint64_t address, std::span<const std::uint8_t> bytes) { contents_.write(address, bytes); }

  [[nodiscard]] std::vector<Statistic> memory_statistics() const {
    return dram_ ? dram_->statistics() : fixed_->statistics();
  }
  [[nodiscard]] const DmaCounters& dma_counters(std::size_t channel) const { return channels_[channel].counters; }
  [[nodiscard]] const ArbiterCounters& arbiter_counters(std::size_t channel) const {
    return channels_[channel].arbiter_counters;
  }

 private:
  struct Job {
    DmaBursts bursts;
    std::uint64_t transfer;       ///< Its number.
    std::uint32_t under_way = 0;  ///< Requests.
    bool done = false;
  };
  struct Request {
    Job* job = nullptr;
    std::uint64_t address = 0;
    std::uint64_t sent = 0;
    std::uint32_t bytes = 0;
    std::uint8_t channel = 0;
    std::vector<DmaPiece> pieces;  ///< With move_bytes.
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Channel {
    DmaOwner* owner = nullptr;
    std::deque<Job> jobs;            ///< In order, from the first that is not done.
    Job* sending = nullptr;          ///< The first of these that has requests to send; null when none has.
    std::uint64_t submitted = 0;     ///< Jobs, ever.
    std::size_t under_way = 0;       ///< Requests.
    std::uint32_t waiting = kNone;   ///< The request at the arbiter.
    std::uint64_t request_free = 0;  ///< When the next one may be sent.
    std::uint64_t busy_since = 0;
    DmaCounters counters;
    ArbiterCounters arbiter_counters;
  };

  void answer(std::uint32_t index, std::uint64_t now);
  [[nodiscard]] bool may_send(const Channel& channel) const {
    return channel.sending != nullptr && channel.waiting == kNone && channel.under_way < options_.outstanding;
  }
  /// When may_send() and request_free is past.
  void send(std::size_t index, std::uint64_t now);
  void grant(std::uint64_t now);
  [[nodiscard]] std::size_t choose() const;
  void move(const Request& request);

  MemoryEngineOptions options_;
  std::optional<DramService> dram_;  ///< One of these two.
  std::optional<FixedService> fixed_;
  MemoryAnswers& answers_;  ///< Tagged with the indices of requests.
  SparseBytes contents_;

  std::array<Channel, 2> channels_;
  std::vector<Request> requests_;
  std::vector<std::uint32_t> free_requests_;
  std::uint64_t grant_free_ = 0;  ///< When the memory takes another request.
  std::size_t last_ = kStore;     ///< Granted last.
};

}  // namespace fusesim::memory
