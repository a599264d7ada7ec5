// SPDX-License-Identifier: Apache-2.0
// What a 64-byte burst of DDR4-2400 costs to simulate: by the controller alone, by loosely timed b_transport, by the
// four phases of nb_transport, and through the machine's whole chain of DMA, arbiter and DRAM with requests of several
// lengths. Streams of reads, streams of reads and writes side by side, and reads at random.
#include <benchmark/benchmark.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "hw/memory/dma/dma_channel.h"
#include "hw/memory/dram/dram.h"
#include "hw/memory/dram/dram_standards.h"
#include "hw/memory/interconnect/arbiter.h"

// Debian's libsystemc carries a main() that calls this; the project has its own.
int sc_main(int, char*[]) {
  return EXIT_FAILURE;
}

namespace fusesim::benchmarks {
namespace {

using memory::Dram;
using memory::DramController;
using memory::DramSpec;

constexpr std::size_t kBursts = 1 << 16;
constexpr unsigned kBytes = 64;

const DramSpec& spec() {
  return memory::dram_standard("DDR4-2400");
}

const std::vector<std::uint64_t>& addresses(bool random) {
  static const auto make = [](bool scattered) {
    std::mt19937_64 engine(1);
    std::vector<std::uint64_t> all(kBursts);
    // Random ones within 64 MiB, so that the storage does not dominate.
    for (std::size_t i = 0; i < kBursts; ++i) all[i] = (scattered ? engine() % (1 << 20) : i) * kBytes;
    return all;
  };
  static const std::vector<std::uint64_t> sets[2] = {make(false), make(true)};
  return sets[random ? 1 : 0];
}

/// SystemC elaborates once per context: one for each run.
class Kernel {
 public:
  Kernel() : previous_(sc_core::sc_curr_simcontext), context_(new sc_core::sc_simcontext) { use(context_.get()); }
  ~Kernel() { use(previous_); }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

 private:
  static void use(sc_core::sc_simcontext* context) {
    sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = context;
  }
  sc_core::sc_simcontext* previous_;
  std::unique_ptr<sc_core::sc_simcontext> context_;
};

void prepare(tlm::tlm_generic_payload& transaction, std::uint64_t address, std::uint8_t* data) {
  transaction.set_command(tlm::TLM_READ_COMMAND);
  transaction.set_address(address);
  transaction.set_data_ptr(data);
  transaction.set_data_length(kBytes);
  transaction.set_streaming_width(kBytes);
  transaction.set_byte_enable_ptr(nullptr);
  transaction.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

/// b_transport, burst by burst; waits only when its local time is a microsecond ahead, or after every burst.
struct LooseInitiator final : public sc_core::sc_module {
  tlm_utils::simple_initiator_socket<LooseInitiator> socket{"socket"};
  SC_HAS_PROCESS(LooseInitiator);
  LooseInitiator(const sc_core::sc_module_name& module_name, bool random, bool quantum)
      : sc_module(module_name), random_(random), limit_(quantum ? 1 : 0, sc_core::SC_US) {
    SC_THREAD(run);
  }
  void run() {
    tlm::tlm_generic_payload transaction;
    std::uint8_t data[kBytes];
    sc_core::sc_time local;
    for (const std::uint64_t address : addresses(random_)) {
      prepare(transaction, address, data);
      socket->b_transport(transaction, local);
      if (local > limit_) {
        wait(local);
        local = sc_core::SC_ZERO_TIME;
      }
    }
  }
  bool random_;
  sc_core::sc_time limit_;
};

/// Four phases, 32 transactions outstanding; END_RESP by a call of its own.
struct PhasedInitiator final : public sc_core::sc_module, public tlm::tlm_mm_interface {
  tlm_utils::simple_initiator_socket<PhasedInitiator> socket{"socket"};
  SC_HAS_PROCESS(PhasedInitiator);
  PhasedInitiator(const sc_core::sc_module_name& module_name, bool random) : sc_module(module_name), random_(random) {
    socket.register_nb_transport_bw(this, &PhasedInitiator::backward);
    for (std::size_t i = 0; i < 32; ++i) {
      all_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
      free_.push_back(all_.back().get());
    }
    SC_METHOD(send);
    sensitive << send_;
    SC_METHOD(end_request);
    sensitive << end_request_;
    dont_initialize();
    SC_METHOD(end);
    sensitive << end_;
    dont_initialize();
  }
  void free(tlm::tlm_generic_payload* transaction) override {
    free_.push_back(transaction);
    if (!requesting_) send_.notify(sc_core::SC_ZERO_TIME);
  }
  void send() {
    if (requesting_ || free_.empty() || next_ == kBursts) return;
    tlm::tlm_generic_payload& transaction = *free_.back();
    free_.pop_back();
    transaction.acquire();
    prepare(transaction, addresses(random_)[next_++], data_);
    requesting_ = true;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;
    // The DRAM returns END_REQ, and the time at which the next request may come.
    socket->nb_transport_fw(transaction, phase, delay);
    end_request_.notify(delay);
  }
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase == tlm::BEGIN_RESP) {
      responding_ = &transaction;
      end_.notify(sc_core::SC_ZERO_TIME);
    }
    return tlm::TLM_ACCEPTED;
  }
  void end_request() {
    requesting_ = false;
    send();
  }
  void end() {
    tlm::tlm_phase phase = tlm::END_RESP;
    sc_core::sc_time delay;
    socket->nb_transport_fw(*responding_, phase, delay);
    responding_->release();
  }
  bool random_;
  bool requesting_ = false;
  tlm::tlm_generic_payload* responding_ = nullptr;
  std::size_t next_ = 0;
  std::uint8_t data_[kBytes] = {};
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> all_;
  std::vector<tlm::tlm_generic_payload*> free_;
  sc_core::sc_event send_, end_request_, end_;
};

void report(benchmark::State& state, double simulated_seconds) {
  using benchmark::Counter;
  const double bursts = static_cast<double>(kBursts);
  state.counters["per_burst"] =
      Counter(bursts * static_cast<double>(state.iterations()), Counter::kIsRate | Counter::kInvert);
  state.counters["share_of_peak"] = bursts * kBytes / simulated_seconds / spec().peak_bytes_per_second();
}

void controller(benchmark::State& state, bool random) {
  double seconds = 0;
  for (auto _ : state) {
    DramController channel(spec(), {});
    std::vector<memory::DramRunDone> done;
    memory::Cycle end = 0;
    for (const std::uint64_t address : addresses(random)) {
      while (channel.full()) channel.step(done);
      channel.push(0, address, false, 0);
      if (!done.empty()) end = std::max(end, done.back().data_end);
      done.clear();
    }
    while (!channel.empty()) channel.step(done);
    end = std::max(end, done.back().data_end);
    seconds = 1e-12 * static_cast<double>(spec().picoseconds(end));
  }
  report(state, seconds);
}

template <typename Initiator, typename... Options>
void transactions(benchmark::State& state, Options... options) {
  double seconds = 0;
  for (auto _ : state) {
    const Kernel kernel;
    Dram dram("dram", spec());
    Initiator initiator("initiator", options...);
    initiator.socket.bind(dram.socket);
    sc_core::sc_start();
    seconds = sc_core::sc_time_stamp().to_seconds();
  }
  report(state, seconds);
}

/// What is loaded, and what is stored beside it: nothing, a stream whose rows lie in other banks, or one whose rows are
/// always in the way of the loads'.
enum class Stores { none, other_banks, same_banks };

std::uint64_t stored_at(Stores stores) {
  return (std::uint64_t{1} << 30) + (stores == Stores::other_banks ? 64 << 10 : 0);
}

/// A stream of runs as long as a request has bursts, and with `stores` one of writes in turn with it.
void runs(benchmark::State& state, std::uint32_t request_bytes, Stores pattern) {
  const bool stores = pattern != Stores::none;
  const std::uint32_t bursts = request_bytes / kBytes;
  double seconds = 0;
  for (auto _ : state) {
    DramController channel(spec(), {});
    std::vector<memory::DramRunDone> done;
    memory::Cycle end = 0, now = 0;
    const auto push = [&](std::uint64_t address, bool write) {
      for (std::uint32_t i = 0; i < bursts;) {
        if (channel.full()) now = channel.make_room(done);
        const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(bursts - i, channel.longest_run()));
        channel.push(0, address + i * kBytes, write, now, count);
        i += count;
      }
      if (!done.empty()) end = std::max(end, done.back().data_end);
      done.clear();
    };
    for (std::uint64_t i = 0; i < kBursts / bursts; ++i) {
      const bool write = stores && i % 2 == 1;
      push((stores ? i / 2 : i) * request_bytes + (write ? stored_at(pattern) : 0), write);
    }
    while (!channel.empty()) channel.step(done);
    end = std::max(end, done.back().data_end);
    seconds = 1e-12 * static_cast<double>(spec().picoseconds(end));
  }
  report(state, seconds);
}

struct LocalBytes final : memory::LocalMemoryIf {
  std::vector<std::uint8_t> data = std::vector<std::uint8_t>(1 << 18);
  std::uint64_t bytes() const override { return std::uint64_t{1} << 40; }
  void read(std::uint64_t address, std::span<std::uint8_t> out) override {
    std::memcpy(out.data(), data.data() + address % (1 << 17), out.size());
  }
  void write(std::uint64_t address, std::span<const std::uint8_t> in) override {
    std::memcpy(data.data() + address % (1 << 17), in.data(), in.size());
  }
};

/// DMA engine, arbiter and DRAM: 4 MiB loaded, or half of it loaded while the other half is stored, in transfers of
/// 32 KiB, two of a direction submitted at a time.
void chain(benchmark::State& state, std::uint32_t request_bytes, Stores pattern, bool values) {
  const bool stores = pattern != Stores::none;
  constexpr std::uint32_t kTransfer = 32 << 10;
  double seconds = 0;
  for (auto _ : state) {
    const Kernel kernel;
    LocalBytes local;
    Dram dram("dram", spec(), {}, values);
    memory::Arbiter arbiter("arbiter", 2);
    memory::DmaEngine engine("engine", local, {.burst_bytes = request_bytes, .move_bytes = values});
    engine.load.socket.bind(arbiter.inputs[0]);
    engine.store.socket.bind(arbiter.inputs[1]);
    arbiter.output.bind(dram.socket);
    const std::uint64_t transfers = kBursts * kBytes / kTransfer / (stores ? 2 : 1);
    std::uint64_t loaded = 0, stored = 0;
    std::function<void()> load = [&] {
      if (loaded == transfers) return;
      const std::uint64_t at = kTransfer * loaded++;
      engine.load.submit({.source = at, .destination = at, .element_bytes = kTransfer}, 0,
                         [&](const memory::DmaCompletion&) { load(); });
    };
    std::function<void()> store = [&] {
      if (stored == transfers) return;
      const std::uint64_t at = kTransfer * stored++;
      engine.store.submit({.source = at, .destination = stored_at(pattern) + at, .element_bytes = kTransfer}, 0,
                          [&](const memory::DmaCompletion&) { store(); });
    };
    for (int i = 0; i < 2; ++i) {
      load();
      if (stores) store();
    }
    sc_core::sc_start();
    seconds = sc_core::sc_time_stamp().to_seconds();
  }
  report(state, seconds);
  const double requests = static_cast<double>(kBursts) * kBytes / request_bytes;
  state.counters["per_request"] = benchmark::Counter(requests * static_cast<double>(state.iterations()),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void register_all() {
  const auto add = [](const std::string& name, auto function) {
    benchmark::RegisterBenchmark(name.c_str(), function)->Unit(benchmark::kMillisecond);
  };
  for (const bool random : {false, true}) {
    const std::string pattern = random ? "/random" : "/stream";
    add("controller" + pattern, [random](benchmark::State& state) { controller(state, random); });
    add("b_transport_quantum" + pattern,
        [random](benchmark::State& state) { transactions<LooseInitiator>(state, random, true); });
    add("b_transport_wait" + pattern,
        [random](benchmark::State& state) { transactions<LooseInitiator>(state, random, false); });
    add("four_phases" + pattern, [random](benchmark::State& state) { transactions<PhasedInitiator>(state, random); });
  }
  for (const auto& [pattern, stores] : {std::pair{"/load/", Stores::none},
                                        {"/load_store/", Stores::other_banks},
                                        {"/load_store_same_banks/", Stores::same_banks}}) {
    for (const std::uint32_t bytes : {64, 256, 1024, 4096}) {
      const std::string request = pattern + std::to_string(bytes);
      add("runs" + request, [=](benchmark::State& state) { runs(state, bytes, stores); });
      for (const bool values : {false, true}) {
        add("chain" + request + (values ? "/values" : "/timing"),
            [=](benchmark::State& state) { chain(state, bytes, stores, values); });
      }
    }
  }
}

}  // namespace
}  // namespace fusesim::benchmarks

int main(int argc, char** argv) {
  fusesim::benchmarks::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return EXIT_FAILURE;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
