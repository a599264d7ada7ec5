// SPDX-License-Identifier: Apache-2.0
// What a 64-byte burst of DDR4-2400 costs to simulate: by the controller alone (the event model's way), by loosely
// timed b_transport, and by the four phases of nb_transport. Streams of reads, and reads at random.
#include <benchmark/benchmark.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "hw/memory/dram/dram.h"
#include "hw/memory/dram/dram_standards.h"

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
    SC_METHOD(end);
    sensitive << end_;
    dont_initialize();
  }
  void free(tlm::tlm_generic_payload* transaction) override {
    free_.push_back(transaction);
    send_.notify(sc_core::SC_ZERO_TIME);
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
    socket->nb_transport_fw(transaction, phase, delay);
  }
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& transaction, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase == tlm::END_REQ) {
      requesting_ = false;
      send_.notify(sc_core::SC_ZERO_TIME);
    } else {
      responding_ = &transaction;
      end_.notify(sc_core::SC_ZERO_TIME);
    }
    return tlm::TLM_ACCEPTED;
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
  sc_core::sc_event send_, end_;
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
    std::vector<memory::DramBurstDone> done;
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

void register_all() {
  for (const bool random : {false, true}) {
    const std::string pattern = random ? "random" : "stream";
    const auto add = [&](const std::string& name, auto function) {
      benchmark::RegisterBenchmark((name + "/" + pattern).c_str(), function)->Unit(benchmark::kMillisecond);
    };
    add("controller", [random](benchmark::State& state) { controller(state, random); });
    add("b_transport_quantum",
        [random](benchmark::State& state) { transactions<LooseInitiator>(state, random, true); });
    add("b_transport_wait", [random](benchmark::State& state) { transactions<LooseInitiator>(state, random, false); });
    add("four_phases", [random](benchmark::State& state) { transactions<PhasedInitiator>(state, random); });
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
