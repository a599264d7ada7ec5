// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/engine/memory_engine.h"

#include <algorithm>

namespace fusesim::memory {

MemoryEngine::MemoryEngine(const MemoryEngineOptions& options, const DramSpec& spec, const DramControllerOptions& dram)
    : options_(options), dram_(std::in_place, spec, dram), answers_(dram_->answers()) {}

MemoryEngine::MemoryEngine(const MemoryEngineOptions& options, const FixedService& fixed)
    : options_(options), fixed_(fixed), answers_(fixed_->answers()) {}

void MemoryEngine::submit(std::size_t index, const DmaDescriptor& descriptor) {
  const auto side = index == kLoad ? DmaBursts::Memory::source : DmaBursts::Memory::destination;
  Channel& channel = channels_[index];
  channel.jobs.push_back({DmaBursts(descriptor, options_.request_bytes, side,
                                    options_.move_bytes ? DmaBursts::Sides::both : DmaBursts::Sides::memory),
                          channel.submitted++});
  if (channel.sending == nullptr) channel.sending = &channel.jobs.back();
}

std::uint64_t MemoryEngine::next() {
  std::uint64_t time = answers_.empty() ? kNever : answers_.first().picoseconds;
  for (const Channel& channel : channels_) {
    if (channel.waiting != kNone) {
      time = std::min(time, grant_free_);
    } else if (may_send(channel)) {
      time = std::min(time, channel.request_free);
    }
  }
  // What the controller does next is not asked for in vain: what is requested before may change it.
  if (dram_ && dram_->may_be_done_before(time)) time = std::min(time, dram_->next_done());
  return time;
}

// Answers of an instant make room for requests of that instant, and all of these compete.
void MemoryEngine::advance(std::uint64_t now) {
  if (dram_) dram_->answer_until(now);
  while (!answers_.empty() && answers_.first().picoseconds <= now) {
    const auto index = static_cast<std::uint32_t>(answers_.first().tag);
    answers_.pop();
    answer(index, now);
  }
  do {
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (may_send(channels_[i]) && channels_[i].request_free <= now) send(i, now);
    }
    const bool any = channels_[kLoad].waiting != kNone || channels_[kStore].waiting != kNone;
    if (!any || grant_free_ > now) return;
    grant(now);
  } while (grant_free_ <= now);  // Else the other channel has sent already, if it could.
}

void MemoryEngine::answer(std::uint32_t index, std::uint64_t now) {
  const Request& request = requests_[index];
  Channel& channel = channels_[request.channel];
  Job& job = *request.job;
  channel.counters.bytes += request.bytes;
  channel.counters.latency += now - request.sent;
  ++channel.counters.bursts;
  channel.owner->request_answered(job.transfer, request.bytes);
  free_requests_.push_back(index);
  if (--channel.under_way == 0) channel.counters.busy += now - channel.busy_since;

  if (--job.under_way != 0 || !job.bursts.done()) return;
  job.done = true;
  ++channel.counters.descriptors;
  const std::uint64_t transfer = job.transfer;
  while (!channel.jobs.empty() && channel.jobs.front().done) channel.jobs.pop_front();
  channel.owner->answered(transfer);
}

void MemoryEngine::send(std::size_t index, std::uint64_t now) {
  Channel& channel = channels_[index];
  if (free_requests_.empty()) {
    free_requests_.push_back(static_cast<std::uint32_t>(requests_.size()));
    requests_.emplace_back();
  }
  channel.waiting = free_requests_.back();
  free_requests_.pop_back();
  Request& request = requests_[channel.waiting];
  Job& job = *channel.sending;
  request.job = &job;
  request.channel = static_cast<std::uint8_t>(index);
  request.sent = now;
  if (options_.move_bytes) {
    job.bursts.next_request(request.pieces);
    request.address = request.pieces.front().memory;
    request.bytes = 0;
    for (const DmaPiece& piece : request.pieces) request.bytes += piece.bytes;
  } else {
    const DmaPiece whole = job.bursts.next_request_of_memory();
    request.address = whole.memory;
    request.bytes = whole.bytes;
  }
  ++job.under_way;
  if (job.bursts.done()) {
    const std::uint64_t following = job.transfer + 1 - channel.jobs.front().transfer;
    channel.sending = following < channel.jobs.size() ? &channel.jobs[following] : nullptr;
  }
  if (channel.under_way++ == 0) channel.busy_since = now;
  channel.owner->request_sent(job.transfer, request.bytes);
}

std::size_t MemoryEngine::choose() const {
  const std::size_t preferred = options_.turns == DmaTurns::alternate    ? 1 - last_
                                : options_.turns == DmaTurns::load_first ? kLoad
                                                                         : kStore;
  return channels_[preferred].waiting != kNone ? preferred : 1 - preferred;
}

void MemoryEngine::grant(std::uint64_t now) {
  last_ = choose();
  Channel& channel = channels_[last_];
  const std::uint32_t index = channel.waiting;
  const Request& request = requests_[index];
  channel.waiting = kNone;
  ++channel.arbiter_counters.grants;
  channel.arbiter_counters.waited += now - request.sent;
  const bool write = last_ == kStore;
  if (dram_) {
    grant_free_ = dram_->request(index, request.address, request.bytes, write, now);
    dram_->count(write, request.bytes);
  } else {
    grant_free_ = now;
    answers_.push({fixed_->serve(request.bytes, request.bytes, write, now), index});
  }
  channel.request_free = grant_free_;
  if (options_.move_bytes) move(request);
}

void MemoryEngine::move(const Request& request) {
  Channel& channel = channels_[request.channel];
  for (const DmaPiece& piece : request.pieces) {
    const std::span<std::uint8_t> local = channel.owner->local(piece.local, piece.bytes);
    if (request.channel == kLoad) {
      contents_.read(piece.memory, local);
    } else {
      contents_.write(piece.memory, local);
    }
  }
}

}  // namespace fusesim::memory
