// SPDX-License-Identifier: Apache-2.0
#include "hw/control/transfer/engine_process.h"

namespace fusesim::control::machine {

EngineProcess::EngineProcess(Loop& loop, memory::MemoryEngine& engine)
    : loop_(loop),
      engine_(engine),
      number_(loop.add([](void* process) { static_cast<EngineProcess*>(process)->advance(); }, this, true)) {}

void EngineProcess::submit(std::size_t channel, const memory::DmaDescriptor& descriptor) {
  engine_.submit(channel, descriptor);
  loop_.notify(number_, 0);
}

void EngineProcess::advance() {
  std::uint64_t next = 0;
  do {
    engine_.advance(loop_.now());
    next = engine_.next();
    if (next == memory::MemoryEngine::kNever) return;
  } while (loop_.advance_to(next));
  loop_.notify(number_, next - loop_.now());
}

}  // namespace fusesim::control::machine
