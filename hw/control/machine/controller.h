// SPDX-License-Identifier: Apache-2.0
// Fetches and decodes a machine program into four queues, starts instructions when their tokens have been given, and
// says where the cycles went in which the array was empty. docs/machine.md has the laws.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <systemc>
#include <vector>

#include "hw/control/failure.h"
#include "hw/control/machine/alarm.h"
#include "hw/control/machine/context.h"
#include "hw/control/machine/record.h"
#include "hw/control/machine/unit.h"
#include "hw/isa/machine/program.h"

namespace fusesim::control::machine {

/// Sleeps until an instruction can be decoded or started: a few events an instruction, none a cycle. What it decides in
/// cycle n it decides once all processes that are due at n P have run, so their order does not matter.
class Controller final : public sc_core::sc_module, public UnitListener {
 public:
  sc_core::sc_port<UnitIf> load{"load"};
  sc_core::sc_port<ArrayUnitIf> compute{"compute"};
  sc_core::sc_port<UnitIf> vector{"vector"};
  sc_core::sc_port<UnitIf> store{"store"};

  /// `program` must be valid; it and `records`, one an instruction, must outlive the controller.
  Controller(const sc_core::sc_module_name& module_name, const isa::machine::Program& program,
             const isa::machine::ControlConfig& config, const Clock& clock, std::vector<InstructionRecord>& records);

  void started(std::uint32_t instruction, std::uint64_t cycle) override;
  void completed(std::uint32_t instruction, std::uint64_t cycle) override;

  /// After the simulation: rethrows what a unit threw when it was given an instruction; throws std::runtime_error with
  /// each queue's head and the tokens it waits for when the program did not run to its end; else fills in the length of
  /// the run and its causes.
  void finish(Record& record);

 private:
  void start_of_simulation() override;
  /// A counter whose rise in a cycle can be told from what was there before.
  struct Count {
    std::uint32_t before = 0;  ///< Rises before `cycle`.
    std::uint32_t in_cycle = 0;
    std::uint64_t cycle = 0;

    void rise(std::uint64_t at);
    [[nodiscard]] std::uint32_t total() const { return before + in_cycle; }
    /// How often it rose in cycles before `at`.
    [[nodiscard]] std::uint32_t until(std::uint64_t at) const { return cycle < at ? before + in_cycle : before; }
  };
  using Queues = std::uint32_t;  ///< A bit a queue.
  struct QueueState {
    std::vector<std::uint32_t> instructions;  ///< Of this queue, in order; the counts below index it.
    std::uint32_t decoded = 0;
    std::uint32_t issued = 0;
    Count started;
    Count completed;
    std::uint32_t given = 0;  ///< Completions that count in the cycle of the last decision.
    Queues awaiting = 0;      ///< Those whose heads were last found to lack a token of this one.
  };
  struct Blame {
    Cause cause;
    std::uint32_t instruction;
  };

  [[nodiscard]] QueueState& state(isa::machine::Queue queue) { return queues_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const QueueState& state(isa::machine::Queue queue) const {
    return queues_[static_cast<std::size_t>(queue)];
  }
  [[nodiscard]] UnitIf& unit(isa::machine::Queue queue) { return *units_[static_cast<std::size_t>(queue)]; }
  void wake_at(std::uint64_t cycle);
  /// Waits until all that is due at this time has run.
  void settle();
  void decide();
  void advance();
  void count_tokens(std::uint64_t now);
  void decode(std::uint64_t now);
  void issue(std::uint64_t now);
  void schedule(std::uint64_t now);
  void account(std::uint64_t now);
  [[nodiscard]] bool may_issue(isa::machine::Queue queue, std::uint64_t now);
  [[nodiscard]] bool head_lacks_token(isa::machine::Queue queue);
  [[nodiscard]] static Queues bit(isa::machine::Queue queue) { return Queues{1} << static_cast<std::uint32_t>(queue); }
  [[nodiscard]] bool all_decoded() const { return next_ == program_.instructions.size(); }
  [[nodiscard]] Blame blame() const;
  [[nodiscard]] Blame follow(isa::machine::Queue queue, bool from_head) const;
  /// Whether the decoder finds the queue of the next instruction full.
  [[nodiscard]] bool decoder_held_up() const;
  [[nodiscard]] std::string standstill() const;
  [[nodiscard]] std::string describe(std::uint32_t instruction) const;

  const isa::machine::Program& program_;
  isa::machine::ControlConfig config_;
  Clock clock_;
  std::vector<InstructionRecord>& records_;

  std::array<QueueState, isa::machine::queue_count> queues_;
  std::uint32_t next_ = 0;         ///< The instruction to be decoded next.
  std::uint64_t next_decode_ = 0;  ///< When it is decoded, if there is a place.
  std::uint32_t remaining_ = 0;    ///< Instructions not completed.
  Queues look_ = 0;                ///< Those whose heads may be free to go.
  bool deciding_ = false;
  bool done_ = false;

  std::uint64_t accounted_ = 0;  ///< Cycles before this one have their cause.
  std::uint64_t empty_ = 0;      ///< How many of these the array was empty.
  std::vector<CauseCycles> layer_causes_;

  std::array<UnitIf*, isa::machine::queue_count> units_{};  ///< What the ports are bound to, by queue.
  ArrayUnitIf* array_ = nullptr;
  Alarm wake_, decide_;
  Failure failure_;
};

}  // namespace fusesim::control::machine
