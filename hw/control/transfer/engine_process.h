// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hw/control/machine/loop.h"
#include "hw/memory/engine/memory_engine.h"

namespace fusesim::control::machine {

/// Has a memory engine advance on a loop: last in every instant, so that it has all that is submitted at a time.
class EngineProcess {
 public:
  /// Both must outlive it.
  EngineProcess(Loop& loop, memory::MemoryEngine& engine);
  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;

  [[nodiscard]] memory::MemoryEngine& engine() { return engine_; }
  void submit(std::size_t channel, const memory::DmaDescriptor& descriptor);

 private:
  void advance();

  Loop& loop_;
  memory::MemoryEngine& engine_;
  std::size_t number_;
};

}  // namespace fusesim::control::machine
